#include "manager/apt_pins.h"

#include <assert.h>
#include <ctype.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "format/deb822.h"

enum field { FIELD_PACKAGE, FIELD_PIN, FIELD_PRIORITY, FIELD_COUNT };

void apt_pins_end(struct apt_pins *pins)
{
    for (size_t i = 0; i < pins->regex_count; i++)
        regfree(pins->regexes[i]);
    *pins = (struct apt_pins){.native = pins->native};
}

/* Back references and counts in braces can take time and memory without end; nobody needs them to name a package. */
static bool is_costly(struct text expression)
{
    for (size_t i = 0; i < expression.size; i++) {
        if (expression.at[i] == '{')
            return true;
        if (expression.at[i] == '\\' && i + 1 < expression.size && isdigit((unsigned char)expression.at[++i]))
            return true;
    }
    return false;
}

/* What reading has at hand. */
struct read {
    struct apt_pins *pins;
    struct arena *arena;
};

static bool compile(const struct read *read, struct text text, void **out, struct error *err)
{
    struct apt_pins *pins = read->pins;
    const char *expression = text_string(read->arena, text_part(text, 1, text.size - 2));
    regex_t *regex = ARENA_NEW(read->arena, regex_t);
    void **grown = arena_grow(read->arena, pins->regexes, pins->regex_count, &pins->regex_capacity,
                              pins->regex_count + 1, sizeof(*grown));

    if (expression == NULL || regex == NULL || grown == NULL)
        return arena_full(read->arena, err);
    pins->regexes = grown;
    if (is_costly(text))
        return error_set(err, ERROR_LIMIT, "\"%.*s\" has a back reference or a count in braces",
                         TEXT_ARG(text));
    if (regcomp(regex, expression, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
        return error_set(err, ERROR_INPUT, "\"%.*s\" is no regular expression", TEXT_ARG(text));
    pins->regexes[pins->regex_count++] = regex;
    *out = regex;
    return true;
}

static bool make_pattern(const struct read *read, struct text text, struct apt_pattern *out,
                         struct error *err)
{
    struct apt_pattern pattern = {.string = text_string(read->arena, text)};

    if (text.size > LIMIT_APT_PATTERN)
        return error_set(err, ERROR_LIMIT, "a pattern of %zu bytes, more than %d", text.size,
                         LIMIT_APT_PATTERN);
    if (pattern.string == NULL)
        return arena_full(read->arena, err);
    assert(text.at != NULL || text.size == 0);
    if (text.size >= 2 && text.at[0] == '/' && text.at[text.size - 1] == '/' &&
        !compile(read, text, &pattern.regex, err))
        return false;
    *out = pattern;
    return true;
}

/* The system's functions want a string; what is longer than any name matches nothing. */
static bool matches(const struct apt_pattern *pattern, struct text value)
{
    char string[LIMIT_PACKAGE_NAME + LIMIT_VERSION + 1];

    if (value.size >= sizeof(string))
        return false;
    if (value.size > 0)
        memcpy(string, value.at, value.size);
    string[value.size] = 0;
    if (pattern->regex != NULL)
        return regexec(pattern->regex, string, 0, NULL, 0) == 0;
    return fnmatch(pattern->string, string, FNM_CASEFOLD) == 0;
}

/* A version: as a whole, as what it begins with, or by pattern. */
static bool version_matches(const struct apt_pattern *pattern, bool prefix, struct text value)
{
    struct text wanted = text_of(pattern->string);

    if (text_equal_caseless(prefix ? text_part(value, 0, wanted.size) : value, wanted))
        return true;
    return matches(pattern, value);
}

/* "release *", "release bookworm", "release 12*", "release o=Debian,n=bookworm". */
static bool take_release(const struct read *read, struct text data, struct apt_pin *pin, struct error *err)
{
    static const char letters[APT_PIN_PART_COUNT] = {
        [APT_PIN_PART_VERSION] = 'v',  [APT_PIN_PART_ORIGIN] = 'o', [APT_PIN_PART_ARCHIVE] = 'a',
        [APT_PIN_PART_CODENAME] = 'n', [APT_PIN_PART_LABEL] = 'l',  [APT_PIN_PART_COMPONENT] = 'c',
        [APT_PIN_PART_ARCH] = 'b',
    };
    struct text values[APT_PIN_PART_COUNT] = {{0}}, rest = data, word;

    if (text_equal(data, TEXT("*"))) {
        pin->all = true;
        return true;
    }
    if (data.size > 0 && text_find_byte(data, '=') == SIZE_MAX)
        values[isdigit((unsigned char)data.at[0]) ? APT_PIN_PART_VERSION : APT_PIN_PART_RELEASE] = data;
    else
        while (text_cut(&rest, ',', &word)) {
            word = text_trim(word);
            for (size_t i = 0; i < APT_PIN_PART_RELEASE && word.size >= 3 && word.at[1] == '='; i++)
                if (tolower((unsigned char)word.at[0]) == letters[i])
                    values[i] = text_part(word, 2, SIZE_MAX);
        }
    struct text *version = &values[APT_PIN_PART_VERSION];
    pin->prefix = text_ends(*version, TEXT("*"));
    version->size -= pin->prefix;
    for (size_t i = 0; i < APT_PIN_PART_COUNT; i++)
        if (values[i].size > 0 && !make_pattern(read, values[i], &pin->parts[i], err))
            return false;
    return true;
}

/* The kind and what follows it. A kind that apt does not know is passed over, as apt does; *known tells. */
static bool take_pin(const struct read *read, struct text text, struct apt_pin *pin, bool *known,
                     struct error *err)
{
    struct text kind = {0};

    (void)text_cut_word(&text, &kind);
    text = text_trim(text);
    *known = true;
    if (text_equal_caseless(kind, TEXT("release"))) {
        pin->kind = APT_PIN_RELEASE;
        return take_release(read, text, pin, err);
    }
    if (text_equal_caseless(kind, TEXT("origin"))) {
        pin->kind = APT_PIN_ORIGIN;
        if (text.size >= 2 && text.at[0] == '"' && text_ends(text, TEXT("\"")))
            text = text_part(text, 1, text.size - 2);
        return make_pattern(read, text, &pin->site, err);
    }
    if (text_equal_caseless(kind, TEXT("version"))) {
        pin->kind = APT_PIN_VERSION;
        pin->prefix = text_ends(text, TEXT("*"));
        text.size -= pin->prefix;
        return make_pattern(read, text, &pin->version, err);
    }
    *known = false;
    return true;
}

static bool add_pin(const struct read *read, const struct apt_pin *pin, struct error *err)
{
    struct apt_pins *pins = read->pins;
    struct apt_pin *grown;

    if (pins->count == LIMIT_PINS)
        return error_set(err, ERROR_LIMIT, "more than %d pins", LIMIT_PINS);
    grown =
        arena_grow(read->arena, pins->pins, pins->count, &pins->capacity, pins->count + 1, sizeof(*grown));
    if (grown == NULL)
        return arena_full(read->arena, err);
    pins->pins = grown;
    pins->pins[pins->count++] = *pin;
    return true;
}

/* "nginx*", "libc6:i386", "src:openssl". */
static bool take_name(const struct read *read, struct text name, struct apt_pin *pin, struct error *err)
{
    pin->source = text_starts(name, TEXT("src:"));
    if (pin->source)
        name = text_part(name, 4, SIZE_MAX);
    const char *colon = name.size == 0 ? NULL : memrchr(name.at, ':', name.size);
    if (colon != NULL) {
        size_t at = (size_t)(colon - name.at);
        pin->arch = text_copy(read->arena, text_part(name, at + 1, SIZE_MAX));
        if (pin->arch.at == NULL)
            return arena_full(read->arena, err);
        name = text_part(name, 0, at);
    }
    if (!make_pattern(read, name, &pin->package, err))
        return false;
    pin->exactly = pin->package.regex == NULL && strpbrk(pin->package.string, "*[?") == NULL;
    return true;
}

static bool take_priority(struct text text, bool whole, int16_t *out, struct error *err)
{
    bool negative = text_starts(text, TEXT("-")), sign = negative || text_starts(text, TEXT("+"));
    struct error ignored;
    uint64_t value = 0;

    if (text_equal(text, TEXT("never"))) {
        if (!whole)
            return error_set(err, ERROR_INPUT, "Pin-Priority \"never\" is for \"Package: *\" only");
        *out = APT_PRIORITY_NEVER;
        return true;
    }
    if (!text_to_u64(text_part(text, sign, SIZE_MAX), &value, &ignored) || value == 0 || value > INT16_MAX)
        return error_set(err, ERROR_INPUT, "Pin-Priority \"%.*s\" is none: -32767 to 32767, not 0",
                         TEXT_ARG(text_part(text, 0, 40)));
    *out = (int16_t)(negative ? -(int)value : (int)value);
    return true;
}

static bool take_record(const struct read *read, const struct deb822_paragraph *paragraph, struct error *err)
{
    struct text values[FIELD_COUNT] = {{0}}, name;
    struct apt_pin general = {0};
    bool known;

    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (paragraph->values[i].at != NULL &&
            !text_from_lines(paragraph->values[i], LIMIT_LINE, &values[i], err))
            return false;
    if (values[FIELD_PACKAGE].size == 0)
        return error_set(err, ERROR_INPUT, "Package is missing");
    if (values[FIELD_PIN].size == 0)
        return true;
    bool whole = text_equal(values[FIELD_PACKAGE], TEXT("*"));
    if (!take_pin(read, values[FIELD_PIN], &general, &known, err))
        return error_at(err, "Pin");
    if (!known || (whole && general.kind == APT_PIN_VERSION))
        return true;
    if (!take_priority(values[FIELD_PRIORITY], whole, &general.priority, err))
        return false;
    if (whole)
        return add_pin(read, &general, err);
    while (text_cut_word(&values[FIELD_PACKAGE], &name)) {
        struct apt_pin pin = general;
        if (!take_name(read, name, &pin, err))
            return error_at(err, "Package");
        if (!add_pin(read, &pin, err))
            return false;
    }
    return true;
}

bool apt_pins_parse(struct apt_pins *pins, struct bytes raw, const char *name, struct arena *arena,
                    struct error *err)
{
    static const char *const names[FIELD_COUNT] = {"Package", "Pin", "Pin-Priority"};
    struct deb822 deb822 = deb822_with(raw, (struct deb822_fields){names, FIELD_COUNT}, true);
    struct deb822_paragraph paragraph;
    struct read read = {pins, arena};
    bool found;

    for (;;) {
        if (!deb822_next(&deb822, &paragraph, &found, err))
            return error_at(err, "%s", name);
        if (!found)
            return true;
        if (!take_record(&read, &paragraph, err))
            return error_at(err, "%s: line %zu", name, paragraph.line);
    }
}

/* A file that only root may read is passed over, as one that is not there. */
static bool read_file(struct apt_pins *pins, const char *path, struct arena *arena, struct error *err)
{
    struct bytes raw;

    if (!file_read(path, LIMIT_APT_FILE, arena, &raw, err))
        return err->kind == ERROR_ABSENT || err->kind == ERROR_SYSTEM;
    return apt_pins_parse(pins, raw, path, arena, err);
}

bool apt_pins_read(const struct apt_config *config, struct arena *arena, struct apt_pins *pins,
                   struct error *err)
{
    static const char *const endings[] = {".pref", "", NULL};
    struct text release = apt_config_find(config, TEXT("APT::Default-Release"), TEXT(""));
    const char *file = apt_config_path(config, APT_PATH_PREFERENCES, arena);
    const char *folder = apt_config_path(config, APT_PATH_PREFERENCES_PARTS, arena);
    struct apt_pin wanted = {.kind = APT_PIN_RELEASE, .priority = 990};
    struct read read = {pins, arena};
    char **parts;
    size_t count;

    if (file == NULL || folder == NULL)
        return arena_full(arena, err);
    if (release.size > 0 && (!take_release(&read, release, &wanted, err) || !add_pin(&read, &wanted, err)))
        return error_at(err, "APT::Default-Release");
    if ((!file_is_folder(file) && !read_file(pins, file, arena, err)) ||
        !apt_config_parts(folder, endings, arena, &parts, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!file_is_folder(parts[i]) && !read_file(pins, parts[i], arena, err))
            return false;
    return true;
}

static bool is_empty_release(const struct apt_pin *pin)
{
    for (size_t i = 0; i < APT_PIN_PART_COUNT; i++)
        if (pin->parts[i].string != NULL)
            return false;
    return true;
}

/* dpkg's status file has no release; its archive is called "now". */
static bool release_matches_status(const struct apt_pin *pin)
{
    static const bool of_a_release[APT_PIN_PART_COUNT] = {
        [APT_PIN_PART_VERSION] = true,
        [APT_PIN_PART_ORIGIN] = true,
        [APT_PIN_PART_CODENAME] = true,
        [APT_PIN_PART_LABEL] = true,
    };
    const struct apt_pattern *parts = pin->parts;

    for (size_t i = 0; i < APT_PIN_PART_COUNT; i++) {
        if (parts[i].string == NULL)
            continue;
        if (of_a_release[i] || !matches(&parts[i], i == APT_PIN_PART_ARCH ? TEXT("") : TEXT("now")))
            return false;
    }
    return true;
}

static bool release_matches(const struct apt_pin *pin, const struct archive *archive)
{
    const struct text values[APT_PIN_PART_COUNT] = {
        [APT_PIN_PART_VERSION] = archive->version, [APT_PIN_PART_ORIGIN] = archive->origin,
        [APT_PIN_PART_ARCHIVE] = archive->archive, [APT_PIN_PART_CODENAME] = archive->codename,
        [APT_PIN_PART_LABEL] = archive->label,     [APT_PIN_PART_COMPONENT] = archive->component,
        [APT_PIN_PART_ARCH] = archive->arch,       [APT_PIN_PART_RELEASE] = archive->archive,
    };

    if (pin->all)
        return true;
    if (is_empty_release(pin))
        return false;
    for (size_t i = 0; i < APT_PIN_PART_COUNT; i++) {
        const struct apt_pattern *part = &pin->parts[i];
        if (part->string == NULL)
            continue;
        if (i == APT_PIN_PART_VERSION && version_matches(part, pin->prefix, values[i]))
            continue;
        if (i == APT_PIN_PART_RELEASE && archive->codename.size > 0 && matches(part, archive->codename))
            continue;
        /* What the release does not say at all is matched by nothing, not even by "*". */
        if (values[i].size == 0 || !matches(part, values[i]))
            return false;
    }
    return true;
}

/* archive == NULL: the status file. */
static bool archive_matches(const struct apt_pin *pin, const struct archive *archive)
{
    if (pin->kind == APT_PIN_RELEASE)
        return archive == NULL ? release_matches_status(pin) : release_matches(pin, archive);
    return pin->kind == APT_PIN_ORIGIN && archive != NULL && matches(&pin->site, archive->site);
}

int16_t apt_pins_archive_priority(const struct apt_pins *pins, const struct apt_pin_target *target)
{
    int16_t priority = target->archive == NULL          ? 100
                       : target->but_automatic_upgrades ? 100
                       : target->not_automatic          ? 1
                                                        : 500;
    bool fixed = false;

    for (size_t i = 0; i < pins->count; i++) {
        const struct apt_pin *pin = &pins->pins[i];
        if (pin->package.string != NULL || (fixed && pin->priority != APT_PRIORITY_NEVER) ||
            !archive_matches(pin, target->archive))
            continue;
        if (pin->priority == APT_PRIORITY_NEVER)
            return APT_PRIORITY_NEVER;
        priority = pin->priority;
        fixed = true;
    }
    return priority;
}

static bool names_package(const struct apt_pins *pins, const struct apt_pin *pin,
                          const struct apt_pin_version *version)
{
    struct text name = pin->source ? version->source : version->name;
    struct text arch = text_equal(version->arch, TEXT("all")) ? pins->native : version->arch;
    struct text wanted = pin->arch.size == 0 ? pins->native : pin->arch;

    if (!text_equal(wanted, TEXT("any")) && !text_equal(wanted, arch))
        return false;
    return pin->exactly ? text_equal(text_of(pin->package.string), name) : matches(&pin->package, name);
}

static bool matches_version(const struct apt_pin *pin, const struct apt_pin_version *version)
{
    if (pin->kind == APT_PIN_VERSION)
        return version_matches(&pin->version, pin->prefix, version->version);
    for (size_t i = 0; i < version->archive_count; i++)
        if (archive_matches(pin, version->archives[i]))
            return true;
    return false;
}

const struct apt_pin *apt_pins_of_version(const struct apt_pins *pins, const struct apt_pin_version *version)
{
    for (size_t i = 0; i < pins->count; i++) {
        const struct apt_pin *pin = &pins->pins[i];
        if (pin->package.string != NULL && names_package(pins, pin, version) && matches_version(pin, version))
            return pin;
    }
    return NULL;
}
