#include "manager/dpkg_output.h"

#include <stdlib.h>

#include "base/limits.h"
#include "manager/dpkg_words.h"

#define OUTPUT_SHOWN 4096 /* the end of it, for people */

/* The bytes as lines that can be shown: what is no text becomes '?'. */
static struct text printable(struct bytes raw, struct arena *arena)
{
    struct text checked;
    struct error ignored;
    char *at = arena_take(arena, raw.size + 1);

    if (at == NULL)
        return (struct text){0};
    bool text = text_from_lines(raw, raw.size, &checked, &ignored);
    for (size_t i = 0; i < raw.size; i++) {
        uint8_t c = raw.at[i];
        bool shown = c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f) || (text && c >= 0x80);
        at[i] = shown ? (char)c : '?';
    }
    return (struct text){at, raw.size};
}

/* ---- how a call ended ---- */

static const struct trusted_artifact *artifact_of_path(const struct package_group *group, struct text path)
{
    char hex[DIGEST_HEX_MAX + 1];

    for (size_t i = 0; i < group->artifact_count; i++) {
        digest_hex(&group->artifacts[i].digest, hex);
        if (text_find(path, text_of(hex)) != SIZE_MAX)
            return &group->artifacts[i];
    }
    return NULL;
}

/* "dpkg: error processing package NAME (--install):" or "... archive PATH (--unpack):" */
static bool is_failure(struct text line, struct text *what)
{
    static const struct text starts[] = {{"dpkg: error processing package ", 31},
                                         {"dpkg: error processing archive ", 31}};

    for (size_t i = 0; i < 2; i++) {
        size_t end = text_find(line, TEXT(" (--"));
        if (text_starts(line, starts[i]) && end != SIZE_MAX && end > starts[i].size) {
            *what = text_part(line, starts[i].size, end - starts[i].size);
            return true;
        }
    }
    return false;
}

/* The path between the first two quotes of "Configuration file '/etc/x'". */
static struct text conffile_of(struct text line)
{
    struct text rest = line, path = {0};

    (void)!text_cut(&rest, '\'', &path);
    path = (struct text){0};
    (void)!text_cut(&rest, '\'', &path);
    return path;
}

struct reading {
    const struct package_group *group;
    struct package_outcome *out;
    struct text *kept;
    struct text conffile; /* the last one that was named */
    bool reason_next;
};

static void take_failure(struct reading *r, struct text what)
{
    const struct trusted_artifact *artifact = artifact_of_path(r->group, what);

    if (artifact != NULL)
        what = artifact->name;
    r->out->failed = what;
    r->out->reason = (struct text){0};
    r->reason_next = true;
}

static void read_line(struct reading *r, struct text line)
{
    struct text what;

    if (r->reason_next) {
        r->out->reason = text_part(text_trim(line), 0, LIMIT_NOTE);
        r->reason_next = false;
    }
    /* That another must be configured first is mended by the second call: a later failure says more. */
    bool first = r->out->failed.size == 0 || text_starts(r->out->reason, TEXT("pre-dependency problem"));
    if (first && is_failure(line, &what))
        take_failure(r, what);
    if (text_starts(line, TEXT("Configuration file '")))
        r->conffile = conffile_of(line);
    bool kept = text_starts(line, TEXT(" ==> Keeping old config file")) ||
                text_starts(line, TEXT(" ==> Using current old file"));
    if (kept && r->conffile.size > 0 && r->out->kept_count < LIMIT_CONFFILES_KEPT) {
        r->kept[r->out->kept_count++] = r->conffile;
        r->conffile = (struct text){0};
    }
}

bool dpkg_output_read(struct bytes raw, const struct package_group *group, struct arena *arena,
                      struct package_outcome *out, struct error *err)
{
    struct package_outcome got = *out;
    struct text all = printable(raw, arena), rest = all, line;
    struct reading r = {
        .group = group, .out = &got, .kept = ARENA_ARRAY(arena, struct text, LIMIT_CONFFILES_KEPT)};

    if (all.at == NULL || r.kept == NULL)
        return arena_full(arena, err);
    while (text_cut(&rest, '\n', &line))
        read_line(&r, line);
    got.kept = r.kept;
    got.output = text_part(all, all.size > OUTPUT_SHOWN ? all.size - OUTPUT_SHOWN : 0, SIZE_MAX);
    *out = got;
    return true;
}

/* ---- what apt would do ---- */

static int compare_keys(const struct package_key *a, const struct package_key *b)
{
    int order = text_compare(a->name, b->name);

    return order != 0 ? order : text_compare(a->arch, b->arch);
}

static int compare_changes(const void *a, const void *b)
{
    const struct package_change *left = a, *right = b;

    return compare_keys(&left->package, &right->package);
}

/* "NAME" or "NAME:ARCH", as apt names packages of other architectures. */
static struct package_key key_of(struct text word)
{
    struct package_key key = {.arch = word};

    (void)!text_cut(&key.arch, ':', &key.name);
    return key;
}

static struct text without(struct text word, size_t first, size_t last)
{
    return word.size < first + last ? (struct text){0} : text_part(word, first, word.size - first - last);
}

/* The last "[ARCH]" before the ")". */
static struct text arch_in(struct text line)
{
    size_t end = text_find(line, TEXT("])"));
    size_t at = end == SIZE_MAX ? 0 : end;

    while (at > 0 && line.at[at - 1] != '[')
        at--;
    return at == 0 ? (struct text){0} : text_part(line, at, end - at);
}

/* "alpha [1.0] (1.1 local-deb [all])", behind "Inst ", or "gamma [1.0]", behind "Remv ". */
static bool change_of(struct text line, bool removal, struct package_change *out)
{
    struct text rest = line, word;
    struct package_change change = {0};

    if (!text_cut_word(&rest, &word))
        return false;
    change.package = key_of(word);
    if (!text_cut_word(&rest, &word))
        return false;
    if (text_starts(word, TEXT("["))) {
        change.from = without(word, 1, 1);
        word = (struct text){0};
        (void)!text_cut_word(&rest, &word);
    }
    if (!removal) {
        change.to = without(word, 1, 0);
        change.package.arch = arch_in(line);
        if (!text_starts(word, TEXT("(")) || !dpkg_word_is_version(change.to) ||
            !dpkg_word_is_arch(change.package.arch))
            return false;
    }
    change.kind = removal ? CHANGE_REMOVE : change.from.size > 0 ? CHANGE_UPGRADE : CHANGE_NEW;
    *out = change;
    return dpkg_word_is_name(change.package.name) &&
           (change.from.size > 0 ? dpkg_word_is_version(change.from) : !removal);
}

bool dpkg_simulation_read(struct bytes raw, struct arena *arena, struct package_changes *out,
                          struct error *err)
{
    struct text rest = printable(raw, arena), line;
    struct package_change *changes = NULL;
    size_t count = 0, capacity = 0;

    if (rest.at == NULL)
        return arena_full(arena, err);
    while (text_cut(&rest, '\n', &line)) {
        bool removal = text_starts(line, TEXT("Remv ")) || text_starts(line, TEXT("Purg "));
        if (!removal && !text_starts(line, TEXT("Inst ")))
            continue;
        if (count == LIMIT_RUN_PACKAGES)
            return error_set(err, ERROR_LIMIT, "apt: more than %d changes", LIMIT_RUN_PACKAGES);
        changes = arena_grow(arena, changes, count, &capacity, count + 1, sizeof(*changes));
        if (changes == NULL)
            return arena_full(arena, err);
        if (!change_of(text_part(line, 5, SIZE_MAX), removal, &changes[count]))
            return error_set(err, ERROR_INPUT, "apt: \"%.*s\" is no change",
                             (int)(line.size < 120 ? line.size : 120), line.at);
        changes[count].order = (uint32_t)count;
        count++;
    }
    if (count > 0)
        qsort(changes, count, sizeof(*changes), compare_changes);
    *out = (struct package_changes){changes, count};
    return true;
}

/* ---- states ---- */

static int compare_states(const void *a, const void *b)
{
    const struct dpkg_state *left = a, *right = b;

    return compare_keys(&left->package, &right->package);
}

static bool state_of(struct text line, struct dpkg_state *out)
{
    struct dpkg_state got = {0};
    struct text flag = {0}, *const fields[] = {&got.package.name, &got.package.arch, &got.version, &got.state,
                                               &flag};
    size_t count = 0;

    /* What dpkg only knows by name has no version and no architecture: not cut by words, which skip empty fields. */
    for (struct text rest = line, field; count < 5 && (rest.size > 0 || count == 4); count++) {
        if (!text_cut(&rest, '\t', &field))
            field = (struct text){0};
        *fields[count] = field;
    }
    got.needs_reinstall = text_equal(flag, TEXT("reinstreq"));
    *out = got;
    return count == 5 && dpkg_word_is_name(got.package.name) && got.state.size > 0 &&
           (got.package.arch.size == 0 || dpkg_word_is_arch(got.package.arch));
}

bool dpkg_states_read(struct bytes raw, struct arena *arena, struct dpkg_states *out, struct error *err)
{
    struct text rest = printable(raw, arena), line;
    struct dpkg_state *states = NULL;
    size_t count = 0, capacity = 0;

    if (rest.at == NULL)
        return arena_full(arena, err);
    while (text_cut(&rest, '\n', &line)) {
        if (count == LIMIT_PACKAGES_COUNT)
            return error_set(err, ERROR_LIMIT, "dpkg: more than %d packages", LIMIT_PACKAGES_COUNT);
        states = arena_grow(arena, states, count, &capacity, count + 1, sizeof(*states));
        if (states == NULL)
            return arena_full(arena, err);
        if (!state_of(line, &states[count]))
            return error_set(err, ERROR_INPUT, "dpkg-query: \"%.*s\" is no package's state",
                             (int)(line.size < 120 ? line.size : 120), line.at);
        count++;
    }
    if (count > 0)
        qsort(states, count, sizeof(*states), compare_states);
    *out = (struct dpkg_states){states, count};
    return true;
}

const struct dpkg_state *dpkg_states_find(const struct dpkg_states *states, const struct package_key *key)
{
    struct dpkg_state wanted = {.package = *key};

    return states->count == 0
               ? NULL
               : bsearch(&wanted, states->at, states->count, sizeof(*states->at), compare_states);
}
