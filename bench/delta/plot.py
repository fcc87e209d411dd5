"""A plot of sizes as SVG, written by hand: three bars a package on a logarithmic scale of bytes, smallest share of the full package first."""
import math
from xml.sax.saxutils import escape

# Told apart by people who do not see red and green alike, and in grey print.
LOOKS = [("full", "the full package, as apt fetches it", "#c9ccd1"), ("best", "the best public tool", "#e69f00"), ("ours", "suture", "#0060a8")]
LEFT, RIGHT, TOP, BAR, ROW, WIDTH = 200, 190, 92, 8, 36, 1060


def words(size):
    return f"{size / 1e6:.1f} MB" if size >= 999_950 else f"{size / 1e3:.1f} KB" if size >= 1000 else f"{size} B"


def share(row):
    return row["ours"] / row["full"]


def plot(rows, title, path):
    """rows: {"name", "full", "best", "best_name", "ours"}; a size that is not known is None."""
    rows = sorted(rows, key=share)
    sizes = [row[key] for row in rows for key, _, _ in LOOKS if row[key]]
    low, high = math.floor(math.log10(min(sizes))), math.ceil(math.log10(max(sizes)))
    height = TOP + ROW * len(rows) + 44

    def at(size):
        return LEFT + (math.log10(max(size, 10 ** low)) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
           ' font-family="DejaVu Sans, Verdana, sans-serif" font-size="12" fill="#1b1e23">',
           f"<title>{escape(title)}</title>",
           f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
           f'<text x="24" y="30" font-size="17" font-weight="bold">{escape(title)}</text>']
    x = 24
    for _, label, colour in LOOKS:
        out.append(f'<rect x="{x}" y="47" width="22" height="{BAR}" fill="{colour}"/><text x="{x + 29}" y="56">{escape(label)}</text>')
        x += 60 + 7 * len(label)
    out.append(f'<text x="{WIDTH - 24}" y="56" text-anchor="end" fill="#5b616b">logarithmic: one line is ten times the last</text>')
    foot = TOP + ROW * len(rows)
    for power in range(low, high + 1):
        place = at(10 ** power)
        out.append(f'<line x1="{place:.1f}" y1="{TOP - 12}" x2="{place:.1f}" y2="{foot}" stroke="#e3e5e9"/>')
        for y in (TOP - 17, foot + 17):
            out.append(f'<text x="{place:.1f}" y="{y}" text-anchor="middle" fill="#5b616b">{words(10 ** power).replace(".0", "")}</text>')
    for number, row in enumerate(rows):
        y = TOP + ROW * number
        out.append(f'<text x="{LEFT - 10}" y="{y + 19}" text-anchor="end">{escape(row["name"])}</text>')
        for k, (key, _, colour) in enumerate(LOOKS):
            if row[key]:
                tip = f'{row["name"]}: {row[key]:,} bytes' + (f' ({row["best_name"]})' if key == "best" else "")
                out.append(f'<rect x="{LEFT}" y="{y + 2 + k * (BAR + 1)}" width="{max(at(row[key]) - LEFT, 1):.1f}" height="{BAR}"'
                           f' fill="{colour}"><title>{escape(tip)}</title></rect>')
        out.append(f'<text x="{WIDTH - RIGHT + 12}" y="{y + 14}" font-weight="bold" fill="{LOOKS[2][2]}">{words(row["ours"])}'
                   f' · {share(row) * 100:.2g} %</text>')
        if row["best"]:
            out.append(f'<text x="{WIDTH - RIGHT + 12}" y="{y + 28}" font-size="11" fill="#5b616b">{words(row["best"])}'
                       f' · {row["best"] / row["full"] * 100:.2g} % {escape(row["best_name"])}</text>')
    out.append("</svg>\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out))
