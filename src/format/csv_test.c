#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "format/csv.h"

static struct bytes golden(struct arena *arena, const char *name)
{
    struct bytes bytes;
    struct error err = {0};
    struct text path = text_format(arena, "%s/csv/%s", getenv("SUTURE_GOLDEN"), name);

    assert_done(path.at, file_read(path.at, MIB, arena, &bytes, &err), &err);
    return bytes;
}

/* The next row, its fields joined by '|'. */
static void assert_row(struct csv *csv, size_t line, const char *expected)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct csv_row row;
    struct error err = {0};
    struct text joined = TEXT("");
    bool found;

    assert_done(expected, csv_next(csv, &row, &found, &err), &err);
    assert_true(found);
    for (size_t i = 0; i < row.count; i++)
        joined = text_format(&arena, "%.*s%s%.*s", TEXT_ARG(joined), i == 0 ? "" : "|",
                             (int)row.fields[i].size, (const char *)row.fields[i].at);
    assert_text(expected, joined, expected);
    assert_int_equal(csv->line, line);
}

static void assert_end(struct csv *csv)
{
    struct csv_row row;
    struct error err = {0};
    struct bytes line;
    bool found = true;

    assert_done("end", csv_next(csv, &row, &found, &err), &err);
    assert_false(found);
    assert_false(csv_line(csv, &line));
}

static void rows_are_read(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct csv csv = csv_with(golden(&arena, "scores.csv"));
    struct bytes line;
    (void)state;

    assert_true(csv_line(&csv, &line));
    assert_text("comment", (struct text){(const char *)line.at, line.size},
                "#model_version:v2026.01.01,score_date:2026-11-20T00:00:00+0000");
    assert_row(&csv, 2, "cve|epss|percentile");
    assert_row(&csv, 3, "CVE-2026-0001|0.00043|0.08");
    assert_row(&csv, 4, "CVE-2026-0002|0.97500|0.99990");
    assert_end(&csv);

    csv = csv_with(golden(&arena, "releases.csv"));
    assert_row(&csv, 1, "version|codename|series|created|release|eol");
    assert_row(&csv, 2, "12|Bookworm, the twelfth|bookworm|2021-08-14|2023-06-10|");
    assert_row(&csv, 4, "||");
    assert_row(&csv, 5, "");
    assert_end(&csv);

    csv = csv_with(BYTES("\n\r\n\n"));
    assert_end(&csv);
    csv = csv_with(BYTES("a\rb, c \r"));
    assert_row(&csv, 1, "a\rb| c ");
    csv = csv_with(BYTES("1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"));
    assert_row(&csv, 1, "1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|");
}

static bool read_all(struct bytes raw, struct error *err)
{
    struct csv csv = csv_with(raw);
    struct csv_row row;
    bool found = true;

    while (csv_next(&csv, &row, &found, err))
        if (!found)
            return true;
    return false;
}

static void broken_lines_are_refused(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct file_names found;
    struct error err = {0};
    size_t count = 0;
    (void)state;

    struct text folder = text_format(&arena, "%s/csv/bad", getenv("SUTURE_GOLDEN"));
    assert_done("bad", file_list(folder.at, 1000, &arena, &found, &err), &err);
    for (size_t i = 0; i < found.count; i++) {
        const char *name = text_format(&arena, "bad/%s", found.names[i].at).at;
        if (text_ends(found.names[i], TEXT(".error")))
            continue;
        if (read_all(golden(&arena, name), &err))
            fail_msg("%s: was read", name);
        assert_text(name, text_format(&arena, "%s: %s\n", error_kind_name(err.kind), err.text),
                    (const char *)golden(&arena, text_format(&arena, "%s.error", name).at).at);
        count++;
    }
    assert_true(count >= 6);
}

static void a_line_has_a_limit(void **state)
{
    static char raw[LIMIT_LINE + 4];
    struct error err = {0};
    (void)state;

    memset(raw, 'x', sizeof(raw));
    raw[0] = raw[LIMIT_LINE + 1] = '\n';
    assert_true(read_all((struct bytes){(uint8_t *)raw, sizeof(raw)}, &err));
    raw[LIMIT_LINE + 1] = 'x';
    assert_false(read_all((struct bytes){(uint8_t *)raw, sizeof(raw)}, &err));
    assert_failed("long", &err, ERROR_LIMIT, "line 2: more than 65536 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read),
        cmocka_unit_test(broken_lines_are_refused),
        cmocka_unit_test(a_line_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
