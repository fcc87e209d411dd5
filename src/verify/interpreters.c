#include "verify/interpreters.h"

#include <assert.h>
#include <ctype.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

#define LANGUAGES_MAX 8
#define ENDINGS_MAX   4

/* Programs and libraries by how their names begin; a version follows (python3.11, libperl.so.5.36). */
static const struct {
    const char *programs[ENDINGS_MAX];
    const char *files[ENDINGS_MAX]; /* endings */
} languages[] = {
    {{NULL}, {NULL}}, /* 0: none */
    {{"python", "libpython", NULL}, {".py", ".pyc", NULL}},
    {{"perl", "libperl", NULL}, {".pm", ".pl", NULL}},
    {{"ruby", "libruby", NULL}, {".rb", NULL}},
    {{"node", "nodejs", "libnode", NULL}, {".js", ".mjs", ".cjs", NULL}},
    {{"java", "libjvm", NULL}, {".jar", ".class", NULL}},
    {{"php", "php-fpm", "libphp", NULL}, {".php", NULL}},
};
#define LANGUAGE_COUNT (sizeof(languages) / sizeof(*languages))

static_assert(LANGUAGE_COUNT <= LANGUAGES_MAX, "one bit or place for each");

static struct text name_of(struct text path)
{
    const char *slash = path.size == 0 ? NULL : memrchr(path.at, '/', path.size);
    size_t from = slash == NULL ? 0 : (size_t)(slash - path.at) + 1;

    return text_part(path, from, SIZE_MAX);
}

/* "python3.11" begins with "python", and only a version follows; "python3-config" runs no Python code. */
static bool is_version(struct text rest)
{
    for (size_t i = 0; i < rest.size; i++)
        if (!isdigit((unsigned char)rest.at[i]) && rest.at[i] != '.')
            return false;
    return true;
}

/* Behind a library's name: "3.11.so.1.0", ".so.5.36", "-3.1.so.3.1". */
static bool is_library_version(struct text rest)
{
    size_t so = text_find(rest, TEXT(".so"));
    struct text before = text_part(rest, text_starts(rest, TEXT("-")) ? 1 : 0, SIZE_MAX);

    return so != SIZE_MAX && is_version(text_part(before, 0, text_find(before, TEXT(".so")))) &&
           is_version(text_part(rest, so + 3, SIZE_MAX));
}

unsigned interpreters_language_of_program(struct text path)
{
    struct text name = name_of(path);

    for (unsigned language = 1; language < LANGUAGE_COUNT; language++)
        for (size_t i = 0; languages[language].programs[i] != NULL; i++) {
            struct text begin = text_of(languages[language].programs[i]);
            struct text rest = text_part(name, begin.size, SIZE_MAX);
            if (text_starts(name, begin) && (is_version(rest) || is_library_version(rest)))
                return language;
        }
    return 0;
}

unsigned interpreters_language_of_file(struct text path)
{
    for (unsigned language = 1; language < LANGUAGE_COUNT; language++)
        for (size_t i = 0; languages[language].files[i] != NULL; i++)
            if (text_ends(path, text_of(languages[language].files[i])))
                return language;
    return 0;
}

/* Of one package and one language: the file that changed last. */
struct changed {
    int64_t changed_us; /* 0: it has none */
    struct text path;
};

struct search {
    const struct interpreters_from *from;
    const struct evidence *evidence;
    struct arena *arena;
    struct processes processes;
    struct changed (*changed)[LANGUAGES_MAX]; /* beside the evidence's packages */
    struct interpreters found;
    size_t capacity, user_capacity;
};

/* ROOT/var/lib/dpkg/info/NAME.list, or NAME:ARCH.list of a package that may be there for two architectures. */
static bool read_list(const struct search *search, const struct evidence_package *package,
                      struct arena *scratch, struct bytes *out)
{
    struct text names[] = {
        text_format(scratch, "/var/lib/dpkg/info/%.*s.list", TEXT_ARG(package->name)),
        text_format(scratch, "/var/lib/dpkg/info/%.*s:%.*s.list", TEXT_ARG(package->name),
                    TEXT_ARG(package->arch)),
    };
    struct error ignored; /* a package that names no files has none that can be found */

    for (size_t i = 0; i < 2; i++) {
        const char *path = names[i].at == NULL ? NULL : file_below(scratch, search->from->root, names[i].at);
        if (path != NULL && file_read(path, LIMIT_DPKG_LIST, scratch, out, &ignored))
            return true;
    }
    return false;
}

/* Examples among the documents are read by nobody. */
static bool is_read(struct text path)
{
    return text_starts(path, TEXT("/")) && path.size <= LIMIT_PATH &&
           !text_starts(path, TEXT("/usr/share/doc/"));
}

static bool note_file(struct search *search, struct changed *changed, struct text line, struct arena *scratch,
                      struct error *err)
{
    unsigned language = interpreters_language_of_file(line);
    struct file_identity identity;
    struct error ignored; /* a file that is gone changed, too, but nothing tells when */
    struct text path;

    if (language == 0 || !is_read(line) || !text_from_bytes(bytes_of_text(line), LIMIT_PATH, &path, &ignored))
        return true;
    const char *at = text_string(scratch, path);
    const char *below = at == NULL ? NULL : file_below(scratch, search->from->root, at);
    if (below == NULL)
        return arena_full(scratch, err);
    if (!file_identify(below, &identity, &ignored) ||
        identity.ctime_ns / 1000 <= changed[language].changed_us)
        return true;
    changed[language].changed_us = identity.ctime_ns / 1000;
    changed[language].path = text_copy(search->arena, path);
    return changed[language].path.at != NULL || arena_full(search->arena, err);
}

static bool look_at_package(struct search *search, size_t index, struct error *err)
{
    OWN(arena_end) struct arena scratch = arena_with(LIMIT_DPKG_LIST * 4);
    const struct evidence_package *package = &search->evidence->packages[index];
    struct bytes raw;
    struct text line;

    if (text_find_byte(package->name, '/') != SIZE_MAX || package->installed.size == 0 ||
        !read_list(search, package, &scratch, &raw))
        return true;
    struct text rest = {(const char *)raw.at, raw.size};
    while (text_cut(&rest, '\n', &line))
        if (!note_file(search, search->changed[index], line, &scratch, err))
            return false;
    return true;
}

static bool add(struct search *search, const struct evidence_process *process, bool of_user,
                struct error *err)
{
    struct interpreters *found = &search->found;
    struct evidence_process *rows = arena_grow(search->arena, found->at, found->count, &search->capacity,
                                               found->count + 1, sizeof(*rows));
    bool *users = arena_grow(search->arena, found->of_user, found->count, &search->user_capacity,
                             found->count + 1, sizeof(*users));

    if (rows == NULL || users == NULL)
        return arena_full(search->arena, err);
    found->at = rows;
    found->of_user = users;
    rows[found->count] = *process;
    users[found->count++] = of_user;
    return true;
}

/* The languages that a process runs, as bits. */
static unsigned languages_of(const struct processes *all, const struct process *process)
{
    unsigned bits = 0;

    for (uint32_t u = process->first; u < process->first + process->count; u++)
        bits |= 1u << interpreters_language_of_program(all->files[all->uses[u]].path);
    return bits & ~1u;
}

static bool look_at_process(struct search *search, const struct process *process, unsigned bits,
                            struct error *err)
{
    struct process_facts facts;
    int64_t started_us;

    if (!process_started(&search->processes, process->pid, &started_us))
        return true;
    if (!process_look(&search->processes, process->pid, search->arena, &facts, err))
        return false;
    if (facts.elsewhere || facts.name.size == 0)
        return true;
    for (size_t i = 0; i < search->evidence->package_count; i++)
        for (unsigned language = 1; language < LANGUAGE_COUNT; language++) {
            const struct changed *changed = &search->changed[i][language];
            if ((bits >> language & 1) == 0 || changed->changed_us <= started_us)
                continue;
            const struct evidence_process row = {.pid = process->pid,
                                                 .process = facts.name,
                                                 .unit = facts.service,
                                                 .path = changed->path,
                                                 .package = search->evidence->packages[i].name,
                                                 .possible = true};
            if (!add(search, &row, facts.of_user, err))
                return false;
        }
    return true;
}

static bool any_changed(const struct search *search)
{
    for (size_t i = 0; i < search->evidence->package_count; i++)
        for (unsigned language = 1; language < LANGUAGE_COUNT; language++)
            if (search->changed[i][language].changed_us > 0)
                return true;
    return false;
}

bool interpreters_find(const struct interpreters_from *from, const struct evidence *evidence,
                       struct arena *arena, struct interpreters *out, struct error *err)
{
    struct search search = {.from = from, .evidence = evidence, .arena = arena};

    search.changed = arena_take_array(arena, evidence->package_count, sizeof(*search.changed));
    if (search.changed == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < evidence->package_count; i++)
        if (!look_at_package(&search, i, err))
            return false;
    /* Processes are looked at only when there is something that they could have read. */
    if (any_changed(&search) && !processes_read(from->processes, arena, &search.processes, err)) {
        if (err->kind == ERROR_LIMIT)
            return false;
        search.processes = (struct processes){.count = 0}; /* that none could be read the host says already */
    }
    for (size_t i = 0; i < search.processes.count; i++) {
        unsigned bits = languages_of(&search.processes, &search.processes.at[i]);
        if (bits != 0 && !look_at_process(&search, &search.processes.at[i], bits, err))
            return false;
    }
    *out = search.found;
    return true;
}
