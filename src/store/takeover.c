#include "store/takeover.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "format/deb822.h"

enum field {
    FIELD_FORMAT,
    FIELD_PHASE,
    FIELD_BEGUN,
    FIELD_BY,
    FIELD_KIND,
    FIELD_PATH,
    FIELD_GROUP,
    FIELD_TARGET,
    FIELD_SHA256,
    FIELD_MODE,
    FIELD_ASIDE,
    FIELD_UNIT,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
    [FIELD_FORMAT] = "Format", [FIELD_PHASE] = "Phase", [FIELD_BEGUN] = "Begun", [FIELD_BY] = "By",
    [FIELD_KIND] = "Kind",     [FIELD_PATH] = "Path",   [FIELD_GROUP] = "Group", [FIELD_TARGET] = "Target",
    [FIELD_SHA256] = "Sha256", [FIELD_MODE] = "Mode",   [FIELD_ASIDE] = "Aside", [FIELD_UNIT] = "Unit",
};

static const char *const phase_names[TAKEOVER_PHASE_COUNT] = {
    [TAKEOVER_NONE] = "none",
    [TAKEOVER_TAKING] = "taking",
    [TAKEOVER_TAKEN] = "taken",
    [TAKEOVER_GIVING] = "giving",
};
static const char *const kind_names[TAKEOVER_KIND_COUNT] = {
    [TAKEOVER_UNKNOWN] = "unknown",
    [TAKEOVER_FOLDER] = "folder",
    [TAKEOVER_LINK] = "link",
    [TAKEOVER_FILE] = "file",
};

const char *takeover_phase_name(enum takeover_phase phase)
{
    return phase_names[(unsigned)phase < TAKEOVER_PHASE_COUNT ? phase : TAKEOVER_NONE];
}

const char *takeover_kind_name(enum takeover_kind kind)
{
    return kind_names[(unsigned)kind < TAKEOVER_KIND_COUNT ? kind : TAKEOVER_UNKNOWN];
}

/* ---- what may stand in it ---- */

bool takeover_path_check(struct text path, struct error *err)
{
    struct text rest = path, part;

    if (!text_starts(path, TEXT("/etc/")) || path.size > LIMIT_TAKEOVER_PATH || text_ends(path, TEXT("/")))
        return error_set(err, ERROR_INPUT, "\"%.*s\" is no path below /etc",
                         TEXT_ARG(text_part(path, 0, 80)));
    rest = text_part(rest, 1, SIZE_MAX);
    while (text_cut(&rest, '/', &part))
        if (part.size == 0 || text_equal(part, TEXT(".")) || text_equal(part, TEXT("..")))
            return error_set(err, ERROR_INPUT, "\"%.*s\" is no plain path", TEXT_ARG(text_part(path, 0, 80)));
    return true;
}

bool takeover_unit_check(struct text unit, struct error *err)
{
    bool good = unit.size > 0 && unit.at[0] != '-' && unit.at[0] != '.';

    for (size_t i = 0; i < unit.size; i++) {
        char c = unit.at[i];
        good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        c == '-' || c == '.' || c == '_' || c == '@' || c == ':');
    }
    return good ||
           error_set(err, ERROR_INPUT, "\"%.*s\" is no name of a unit", TEXT_ARG(text_part(unit, 0, 80)));
}

/* ---- reading ---- */

static bool take_text(const struct deb822_paragraph *paragraph, enum field field, size_t limit,
                      struct text *out, struct error *err)
{
    struct bytes value = paragraph->values[field];

    if (value.at == NULL || value.size == 0)
        return error_set(err, ERROR_INPUT, "%s is missing", field_names[field]);
    return text_from_bytes(value, limit, out, err) || error_at(err, "%s", field_names[field]);
}

static bool is_there(const struct deb822_paragraph *paragraph, enum field field)
{
    return paragraph->values[field].at != NULL;
}

/* Octal, as chmod has it; what others may write is never ours. */
static bool mode_of(struct text text, uint16_t *out, struct error *err)
{
    unsigned mode = 0;
    bool good = text.size == 3;

    for (size_t i = 0; good && i < text.size; i++) {
        good = text.at[i] >= '0' && text.at[i] <= '7';
        mode = mode * 8 + (unsigned)(text.at[i] - '0');
    }
    if (!good || (mode & 022) != 0)
        return error_set(err, ERROR_INPUT, "Mode: \"%.*s\" is none that is given here", TEXT_ARG(text));
    *out = (uint16_t)mode;
    return true;
}

static bool take_file(const struct deb822_paragraph *paragraph, struct takeover_change *out,
                      struct error *err)
{
    struct text digest, mode;

    return take_text(paragraph, FIELD_SHA256, DIGEST_HEX_MAX, &digest, err) &&
           (digest_parse(DIGEST_SHA256, digest, &out->digest, err) || error_at(err, "Sha256")) &&
           take_text(paragraph, FIELD_MODE, 8, &mode, err) && mode_of(mode, &out->mode, err);
}

static bool take_yes(const struct deb822_paragraph *paragraph, enum field field, bool *out, struct error *err)
{
    struct text value;

    *out = is_there(paragraph, field);
    if (!*out)
        return true;
    if (!take_text(paragraph, field, 8, &value, err))
        return false;
    return text_equal(value, TEXT("yes")) ||
           error_set(err, ERROR_INPUT, "%s: \"%.*s\" is not yes", field_names[field], TEXT_ARG(value));
}

static bool take_change(const struct deb822_paragraph *paragraph, struct takeover_change *out,
                        struct error *err)
{
    struct takeover_change change = {0};
    struct text kind;

    if (!take_text(paragraph, FIELD_KIND, 16, &kind, err) ||
        !take_text(paragraph, FIELD_PATH, LIMIT_TAKEOVER_PATH, &change.path, err) ||
        !takeover_path_check(change.path, err) ||
        !take_text(paragraph, FIELD_GROUP, LIMIT_TAKEOVER_PATH, &change.group, err) ||
        !take_yes(paragraph, FIELD_ASIDE, &change.aside, err))
        return false;
    for (enum takeover_kind each = TAKEOVER_FOLDER; each < TAKEOVER_KIND_COUNT; each++)
        if (text_equal(kind, text_of(kind_names[each])))
            change.kind = each;
    if (change.kind == TAKEOVER_UNKNOWN)
        return error_set(err, ERROR_INPUT, "Kind: \"%.*s\" is none of folder, link, file", TEXT_ARG(kind));
    if (change.kind == TAKEOVER_LINK &&
        !take_text(paragraph, FIELD_TARGET, LIMIT_TAKEOVER_PATH, &change.target, err))
        return false;
    if (change.kind == TAKEOVER_FILE && !take_file(paragraph, &change, err))
        return false;
    if (is_there(paragraph, FIELD_UNIT) &&
        (!take_text(paragraph, FIELD_UNIT, LIMIT_TAKEOVER_PATH, &change.unit, err) ||
         !takeover_unit_check(change.unit, err)))
        return false;
    *out = change;
    return true;
}

static bool take_head(const struct deb822_paragraph *paragraph, struct takeover *out, struct error *err)
{
    struct text format, phase, begun;

    if (!take_text(paragraph, FIELD_FORMAT, 16, &format, err))
        return false;
    if (!text_equal(format, TEXT("1")))
        return error_set(err, ERROR_INPUT, "format \"%.*s\", this version of Suture knows 1",
                         TEXT_ARG(format));
    if (!take_text(paragraph, FIELD_PHASE, 16, &phase, err) ||
        !take_text(paragraph, FIELD_BEGUN, 64, &begun, err) ||
        !take_text(paragraph, FIELD_BY, LIMIT_ORDER_TEXT, &out->by, err))
        return false;
    if (!time_parse(begun, &out->begun_us, err))
        return error_at(err, "Begun");
    for (enum takeover_phase each = TAKEOVER_TAKING; each < TAKEOVER_PHASE_COUNT; each++)
        if (text_equal(phase, text_of(phase_names[each])))
            out->phase = each;
    return out->phase != TAKEOVER_NONE ||
           error_set(err, ERROR_INPUT, "Phase: \"%.*s\" is none of taking, taken, giving", TEXT_ARG(phase));
}

bool takeover_parse(struct bytes raw, struct arena *arena, struct takeover *out, struct error *err)
{
    struct deb822 deb822 = deb822_with(raw, (struct deb822_fields){field_names, FIELD_COUNT}, false);
    struct takeover takeover = {0};
    struct deb822_paragraph paragraph;
    size_t capacity = 0;
    bool found;

    if (!deb822_next(&deb822, &paragraph, &found, err))
        return false;
    if (!found)
        return error_set(err, ERROR_INPUT, "is empty");
    if (raw.at[raw.size - 1] != '\n') /* the end of what is left may look like a whole line */
        return error_set(err, ERROR_INPUT, "is cut short");
    if (!take_head(&paragraph, &takeover, err))
        return error_at(err, "line %zu", paragraph.line);
    for (;;) {
        if (!deb822_next(&deb822, &paragraph, &found, err))
            return false;
        if (!found)
            break;
        if (takeover.change_count == LIMIT_TAKEOVER_CHANGES)
            return error_set(err, ERROR_LIMIT, "line %zu: more than %d changes", paragraph.line,
                             LIMIT_TAKEOVER_CHANGES);
        takeover.changes = arena_grow(arena, takeover.changes, takeover.change_count, &capacity,
                                      takeover.change_count + 1, sizeof(*takeover.changes));
        if (takeover.changes == NULL)
            return arena_full(arena, err);
        if (!take_change(&paragraph, &takeover.changes[takeover.change_count++], err))
            return error_at(err, "line %zu", paragraph.line);
    }
    *out = takeover;
    return true;
}

/* ---- writing ---- */

static void write_change(struct writer *w, const struct takeover_change *change)
{
    char hex[DIGEST_HEX_MAX + 1];

    writer_format(w, "\nKind: %s\nPath: %.*s\nGroup: %.*s\n", takeover_kind_name(change->kind),
                  TEXT_ARG(change->path), TEXT_ARG(change->group));
    if (change->kind == TAKEOVER_LINK)
        writer_format(w, "Target: %.*s\n", TEXT_ARG(change->target));
    if (change->kind == TAKEOVER_FILE) {
        digest_hex(&change->digest, hex);
        writer_format(w, "Sha256: %s\nMode: %03o\n", hex, (unsigned)change->mode);
    }
    if (change->aside)
        writer_string(w, "Aside: yes\n");
    if (change->unit.size > 0)
        writer_format(w, "Unit: %.*s\n", TEXT_ARG(change->unit));
}

void takeover_write(struct writer *w, const struct takeover *takeover)
{
    writer_format(w, "Format: 1\nPhase: %s\nBegun: ", takeover_phase_name(takeover->phase));
    time_write(w, takeover->begun_us);
    writer_format(w, "\nBy: %.*s\n", TEXT_ARG(takeover->by));
    for (size_t i = 0; i < takeover->change_count; i++)
        write_change(w, &takeover->changes[i]);
}

bool takeover_read(const char *path, struct arena *arena, struct takeover *out, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};

    if (!file_map_own(path, LIMIT_TAKEOVER_FILE, &map, err)) {
        if (err->kind != ERROR_ABSENT)
            return false;
        *err = (struct error){0};
        *out = (struct takeover){0};
        return true;
    }
    struct text copy = text_copy(arena, (struct text){(const char *)map.bytes.at, map.bytes.size});
    if (copy.at == NULL)
        return arena_full(arena, err);
    return takeover_parse(bytes_of_text(copy), arena, out, err) || error_at(err, "%s", path);
}

bool takeover_replace(const char *path, const struct takeover *takeover, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_TAKEOVER_FILE);
    struct bytes raw;

    takeover_write(&w, takeover);
    return writer_done(&w, &raw, err) && file_replace(path, raw, 0600, err);
}

bool takeover_remove(const char *path, struct error *err)
{
    return file_remove(path, err);
}
