#include "manager/apt_config.h"

#include <ctype.h>

#include "base/file.h"
#include "base/limits.h"

/* How one file is read: characters become words and marks. */
struct scan {
    struct text left;
    size_t line;
    const char *name;
};

enum token { TOKEN_END, TOKEN_WORD, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_SEMICOLON };

/* A parse in one file: the scopes that are open, each as the whole key so far. */
struct parse {
    struct apt_config *config;
    struct arena *arena;
    struct scan scan;
    struct text scopes[LIMIT_APT_SCOPES];
    size_t depth;
};

static void skip(struct scan *scan, size_t size)
{
    for (size_t i = 0; i < size; i++)
        scan->line += scan->left.at[i] == '\n';
    scan->left = text_part(scan->left, size, SIZE_MAX);
}

static size_t to_line_end(struct text text)
{
    size_t at = text_find_byte(text, '\n');

    return at == SIZE_MAX ? text.size : at;
}

static bool is_directive(struct text text)
{
    return text_starts(text, TEXT("#clear ")) || text_starts(text, TEXT("#include "));
}

/* Past blanks and comments. */
static bool skip_blanks(struct scan *scan, struct error *err)
{
    while (scan->left.size > 0) {
        if (isspace((unsigned char)scan->left.at[0])) {
            skip(scan, 1);
        } else if (text_starts(scan->left, TEXT("//")) ||
                   (scan->left.at[0] == '#' && !is_directive(scan->left))) {
            skip(scan, to_line_end(scan->left));
        } else if (text_starts(scan->left, TEXT("/*"))) {
            size_t end = text_find(scan->left, TEXT("*/"));
            if (end == SIZE_MAX)
                return error_set(err, ERROR_INPUT, "%s: line %zu: a comment does not end", scan->name,
                                 scan->line);
            skip(scan, end + 2);
        } else {
            break;
        }
    }
    return true;
}

/* A word is quoted, or goes on to the next blank or mark. */
static bool take_word(struct scan *scan, struct text *word, struct error *err)
{
    size_t size = 0;

    if (scan->left.at[0] == '"') {
        struct text inside = text_part(scan->left, 1, SIZE_MAX);
        size = text_find_byte(inside, '"');
        if (size == SIZE_MAX)
            return error_set(err, ERROR_INPUT, "%s: line %zu: a quote does not end", scan->name, scan->line);
        *word = text_part(inside, 0, size);
        skip(scan, size + 2);
        return true;
    }
    while (size < scan->left.size && !isspace((unsigned char)scan->left.at[size]) &&
           memchr("{};\"", scan->left.at[size], 4) == NULL)
        size++;
    *word = text_part(scan->left, 0, size);
    skip(scan, size);
    return true;
}

static bool next_token(struct scan *scan, enum token *token, struct text *word, struct error *err)
{
    static const char marks[] = "{};";

    if (!skip_blanks(scan, err))
        return false;
    if (scan->left.size == 0) {
        *token = TOKEN_END;
        return true;
    }
    const char *mark = memchr(marks, scan->left.at[0], sizeof(marks) - 1);
    if (mark == NULL) {
        *token = TOKEN_WORD;
        return take_word(scan, word, err);
    }
    *token = (enum token)(TOKEN_OPEN + (mark - marks));
    skip(scan, 1);
    return true;
}

static bool add_entry(struct parse *parse, struct text key, struct text value, struct error *err)
{
    struct apt_config *config = parse->config;
    struct error ignored;
    struct apt_config_entry *grown =
        arena_grow(parse->arena, config->entries, config->count, &config->capacity, config->count + 1,
                   sizeof(*config->entries));

    if (grown == NULL || key.at == NULL)
        return arena_full(parse->arena, err);
    config->entries = grown;
    /* apt takes any bytes; what is no text is of no use here, and none of our keys. */
    if (!text_from_lines(bytes_of_text(key), LIMIT_LINE, &key, &ignored) ||
        !text_from_lines(bytes_of_text(value), LIMIT_LINE, &value, &ignored))
        return true;
    config->entries[config->count++] = (struct apt_config_entry){key, value};
    return true;
}

/* The key in the open scope: "APT" and "Architecture" are "APT::Architecture". */
static struct text whole_key(const struct parse *parse, struct text name)
{
    struct text scope = parse->depth == 0 ? (struct text){0} : parse->scopes[parse->depth - 1];

    return scope.size == 0 ? name : text_format(parse->arena, "%.*s::%.*s", TEXT_ARG(scope), TEXT_ARG(name));
}

static bool is_at_or_below(struct text key, struct text scope)
{
    return text_equal_caseless(text_part(key, 0, scope.size), scope) &&
           (key.size == scope.size || text_starts(text_part(key, scope.size, SIZE_MAX), TEXT("::")));
}

static void clear(struct apt_config *config, struct text key)
{
    for (size_t i = 0; i < config->count; i++)
        if (key.size > 0 && is_at_or_below(config->entries[i].key, key))
            config->entries[i] = (struct apt_config_entry){0};
}

static bool parse_file(struct apt_config *config, const char *path, struct arena *arena, unsigned included,
                       struct error *err);

/* #clear KEY; or #include PATH; the latter from the same root. */
static bool run_directive(struct parse *parse, struct text directive, unsigned included, struct error *err)
{
    struct scan *scan = &parse->scan;
    enum token token;
    struct text word = {0};

    if (!next_token(scan, &token, &word, err))
        return false;
    if (token != TOKEN_WORD)
        return error_set(err, ERROR_INPUT, "%s: line %zu: %.*s names nothing", scan->name, scan->line,
                         TEXT_ARG(directive));
    if (text_equal(directive, TEXT("#clear"))) {
        clear(parse->config, word);
        return true;
    }
    char *path = text_string(parse->arena, word);
    char *below = path == NULL || path[0] != '/' ? NULL : file_below(parse->arena, parse->config->root, path);
    if (below == NULL)
        return error_set(err, ERROR_INPUT, "%s: line %zu: %.*s is no absolute path", scan->name, scan->line,
                         TEXT_ARG(word));
    return parse_file(parse->config, below, parse->arena, included + 1, err);
}

static bool open_scope(struct parse *parse, struct text name, struct error *err)
{
    struct text key = whole_key(parse, name);

    if (parse->depth == LIMIT_APT_SCOPES)
        return error_set(err, ERROR_LIMIT, "%s: line %zu: more than %d braces deep", parse->scan.name,
                         parse->scan.line, LIMIT_APT_SCOPES);
    if (key.at == NULL)
        return arena_full(parse->arena, err);
    parse->scopes[parse->depth++] = key;
    return true;
}

/*
 * One statement, up to and with its mark. Two words are key and value, one word before a semicolon is an item of the
 * scope's list, one before a brace opens a scope; a second word before a brace is a value of that scope's own.
 */
static bool end_statement(struct parse *parse, enum token token, const struct text words[2], size_t count,
                          struct error *err)
{
    if (token == TOKEN_OPEN) {
        struct text name = count == 0 ? TEXT("") : words[0];
        if (count == 2 && !add_entry(parse, whole_key(parse, words[0]), words[1], err))
            return false;
        return open_scope(parse, name, err);
    }
    if (count == 2)
        return add_entry(parse, whole_key(parse, words[0]), words[1], err);
    if (count == 1 && parse->depth > 0)
        return add_entry(parse, whole_key(parse, TEXT("")), words[0], err);
    return true;
}

static bool parse_all(struct parse *parse, unsigned included, struct error *err)
{
    struct scan *scan = &parse->scan;
    struct text words[2], word = {0};
    size_t count = 0;
    enum token token;

    for (;;) {
        if (!next_token(scan, &token, &word, err))
            return false;
        if (token == TOKEN_WORD && count == 0 && text_starts(word, TEXT("#"))) {
            if (!run_directive(parse, word, included, err))
                return false;
            continue;
        }
        if (token == TOKEN_WORD) {
            if (count == 2)
                return error_set(err, ERROR_INPUT,
                                 "%s: line %zu: \"%.*s\" is one word too many (a ';' is missing)", scan->name,
                                 scan->line, TEXT_ARG(text_part(word, 0, 60)));
            words[count++] = word;
            continue;
        }
        if (!end_statement(parse, token, words, count, err))
            return false;
        count = 0;
        if (token == TOKEN_CLOSE && parse->depth-- == 0)
            return error_set(err, ERROR_INPUT, "%s: line %zu: a '}' closes nothing", scan->name, scan->line);
        if (token == TOKEN_END)
            break;
    }
    if (parse->depth > 0)
        return error_set(err, ERROR_INPUT, "%s: line %zu: a '{' is not closed", scan->name, scan->line);
    return true;
}

static bool parse_bytes(struct apt_config *config, struct bytes raw, const char *name, struct arena *arena,
                        unsigned included, struct error *err)
{
    struct parse parse = {
        .config = config,
        .arena = arena,
        .scan = {.left = {(const char *)raw.at, raw.size}, .line = 1, .name = name},
    };

    if (included > LIMIT_APT_INCLUDES)
        return error_set(err, ERROR_LIMIT, "%s: included more than %d files deep", name, LIMIT_APT_INCLUDES);
    return parse_all(&parse, included, err);
}

static bool parse_file(struct apt_config *config, const char *path, struct arena *arena, unsigned included,
                       struct error *err)
{
    struct bytes raw;

    return file_read(path, LIMIT_APT_FILE, arena, &raw, err) &&
           parse_bytes(config, raw, path, arena, included, err);
}

bool apt_config_parse(struct apt_config *config, struct bytes raw, const char *name, struct arena *arena,
                      struct error *err)
{
    return parse_bytes(config, raw, name, arena, 0, err);
}

/* "name.list" by the endings; see apt_config_parts. */
static bool is_part(struct text name, const char *const *endings)
{
    const char *dot = memrchr(name.at, '.', name.size);
    struct text ending = dot == NULL ? TEXT("") : (struct text){dot, name.size - (size_t)(dot - name.at)};

    for (size_t i = 0; i < name.size; i++)
        if (!isalnum((unsigned char)name.at[i]) && memchr("_-:.", name.at[i], 4) == NULL)
            return false;
    if (name.at[0] == '.')
        return false;
    for (size_t i = 0; endings[i] != NULL; i++)
        if (text_equal(ending, text_of(endings[i])))
            return true;
    return false;
}

bool apt_config_parts(const char *folder, const char *const *endings, struct arena *arena, char ***out,
                      size_t *count, struct error *err)
{
    struct file_names names = {0};
    size_t kept = 0;

    if (!file_list(folder, LIMIT_APT_FILES, arena, &names, err)) {
        if (err->kind != ERROR_ABSENT)
            return false;
        names.count = 0;
    }
    char **paths = ARENA_ARRAY(arena, char *, names.count + 1);
    if (paths == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < names.count; i++) {
        if (!is_part(names.names[i], endings))
            continue;
        paths[kept] = file_path(arena, folder, names.names[i].at);
        if (paths[kept++] == NULL)
            return arena_full(arena, err);
    }
    *out = paths;
    *count = kept;
    return true;
}

bool apt_config_read(const char *root, struct arena *arena, struct apt_config *out, struct error *err)
{
    static const char *const endings[] = {".conf", "", NULL};
    struct apt_config config = {.root = root};
    char *folder = file_below(arena, root, "/etc/apt/apt.conf.d");
    char *last = file_below(arena, root, "/etc/apt/apt.conf");
    char **parts;
    size_t count;

    if (folder == NULL || last == NULL)
        return arena_full(arena, err);
    if (!apt_config_parts(folder, endings, arena, &parts, &count, err))
        return false;
    /* A part that only root may read is for root's apt; a user's apt goes without it too. */
    for (size_t i = 0; i < count; i++)
        if (!file_is_folder(parts[i]) && !parse_file(&config, parts[i], arena, 0, err) &&
            err->kind != ERROR_SYSTEM)
            return false;
    if (!parse_file(&config, last, arena, 0, err) && err->kind != ERROR_ABSENT)
        return false;
    *out = config;
    return true;
}

struct text apt_config_find(const struct apt_config *config, struct text key, struct text absent)
{
    for (size_t i = config->count; i-- > 0;)
        if (text_equal_caseless(config->entries[i].key, key))
            return config->entries[i].value;
    return absent;
}

bool apt_config_bool(const struct apt_config *config, struct text key, bool absent)
{
    static const char *const words[] = {"no",  "false", "without", "off", "disable", "0",
                                        "yes", "true",  "with",    "on",  "enable",  "1"};
    struct text value = apt_config_find(config, key, TEXT(""));
    size_t count = sizeof(words) / sizeof(*words);

    for (size_t i = 0; i < count; i++)
        if (text_equal_caseless(value, text_of(words[i])))
            return i >= count / 2;
    return absent;
}

bool apt_config_list(const struct apt_config *config, struct text key, struct arena *arena, struct text **out,
                     size_t *count, struct error *err)
{
    struct text *items = ARENA_ARRAY(arena, struct text, config->count);
    size_t found = 0;

    if (items == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < config->count; i++) {
        struct text entry = config->entries[i].key;
        if (entry.size == key.size + 2 && is_at_or_below(entry, key) && config->entries[i].value.size > 0)
            items[found++] = config->entries[i].value;
    }
    *out = items;
    *count = found;
    return true;
}

char *apt_config_path(const struct apt_config *config, enum apt_path path, struct arena *arena)
{
    static const struct {
        const char *key, *absent, *parent, *parent_absent;
    } paths[APT_PATH_COUNT] = {
        [APT_PATH_STATUS] = {"Dir::State::status", "/var/lib/dpkg/status", "Dir::State", "var/lib/apt"},
        [APT_PATH_LISTS] = {"Dir::State::lists", "lists", "Dir::State", "var/lib/apt"},
        [APT_PATH_EXTENDED_STATES] = {"Dir::State::extended_states", "extended_states", "Dir::State",
                                      "var/lib/apt"},
        [APT_PATH_SOURCES] = {"Dir::Etc::sourcelist", "sources.list", "Dir::Etc", "etc/apt"},
        [APT_PATH_SOURCES_PARTS] = {"Dir::Etc::sourceparts", "sources.list.d", "Dir::Etc", "etc/apt"},
        [APT_PATH_PREFERENCES] = {"Dir::Etc::preferences", "preferences", "Dir::Etc", "etc/apt"},
        [APT_PATH_PREFERENCES_PARTS] = {"Dir::Etc::preferencesparts", "preferences.d", "Dir::Etc", "etc/apt"},
        [APT_PATH_TRUSTED] = {"Dir::Etc::trusted", "trusted.gpg", "Dir::Etc", "etc/apt"},
        [APT_PATH_TRUSTED_PARTS] = {"Dir::Etc::trustedparts", "trusted.gpg.d", "Dir::Etc", "etc/apt"},
    };
    struct text steps[] = {
        apt_config_find(config, text_of(paths[path].key), text_of(paths[path].absent)),
        apt_config_find(config, text_of(paths[path].parent), text_of(paths[path].parent_absent)),
        apt_config_find(config, TEXT("Dir"), TEXT("/")),
    };
    struct text whole = steps[0];

    for (size_t i = 1; i < 3 && !text_starts(whole, TEXT("/")); i++) {
        const char *between = text_ends(steps[i], TEXT("/")) || steps[i].size == 0 ? "" : "/";
        whole = text_format(arena, "%.*s%s%.*s", TEXT_ARG(steps[i]), between, TEXT_ARG(whole));
    }
    while (whole.size > 1 && text_ends(whole, TEXT("/")))
        whole.size--;
    char *string = whole.at == NULL ? NULL : text_string(arena, whole);
    if (string != NULL && string[0] != '/') /* "Dir" was given without one */
        string = text_string(arena, text_format(arena, "/%s", string));
    return string == NULL ? NULL : file_below(arena, config->root, string);
}
