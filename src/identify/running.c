#include "identify/running.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "identify/owners.h"

/* What was asked of one process. */
struct running_process {
    bool looked;
    struct process_facts facts;
};

static const struct text nothing = {NULL, 0};

/* Packages put what is executed below these (FHS 3.0), and nobody else does but in /usr/local. */
static bool is_package_place(struct text path)
{
    static const struct text places[] = {
        {"/usr/", 5}, {"/bin/", 5}, {"/sbin/", 6}, {"/lib", 4}, {"/opt/", 5}};

    if (text_starts(path, TEXT("/usr/local/")))
        return false;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
        if (text_starts(path, places[i]))
            return true;
    return false;
}

/* The path below the root, as packages name it; absent when no package of this root can own it. */
static struct text path_inside(struct text path, struct text root)
{
    while (text_ends(root, TEXT("/")))
        root.size--;
    if (!text_starts(path, root))
        return nothing;
    struct text inside = text_part(path, root.size, SIZE_MAX);
    return is_package_place(inside) ? inside : nothing;
}

/* Asks a process once. False when memory is out. */
static bool know(struct running *running, size_t process, const struct process_facts **out, struct error *err)
{
    struct running_process *known = &running->known[process];

    if (!known->looked && !process_look(&running->processes, running->processes.at[process].pid,
                                        running->arena, &known->facts, err))
        return false;
    known->looked = true;
    *out = &known->facts;
    return true;
}

/* One process and one file that it maps though it was replaced. */
struct old_use {
    uint32_t process, file;
};

/* The search for old code. */
struct search {
    struct running *running;
    bool *replaced; /* beside files */
    struct old_use *uses;
    size_t use_count, use_capacity;
    struct map clues; /* owners_path of what may tell an owner -> index in owners */
    uint32_t *owners; /* what the lists say of it; PACKAGE_NONE: no list names it */
    size_t owner_count, owner_capacity;
};

static bool is_replaced(const struct process_file *file)
{
    struct file_identity now;
    struct error ignored; /* whatever hides it: no name leads to the mapped one any more */

    return file->deleted && (!file_identify(file->path.at, &now, &ignored) || now.inode != file->inode);
}

/* False in *any when nothing is replaced: then nothing else has to be asked. */
static void find_replaced(struct search *search, bool *any)
{
    const struct running *running = search->running;

    *any = false;
    for (size_t i = 0; i < running->processes.file_count; i++) {
        search->replaced[i] = running->inside[i].size > 0 && is_replaced(&running->processes.files[i]);
        *any = *any || search->replaced[i];
    }
}

static bool add_use(struct search *search, uint32_t process, uint32_t file, struct error *err)
{
    struct running *running = search->running;
    struct old_use *grown = arena_grow(running->arena, search->uses, search->use_count, &search->use_capacity,
                                       search->use_count + 1, sizeof(*grown));

    if (grown == NULL)
        return arena_full(running->arena, err);
    search->uses = grown;
    grown[search->use_count++] = (struct old_use){process, file};
    return true;
}

/* Which of our own processes use them. */
static bool find_uses(struct search *search, struct error *err)
{
    struct running *running = search->running;
    const struct processes *all = &running->processes;
    const struct process_facts *facts;

    for (size_t i = 0; i < all->count; i++)
        for (uint32_t u = all->at[i].first; u < all->at[i].first + all->at[i].count; u++) {
            if (!search->replaced[all->uses[u]])
                continue;
            if (!know(running, i, &facts, err))
                return false;
            if (facts->elsewhere || facts->name.size == 0)
                break;
            if (!add_use(search, (uint32_t)i, all->uses[u], err))
                return false;
        }
    return true;
}

/* "libexpat.so.1.8" of "libexpat.so.1.8.10", then "libexpat.so.1": the links that a package keeps. */
static bool cut_version(struct text *path)
{
    const char *dot = memrchr(path->at, '.', path->size);
    size_t size = dot == NULL ? 0 : (size_t)(dot - path->at);
    struct text rest = text_part(*path, 0, size);

    if (size + 1 >= path->size)
        return false;
    for (size_t i = size + 1; i < path->size; i++)
        if (!isdigit((unsigned char)path->at[i]))
            return false;
    if (text_find(rest, TEXT(".so.")) == SIZE_MAX)
        return false;
    *path = rest;
    return true;
}

static struct text folder_of(struct text path)
{
    const char *slash = memrchr(path.at, '/', path.size);

    return text_part(path, 0, (size_t)(slash - path.at));
}

static bool add_clue(struct search *search, struct text path, struct error *err)
{
    struct arena *arena = search->running->arena;
    struct text key = owners_path(path);

    if (map_get(&search->clues, key) != MAP_NONE)
        return true;
    uint32_t *grown = arena_grow(arena, search->owners, search->owner_count, &search->owner_capacity,
                                 search->owner_count + 1, sizeof(*grown));
    if (grown == NULL)
        return arena_full(arena, err);
    search->owners = grown;
    grown[search->owner_count] = PACKAGE_NONE;
    return map_put(&search->clues, key, (uint32_t)search->owner_count++, err);
}

/* The owner that the lists give for this path, or PACKAGE_NONE. */
static uint32_t owner_of(const struct search *search, struct text path)
{
    uint32_t clue = map_get(&search->clues, owners_path(path));

    return clue == MAP_NONE ? PACKAGE_NONE : search->owners[clue];
}

static void found_owner(void *self, uint32_t wanted, uint32_t package)
{
    struct search *search = self;

    if (search->owners[wanted] == PACKAGE_NONE)
        search->owners[wanted] = package;
}

static bool find_owners(struct search *search, struct error *err)
{
    const struct running *running = search->running;

    for (size_t i = 0; i < search->use_count; i++) {
        struct text path = running->inside[search->uses[i].file];
        if (!add_clue(search, folder_of(path), err))
            return false;
        do {
            if (!add_clue(search, path, err))
                return false;
        } while (cut_version(&path));
    }
    if (search->use_count > 0)
        owners_ask_all(running->root, running->host,
                       &(struct owners_sink){.wanted = &search->clues, .self = search, .found = found_owner});
    return true;
}

/* True when it is a package's, or was one's that is gone: then *package is PACKAGE_NONE. */
static bool belongs(const struct search *search, struct text path, uint32_t *package)
{
    struct text name = path;

    do {
        *package = owner_of(search, name);
    } while (*package == PACKAGE_NONE && cut_version(&name));
    return *package != PACKAGE_NONE ||
           (!text_starts(path, TEXT("/opt/")) && owner_of(search, folder_of(path)) != PACKAGE_NONE);
}

static int compare_old(const void *a, const void *b)
{
    const struct old_code *one = a, *other = b;

    if (one->pid != other->pid)
        return one->pid < other->pid ? -1 : 1;
    return text_compare(one->path, other->path);
}

static bool fill_old_code(const struct search *search, struct host *host, struct error *err)
{
    const struct running *running = search->running;
    struct old_code *all = ARENA_ARRAY(running->arena, struct old_code, search->use_count);
    size_t count = 0;
    uint32_t last = 0, package;

    if (all == NULL)
        return arena_full(running->arena, err);
    for (size_t i = 0; i < search->use_count; i++) {
        const struct old_use *use = &search->uses[i];
        const struct process_facts *facts = &running->known[use->process].facts;
        if (!belongs(search, running->inside[use->file], &package))
            continue;
        all[count] = (struct old_code){.pid = running->processes.at[use->process].pid,
                                       .process = facts->name,
                                       .service = facts->service,
                                       .of_user = facts->of_user,
                                       .path = running->inside[use->file],
                                       .package = package};
        host->process_old += all[count].pid != last;
        last = all[count++].pid;
    }
    if (count > 0)
        qsort(all, count, sizeof(*all), compare_old);
    host->old_code = all;
    host->old_code_count = count;
    return true;
}

static bool find_old_code(struct running *running, struct host *host, struct error *err)
{
    struct arena *arena = running->arena;
    struct search search = {.running = running, .clues = map_with(arena)};
    bool any;

    search.replaced = ARENA_ARRAY(arena, bool, running->processes.file_count);
    if (search.replaced == NULL)
        return arena_full(arena, err);
    find_replaced(&search, &any);
    return !any ||
           (find_uses(&search, err) && find_owners(&search, err) && fill_old_code(&search, host, err));
}

static bool place_files(struct running *running, struct error *err)
{
    const struct processes *all = &running->processes;
    struct text root = text_of(running->root);

    running->known = ARENA_ARRAY(running->arena, struct running_process, all->count);
    running->inside = ARENA_ARRAY(running->arena, struct text, all->file_count);
    if (running->known == NULL || running->inside == NULL)
        return arena_full(running->arena, err);
    for (size_t i = 0; i < all->file_count; i++)
        running->inside[i] = path_inside(all->files[i].path, root);
    return true;
}

bool running_look(const struct running_from *from, struct host *host, struct arena *arena,
                  struct running *out, struct error *err)
{
    struct running running = {.root = from->root, .host = host, .arena = arena};

    host->old_code = NULL;
    host->old_code_count = 0;
    host->process_count = host->process_unreadable = host->process_old = 0;
    host->process_hidden = false;
    if (host->live && !processes_read(from->processes, arena, &running.processes, err)) {
        if (err->kind == ERROR_LIMIT)
            return false;
        running.processes = (struct processes){.hidden = true};
    }
    host->process_count = (uint32_t)running.processes.count;
    host->process_unreadable = (uint32_t)running.processes.unreadable;
    host->process_hidden = running.processes.hidden;
    if (!place_files(&running, err) || !find_old_code(&running, host, err))
        return false;
    *out = running;
    return true;
}

/* The question which services use files of some packages. */
struct question {
    struct map paths; /* owners_path -> a file of it */
    uint32_t *next;   /* beside files: another file of the same path, or MAP_NONE */
    bool *used;       /* beside files: the packages own it */
};

static void found_file(void *self, uint32_t wanted, uint32_t package)
{
    struct question *question = self;

    (void)package;
    for (uint32_t file = wanted; file != MAP_NONE; file = question->next[file])
        question->used[file] = true;
}

static bool ask_packages(const struct running *running, struct question *question, const uint32_t *packages,
                         size_t count, struct error *err)
{
    size_t file_count = running->processes.file_count;

    question->paths = map_with(running->arena);
    question->next = ARENA_ARRAY(running->arena, uint32_t, file_count);
    question->used = ARENA_ARRAY(running->arena, bool, file_count);
    if (question->next == NULL || question->used == NULL)
        return arena_full(running->arena, err);
    for (size_t i = 0; i < file_count; i++) {
        struct text key = owners_path(running->inside[i]);
        if (key.size == 0)
            continue;
        question->next[i] = map_get(&question->paths, key);
        if (!map_put(&question->paths, key, (uint32_t)i, err))
            return false;
    }
    for (size_t i = 0; i < count; i++)
        owners_ask(running->root, running->host, packages[i],
                   &(struct owners_sink){.wanted = &question->paths, .self = question, .found = found_file});
    return true;
}

static bool uses_any(const struct processes *all, size_t process, const bool *used)
{
    for (uint32_t u = all->at[process].first; u < all->at[process].first + all->at[process].count; u++)
        if (used[all->uses[u]])
            return true;
    return false;
}

static int compare_texts(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

/* Sorts and leaves each once. */
static size_t sort_names(struct text *names, size_t count)
{
    size_t kept = 0;

    if (count > 0)
        qsort(names, count, sizeof(*names), compare_texts);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !text_equal(names[kept - 1], names[i]))
            names[kept++] = names[i];
    return kept;
}

bool running_services(struct running *running, const uint32_t *packages, size_t count,
                      struct running_services *out, struct error *err)
{
    const struct processes *all = &running->processes;
    struct text *names = ARENA_ARRAY(running->arena, struct text, all->count);
    const struct process_facts *facts;
    struct question question;
    size_t name_count = 0;

    if (names == NULL)
        return arena_full(running->arena, err);
    if (!ask_packages(running, &question, packages, count, err))
        return false;
    for (size_t i = 0; i < all->count; i++) {
        if (!uses_any(all, i, question.used))
            continue;
        if (!know(running, i, &facts, err))
            return false;
        if (!facts->elsewhere && facts->name.size > 0)
            names[name_count++] = facts->service.size > 0 ? facts->service : facts->name;
    }
    *out = (struct running_services){names, sort_names(names, name_count)};
    return true;
}
