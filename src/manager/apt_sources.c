#include "manager/apt_sources.h"

#include "base/file.h"
#include "base/limits.h"
#include "format/deb822.h"

/* The options that decide something here. "arch" also comes as arch+ and arch-. */
enum option {
    OPTION_ARCH,
    OPTION_ARCH_MORE,
    OPTION_ARCH_LESS,
    OPTION_SIGNED_BY,
    OPTION_TRUSTED,
    OPTION_COUNT
};

struct entry {
    struct text uris, suites,
        components; /* words, but in a line: there URI and suite are one each, blanks and all */
    bool line;
    struct text options[OPTION_COUNT];
};

/* What reading has at hand. */
struct read {
    const struct apt_sources_file *file;
    struct apt_archs archs;
    struct arena *arena;
    struct apt_sources *sources;
};

/* A mistake is noted; false only when memory is out. */
static bool add_problem(const struct read *read, size_t line, const char *why, struct error *err)
{
    struct apt_sources *sources = read->sources;
    struct apt_source_problem *grown =
        arena_grow(read->arena, sources->problems, sources->problem_count, &sources->problem_capacity,
                   sources->problem_count + 1, sizeof(*grown));
    struct text place = text_format(read->arena, "%s:%zu", read->file->name, line);
    struct text copy = text_copy(read->arena, text_of(why));

    if (grown == NULL || place.at == NULL || copy.at == NULL)
        return arena_full(read->arena, err);
    sources->problems = grown;
    sources->problems[sources->problem_count++] = (struct apt_source_problem){place, copy};
    return true;
}

/* The next name of a list that is put together with blanks or commas. */
static bool cut_name(struct text *rest, struct text *name)
{
    size_t from = 0, size = 0;

    while (from < rest->size && memchr(" \t\n,", rest->at[from], 4) != NULL)
        from++;
    while (from + size < rest->size && memchr(" \t\n,", rest->at[from + size], 4) == NULL)
        size++;
    *name = text_part(*rest, from, size);
    *rest = text_part(*rest, from + size, SIZE_MAX);
    return size > 0;
}

static bool is_name_of(struct text names, struct text wanted)
{
    struct text name;

    while (cut_name(&names, &name))
        if (text_equal(name, wanted))
            return true;
    return false;
}

static bool is_same(const struct apt_source *a, const struct apt_source *b)
{
    return text_equal(a->uri, b->uri) && text_equal(a->suite, b->suite) &&
           text_equal(a->component, b->component) && text_equal(a->arch, b->arch);
}

static bool add_source(const struct read *read, struct apt_source source, struct error *err)
{
    struct apt_sources *sources = read->sources;

    for (size_t i = 0; i < sources->count; i++)
        if (is_same(&sources->sources[i], &source))
            return true;
    if (sources->count == LIMIT_SOURCES)
        return error_set(err, ERROR_LIMIT, "more than %d sources of packages", LIMIT_SOURCES);
    struct apt_source *grown = arena_grow(read->arena, sources->sources, sources->count, &sources->capacity,
                                          sources->count + 1, sizeof(*grown));
    if (grown == NULL)
        return arena_full(read->arena, err);
    sources->sources = grown;
    sources->sources[sources->count++] = source;
    return true;
}

/* One source for each architecture that the entry is for; "all" comes last, as apt has it. */
static bool add_archs(const struct read *read, const struct entry *entry, struct apt_source source,
                      struct error *err)
{
    struct text less = entry->options[OPTION_ARCH_LESS];
    struct text lists[2] = {entry->options[OPTION_ARCH], entry->options[OPTION_ARCH_MORE]};
    bool all = false;

    if (source.component.size == 0) { /* a flat archive has one list for all */
        source.arch = read->archs.names[0];
        return add_source(read, source, err);
    }
    for (size_t i = 0; lists[0].size == 0 && i < read->archs.count; i++) {
        source.arch = read->archs.names[i];
        if (!is_name_of(less, source.arch) && !add_source(read, source, err))
            return false;
    }
    for (size_t i = 0; i < 2; i++)
        while (cut_name(&lists[i], &source.arch)) {
            all = all || text_equal(source.arch, TEXT("all"));
            if (!is_name_of(less, source.arch) && !add_source(read, source, err))
                return false;
        }
    if (all || is_name_of(less, TEXT("all")))
        return true;
    source.arch = TEXT("all");
    source.all_implied = true;
    return add_source(read, source, err);
}

/* The text with $(ARCH) filled in. at == NULL when memory is out. */
static struct text fill_arch(const struct read *read, struct text text)
{
    size_t at = text_find(text, TEXT("$(ARCH)"));

    if (at == SIZE_MAX)
        return text;
    return text_format(read->arena, "%.*s%.*s%.*s", TEXT_ARG(text_part(text, 0, at)),
                       TEXT_ARG(read->archs.names[0]), TEXT_ARG(text_part(text, at + 7, SIZE_MAX)));
}

static bool cut_item(const struct entry *entry, struct text *rest, struct text *item)
{
    if (!entry->line || rest->size == 0)
        return text_cut_word(rest, item);
    *item = *rest;
    rest->size = 0;
    return true;
}

/* NULL when the entry can be used. */
static const char *check_entry(const struct entry *entry)
{
    struct text uris = entry->uris, suites = entry->suites, word;
    bool flat = false, other = false;

    if (entry->uris.size == 0)
        return "names no URI";
    if (entry->suites.size == 0)
        return "names no suite";
    while (cut_item(entry, &uris, &word))
        if (text_find_byte(word, ':') == SIZE_MAX)
            return "has a URI without a colon";
    while (cut_item(entry, &suites, &word)) {
        flat = flat || text_ends(word, TEXT("/"));
        other = other || !text_ends(word, TEXT("/"));
    }
    if (flat && entry->components.size > 0)
        return "has components beside a suite that ends in '/'";
    if (other && entry->components.size == 0)
        return "names no component";
    return NULL;
}

static bool add_suite(const struct read *read, const struct entry *entry, struct apt_source source,
                      struct error *err)
{
    struct text components = entry->components;

    if (components.size == 0)
        return add_archs(read, entry, source, err);
    while (text_cut_word(&components, &source.component))
        if (!add_archs(read, entry, source, err))
            return false;
    return true;
}

static bool add_entry(const struct read *read, const struct entry *entry, struct error *err)
{
    struct apt_source source = {.signed_by = entry->options[OPTION_SIGNED_BY]};
    struct text uris = entry->uris, suites, trusted = entry->options[OPTION_TRUSTED];

    source.trusted = text_equal_caseless(trusted, TEXT("yes")) ||
                     text_equal_caseless(trusted, TEXT("true")) || text_equal(trusted, TEXT("1"));
    while (cut_item(entry, &uris, &source.uri)) {
        source.uri = fill_arch(read, source.uri);
        if (source.uri.at != NULL && !text_ends(source.uri, TEXT("/")))
            source.uri = text_format(read->arena, "%.*s/", TEXT_ARG(source.uri));
        suites = entry->suites;
        while (cut_item(entry, &suites, &source.suite)) {
            source.suite = fill_arch(read, source.suite);
            if (source.uri.at == NULL || source.suite.at == NULL)
                return arena_full(read->arena, err);
            if (!add_suite(read, entry, source, err))
                return false;
        }
    }
    return true;
}

/* "%20" at `at`, as the byte that it stands for; -1 when it is none. */
static int escaped(struct text text, size_t at)
{
    uint8_t byte;
    struct error ignored;

    if (text.at[at] != '%' || !text_to_hex(text_part(text, at + 1, 2), &byte, 1, &ignored))
        return -1;
    return byte;
}

/*
 * The next word of a line, quotes taken off and escapes decoded. A quoted part may hold blanks, and so may one in
 * brackets (cdrom:[...]).
 */
static bool take_item(const struct read *read, struct text *rest, struct text *item, bool *full)
{
    char *at, close = 0;
    size_t size = 0, i = 0;

    *rest = text_trim(*rest);
    if (rest->size == 0)
        return false;
    at = arena_take(read->arena, rest->size);
    if (at == NULL) {
        *full = true;
        return false;
    }
    for (; i < rest->size && (close != 0 || (rest->at[i] != ' ' && rest->at[i] != '\t')); i++) {
        char c = rest->at[i];
        int byte = escaped(*rest, i);
        if (c == '"' && (close == 0 || close == '"')) {
            close = close == 0 ? '"' : 0;
            continue;
        }
        if (close == 0 && c == '[')
            close = ']';
        else if (close == ']' && c == ']')
            close = 0;
        at[size++] = byte >= 0 ? (char)byte : c;
        i += byte >= 0 ? 2 : 0;
    }
    *item = (struct text){at, size};
    *rest = text_part(*rest, i, SIZE_MAX);
    return true;
}

static const char *take_option(struct text option, struct entry *entry)
{
    static const char *const names[OPTION_COUNT] = {
        [OPTION_ARCH] = "arch",           [OPTION_ARCH_MORE] = "arch+", [OPTION_ARCH_LESS] = "arch-",
        [OPTION_SIGNED_BY] = "signed-by", [OPTION_TRUSTED] = "trusted",
    };
    size_t at = text_find_byte(option, '=');

    if (at == SIZE_MAX || at == 0 || at + 1 == option.size)
        return "has an option that is not NAME=VALUE";
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (text_equal(text_part(option, 0, at), text_of(names[i])))
            entry->options[i] = text_part(option, at + 1, SIZE_MAX);
    return NULL;
}

/* Takes "[ name=value ... ]" off the rest of a line. */
static const char *take_options(struct text *rest, struct entry *entry)
{
    struct text options, option;
    const char *why;

    *rest = text_trim(*rest);
    if (!text_starts(*rest, TEXT("[")))
        return NULL;
    size_t end = text_find_byte(*rest, ']');
    if (end == SIZE_MAX)
        return "has options that do not end";
    options = text_part(*rest, 1, end - 1);
    *rest = text_part(*rest, end + 1, SIZE_MAX);
    while (text_cut_word(&options, &option)) {
        why = take_option(option, entry);
        if (why != NULL)
            return why;
    }
    return NULL;
}

/* Without its comment: '#' counts only outside of the options' brackets. */
static struct text without_comment(struct text line)
{
    int open = 0;

    for (size_t i = 0; i < line.size; i++) {
        open += line.at[i] == '[' ? 1 : line.at[i] == ']' ? -1 : 0;
        if (line.at[i] == '#' && open <= 0)
            return text_part(line, 0, i);
    }
    return line;
}

/* NULL: fine, and *entry is filled when it is a line of packages. */
static const char *take_line(const struct read *read, struct text line, struct entry *entry, bool *full)
{
    struct text type;
    const char *why;

    if (!text_cut_word(&line, &type))
        return NULL;
    if (!text_equal(type, TEXT("deb")) && !text_equal(type, TEXT("deb-src")))
        return "begins with neither \"deb\" nor \"deb-src\"";
    why = take_options(&line, entry);
    if (why != NULL)
        return why;
    if (!take_item(read, &line, &entry->uris, full))
        return "names no URI";
    if (!take_item(read, &line, &entry->suites, full))
        return "names no suite";
    entry->components = text_trim(line);
    why = check_entry(entry);
    if (why == NULL && text_equal(type, TEXT("deb-src")))
        entry->uris = (struct text){0};
    return why;
}

static bool parse_lines(const struct read *read, struct text left, struct error *err)
{
    struct text line;
    bool full = false;

    for (size_t number = 1; text_cut(&left, '\n', &line); number++) {
        struct entry entry = {.line = true};
        struct error mistake;
        const char *why = mistake.text;
        line = text_trim(without_comment(line));
        if (text_from_lines(bytes_of_text(line), LIMIT_LINE, &line, &mistake))
            why = take_line(read, line, &entry, &full);
        if (full)
            return arena_full(read->arena, err);
        if (why != NULL ? !add_problem(read, number, why, err) : !add_entry(read, &entry, err))
            return false;
    }
    return true;
}

enum field {
    FIELD_TYPES,
    FIELD_URIS,
    FIELD_SUITES,
    FIELD_COMPONENTS,
    FIELD_ENABLED,
    FIELD_ARCHITECTURES,
    FIELD_ARCHITECTURES_ADD,
    FIELD_ARCHITECTURES_REMOVE,
    FIELD_SIGNED_BY,
    FIELD_TRUSTED,
    FIELD_COUNT
};

/* The field's value without the comment lines in it; at == NULL when memory is out. */
static struct text field_text(const struct read *read, const struct deb822_paragraph *paragraph,
                              enum field field)
{
    struct text raw = {(const char *)paragraph->values[field].at, paragraph->values[field].size}, line;

    if (raw.at == NULL || text_find_byte(raw, '#') == SIZE_MAX)
        return raw.at == NULL ? TEXT("") : raw;
    char *at = arena_take(read->arena, raw.size + 1);
    size_t size = 0;
    if (at == NULL)
        return (struct text){0};
    while (text_cut(&raw, '\n', &line)) {
        if (text_starts(line, TEXT("#")))
            continue;
        memcpy(at + size, line.at, line.size);
        size += line.size;
        at[size++] = '\n';
    }
    return (struct text){at, size};
}

static bool add_paragraph(const struct read *read, const struct deb822_paragraph *paragraph,
                          struct error *err)
{
    struct text values[FIELD_COUNT];
    struct error mistake;
    const char *why;

    for (enum field i = 0; i < FIELD_COUNT; i++) {
        values[i] = field_text(read, paragraph, i);
        if (values[i].at == NULL)
            return arena_full(read->arena, err);
        if (!text_from_lines(bytes_of_text(values[i]), LIMIT_APT_FILE, &values[i], &mistake))
            return add_problem(read, paragraph->line, mistake.text, err);
    }
    struct entry entry = {
        .uris = values[FIELD_URIS],
        .suites = values[FIELD_SUITES],
        .components = values[FIELD_COMPONENTS],
        .options = {[OPTION_ARCH] = values[FIELD_ARCHITECTURES],
                    [OPTION_ARCH_MORE] = values[FIELD_ARCHITECTURES_ADD],
                    [OPTION_ARCH_LESS] = values[FIELD_ARCHITECTURES_REMOVE],
                    [OPTION_SIGNED_BY] = values[FIELD_SIGNED_BY],
                    [OPTION_TRUSTED] = text_trim(values[FIELD_TRUSTED])},
    };
    static const char *const off[] = {"no", "false", "without", "off", "disable", "0"};
    for (size_t i = 0; i < sizeof(off) / sizeof(*off); i++)
        if (text_equal_caseless(values[FIELD_ENABLED], text_of(off[i])))
            return true;
    why = values[FIELD_TYPES].size == 0 ? "names no type" : check_entry(&entry);
    if (why != NULL)
        return add_problem(read, paragraph->line, why, err);
    return !is_name_of(values[FIELD_TYPES], TEXT("deb")) || add_entry(read, &entry, err);
}

static bool parse_paragraphs(const struct read *read, struct text text, struct error *err)
{
    static const char *const names[FIELD_COUNT] = {
        [FIELD_TYPES] = "Types",
        [FIELD_URIS] = "URIs",
        [FIELD_SUITES] = "Suites",
        [FIELD_COMPONENTS] = "Components",
        [FIELD_ENABLED] = "Enabled",
        [FIELD_ARCHITECTURES] = "Architectures",
        [FIELD_ARCHITECTURES_ADD] = "Architectures-Add",
        [FIELD_ARCHITECTURES_REMOVE] = "Architectures-Remove",
        [FIELD_SIGNED_BY] = "Signed-By",
        [FIELD_TRUSTED] = "Trusted",
    };
    struct deb822 deb822 = deb822_with(bytes_of_text(text), (struct deb822_fields){names, FIELD_COUNT}, true);
    struct deb822_paragraph paragraph;
    struct error mistake;
    bool found;

    for (;;) {
        if (!deb822_next(&deb822, &paragraph, &found, &mistake))
            return add_problem(read, deb822.line, mistake.text, err);
        if (!found)
            return true;
        if (!add_paragraph(read, &paragraph, err))
            return false;
    }
}

/* Lines that end in CRLF are read as apt does: the return is a blank. at == NULL when memory is out. */
static struct bytes without_returns(struct bytes raw, struct arena *arena)
{
    if (raw.size == 0)
        return BYTES("");
    if (memchr(raw.at, '\r', raw.size) == NULL)
        return raw;
    uint8_t *copy = arena_take(arena, raw.size);
    for (size_t i = 0; copy != NULL && i < raw.size; i++)
        copy[i] = raw.at[i] == '\r' ? ' ' : raw.at[i];
    return (struct bytes){copy, raw.size};
}

bool apt_sources_parse(const struct apt_sources_file *file, struct apt_archs archs, struct arena *arena,
                       struct apt_sources *sources, struct error *err)
{
    struct read read = {file, archs, arena, sources};
    struct bytes raw = without_returns(file->raw, arena);
    struct text text = {(const char *)raw.at, raw.size}; /* lines and fields are checked one by one */

    if (raw.at == NULL)
        return arena_full(arena, err);
    if (raw.size > LIMIT_APT_FILE)
        return add_problem(&read, 0, "is too large", err);
    return file->deb822 ? parse_paragraphs(&read, text, err) : parse_lines(&read, text, err);
}

static bool read_file(const char *path, struct apt_archs archs, struct arena *arena,
                      struct apt_sources *sources, struct error *err)
{
    struct apt_sources_file file = {.name = path, .deb822 = text_ends(text_of(path), TEXT(".sources"))};
    struct read read = {&file, archs, arena, sources};
    struct error mistake;

    if (!file_read(path, LIMIT_APT_FILE, arena, &file.raw, &mistake))
        return add_problem(&read, 0, mistake.text, err);
    return apt_sources_parse(&file, archs, arena, sources, err);
}

bool apt_sources_read(const struct apt_config *config, struct apt_archs archs, struct arena *arena,
                      struct apt_sources *out, struct error *err)
{
    static const char *const endings[] = {".list", ".sources", NULL};
    const char *first = apt_config_path(config, APT_PATH_SOURCES, arena);
    const char *folder = apt_config_path(config, APT_PATH_SOURCES_PARTS, arena);
    struct apt_sources sources = {0};
    char **parts;
    size_t count;

    if (first == NULL || folder == NULL)
        return arena_full(arena, err);
    if (file_exists(first) && !file_is_folder(first) && !read_file(first, archs, arena, &sources, err))
        return false;
    if (!apt_config_parts(folder, endings, arena, &parts, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!file_is_folder(parts[i]) && !read_file(parts[i], archs, arena, &sources, err))
            return false;
    *out = sources;
    return true;
}

/* What follows the scheme and the user: "mirror.example:8080/debian/", "/srv/debian/". */
static struct text without_access(struct text uri)
{
    size_t colon = text_find_byte(uri, ':');
    struct text rest = colon == SIZE_MAX ? uri : text_part(uri, colon + 1, SIZE_MAX);

    if (!text_starts(rest, TEXT("//")))
        return rest;
    rest = text_part(rest, 2, SIZE_MAX);
    size_t slash = text_find_byte(rest, '/');
    const char *at = rest.size == 0 ? NULL : memrchr(rest.at, '@', slash == SIZE_MAX ? rest.size : slash);
    return at == NULL ? rest : text_part(rest, (size_t)(at + 1 - rest.at), SIZE_MAX);
}

struct text apt_source_file_name(const struct apt_source *source, struct text rest, struct arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    bool flat = text_ends(source->suite, TEXT("/")), top = text_equal(source->suite, TEXT("/"));
    struct text uri =
        text_format(arena, "%.*s%s%.*s%s%.*s", TEXT_ARG(without_access(source->uri)), flat ? "" : "dists/",
                    TEXT_ARG(top ? TEXT("") : source->suite), flat ? "" : "/", TEXT_ARG(rest));
    char *at = uri.at == NULL ? NULL : arena_take(arena, 3 * uri.size + 1);
    size_t size = 0;

    if (at == NULL)
        return (struct text){0};
    bool address = text_starts(uri, TEXT("[")); /* of IPv6: apt leaves its brackets out */
    for (size_t i = 0; i < uri.size; i++) {
        unsigned char c = (unsigned char)uri.at[i];
        if (address && (c == '[' || c == ']')) {
            address = c == '[';
            continue;
        }
        if (c <= ' ' || c >= 0x7f || strchr("\\|{}[]<>\"^~_=!@#$%^&*", c) != NULL) {
            at[size++] = '%';
            at[size++] = digits[c >> 4];
            at[size++] = digits[c & 15];
        } else {
            at[size++] = c == '/' ? '_' : (char)c;
        }
    }
    return (struct text){at, size};
}

struct text apt_source_list_name(const struct apt_source *source, struct arena *arena)
{
    if (source->component.size == 0)
        return TEXT("Packages");
    return text_format(arena, "%.*s/binary-%.*s/Packages", TEXT_ARG(source->component),
                       TEXT_ARG(source->arch));
}

struct text apt_source_site(const struct apt_source *source)
{
    struct text site = without_access(source->uri);
    size_t end = text_find_byte(site, '/');

    site = text_part(site, 0, end);
    if (text_starts(site, TEXT("["))) /* an address of IPv6, which is full of colons */
        return text_part(site, 1, text_find_byte(site, ']') - 1);
    return text_part(site, 0, text_find_byte(site, ':'));
}

struct text apt_source_public_uri(const struct apt_source *source, struct arena *arena)
{
    struct text rest = without_access(source->uri);
    size_t scheme = text_find(source->uri, TEXT("://"));

    return scheme == SIZE_MAX ? source->uri
                              : text_format(arena, "%.*s://%.*s", TEXT_ARG(text_part(source->uri, 0, scheme)),
                                            TEXT_ARG(rest));
}
