#include "store/evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "base/writer.h"

#define FOLDER   "evidence"
#define HEAD     "suture-evidence 1\n"
#define HEAD_MAX 256
#define LOCK_TRIES                                                                                           \
    100 /* whoever adds holds the lock for milliseconds: two seconds are a crash or a dead disk */
#define LOCK_TRY_NS 20000000
#define NAMES_MAX   (LIMIT_EVIDENCE_RECORDS + 16)

/* ---- the head ---- */

/* "NAME VALUE" and the line's end. */
static bool take_line(struct text *rest, const char *name, struct text *out, struct error *err)
{
    struct text line, word;

    if (text_find_byte(*rest, '\n') == SIZE_MAX || !text_cut(rest, '\n', &line) ||
        !text_cut(&line, ' ', &word) || !text_equal(word, text_of(name)))
        return error_set(err, ERROR_INPUT, "no line \"%s\" where it should stand", name);
    *out = line;
    return true;
}

static bool is_chain(struct text name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!((name.at[i] >= '0' && name.at[i] <= '9') || (name.at[i] >= 'a' && name.at[i] <= 'f')))
            return false;
    return name.size == EVIDENCE_CHAIN_SIZE - 1;
}

bool evidence_head_parse(struct bytes raw, struct evidence_head *out, struct error *err)
{
    struct text rest = {(const char *)raw.at, raw.size}, chain = {0}, number = {0}, digest = {0};
    struct evidence_head head = {.number = 0};

    if (!text_starts(rest, TEXT(HEAD)))
        return error_set(err, ERROR_INPUT, "is no head of evidence that this version knows");
    rest = text_part(rest, sizeof(HEAD) - 1, SIZE_MAX);
    if (!take_line(&rest, "chain", &chain, err) || !take_line(&rest, "number", &number, err) ||
        !take_line(&rest, "sha256", &digest, err))
        return false;
    if (!is_chain(chain))
        return error_set(err, ERROR_INPUT, "chain: is no name of 32 digits");
    if (!text_to_u64(number, &head.number, err))
        return error_at(err, "number");
    if (head.number > LIMIT_EVIDENCE_RECORDS)
        return error_set(err, ERROR_LIMIT, "number: more than %d records", LIMIT_EVIDENCE_RECORDS);
    if (!digest_parse(DIGEST_SHA256, digest, &head.digest, err))
        return error_at(err, "sha256");
    if (rest.size > 0)
        return error_set(err, ERROR_INPUT, "something follows the end");
    memcpy(head.chain, chain.at, chain.size);
    *out = head;
    return true;
}

static bool head_write(const struct state *state, struct arena *arena, const struct evidence_head *head,
                       struct error *err)
{
    char hex[DIGEST_HEX_MAX + 1];
    const char *path = state_path(state, arena, FOLDER "/head");

    digest_hex(&head->digest, hex);
    struct text content =
        text_format(arena, HEAD "chain %s\nnumber %" PRIu64 "\nsha256 %s\n", head->chain, head->number, hex);
    if (path == NULL || content.at == NULL)
        return arena_full(arena, err);
    return file_replace(path, bytes_of_text(content), 0600, err);
}

bool evidence_head_read(const struct state *state, struct arena *arena, struct evidence_head *out,
                        struct error *err)
{
    const char *path = state_path(state, arena, FOLDER "/head");
    struct bytes raw;

    if (path == NULL)
        return arena_full(arena, err);
    return file_read(path, HEAD_MAX, arena, &raw, err) &&
           (evidence_head_parse(raw, out, err) || error_at(err, "%s", path));
}

/* ---- records ---- */

char *evidence_path(const struct state *state, uint64_t number, struct arena *arena)
{
    struct text name = text_format(arena, FOLDER "/%08" PRIu64 ".json", number);

    return name.at == NULL ? NULL : state_path(state, arena, name.at);
}

bool evidence_read(const struct state *state, uint64_t number, struct arena *arena, struct bytes *out,
                   struct error *err)
{
    const char *path = evidence_path(state, number, arena);
    struct bytes raw = {0};

    if (path == NULL)
        return arena_full(arena, err);
    if (!file_read(path, LIMIT_EVIDENCE_RECORD + 1, arena, &raw, err))
        return false;
    if (raw.size > 0 && raw.at[raw.size - 1] == '\n')
        raw.size--;
    *out = raw;
    return true;
}

/* 0 for what is no record's name. */
static uint64_t number_of(struct text name)
{
    uint64_t number = 0;
    struct error ignored; /* the folder also has the head, the lock and what was torn */

    if (!text_ends(name, TEXT(".json")) || name.size < sizeof("00000000.json") - 1 ||
        !text_to_u64(text_part(name, 0, name.size - 5), &number, &ignored))
        return 0;
    return number;
}

bool evidence_last(const struct state *state, struct arena *arena, uint64_t *out, struct error *err)
{
    const char *folder = state_path(state, arena, FOLDER);
    struct file_names names;
    uint64_t last = 0;

    if (folder == NULL)
        return arena_full(arena, err);
    if (!file_list(folder, NAMES_MAX, arena, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        uint64_t number = number_of(names.names[i]);
        last = number > last ? number : last;
    }
    *out = last;
    return true;
}

/* ---- adding ---- */

static bool wait_for_lock(const char *path, int *out, struct error *err)
{
    const struct timespec pause = {.tv_nsec = LOCK_TRY_NS};

    for (int i = 0; i < LOCK_TRIES; i++) {
        if (file_lock(path, out, err))
            return true;
        if (err->kind != ERROR_CONFLICT)
            return false;
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

/* A chain begins with its name, random so that no other machine's has the same. */
static bool begin_chain(struct evidence_add *add, struct error *err)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t drawn[(EVIDENCE_CHAIN_SIZE - 1) / 2];
    struct evidence_head head = {.digest = {.kind = DIGEST_SHA256}};

    os_random(drawn, sizeof(drawn));
    for (size_t i = 0; i < sizeof(drawn); i++) {
        head.chain[2 * i] = digits[drawn[i] >> 4];
        head.chain[2 * i + 1] = digits[drawn[i] & 15];
    }
    if (!head_write(add->state, add->arena, &head, err))
        return false;
    add->head = head;
    return true;
}

/* Only a folder without records may have no head: the first thing that is ever written is one. */
static bool read_head(struct evidence_add *add, struct error *err)
{
    struct error cause = {0};
    uint64_t last;

    if (evidence_head_read(add->state, add->arena, &add->head, &cause))
        return true;
    if (cause.kind != ERROR_ABSENT) {
        *err = cause;
        return false;
    }
    if (!evidence_last(add->state, add->arena, &last, err))
        return false;
    if (last > 0)
        return error_set(err, ERROR_TRUST,
                         "%s/" FOLDER ": its head is gone, so it is not known where its %" PRIu64
                         " records end: move the folder away, and a new chain begins",
                         add->state->folder, last);
    return begin_chain(add, err);
}

static bool read_unfinished(struct evidence_add *add, struct error *err)
{
    struct error cause = {0};

    add->unfinished = (struct bytes){0};
    if (evidence_read(add->state, add->head.number + 1, add->arena, &add->unfinished, &cause))
        return true;
    if (cause.kind == ERROR_ABSENT)
        return true;
    *err = cause;
    return false;
}

/* What somebody was filling when the power went: it has no record's name yet. */
static bool remove_halves(const struct evidence_add *add, const char *folder, struct error *err)
{
    struct file_names names;

    if (!file_list(folder, NAMES_MAX, add->arena, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        if (text_find(names.names[i], TEXT(".new-")) == SIZE_MAX)
            continue;
        const char *path = file_path(add->arena, folder, names.names[i].at);
        if (path == NULL)
            return arena_full(add->arena, err);
        if (unlink(path) != 0)
            return error_system(err, "%s", path);
    }
    return true;
}

bool evidence_add_begin(const struct state *state, struct arena *arena, struct evidence_add *out,
                        struct error *err)
{
    OWN(evidence_add_end) struct evidence_add add = {.state = state, .arena = arena, .lock = -1};
    const char *folder, *lock = state_path(state, arena, FOLDER "/lock");

    if (lock == NULL)
        return arena_full(arena, err);
    if (!state_make_folder(state, arena, FOLDER, &folder, err) || !wait_for_lock(lock, &add.lock, err) ||
        !remove_halves(&add, folder, err) || !read_head(&add, err) || !read_unfinished(&add, err))
        return false;
    if (add.head.number >= LIMIT_EVIDENCE_RECORDS)
        return error_set(err, ERROR_LIMIT, "%s: more than %d records", folder, LIMIT_EVIDENCE_RECORDS);
    *out = add;
    add.lock = -1; /* it is the caller's now */
    return true;
}

static bool name_in_head(struct evidence_add *add, struct bytes record, struct error *err)
{
    struct evidence_head head = add->head;

    head.number++;
    if (!digest_bytes(DIGEST_SHA256, record, &head.digest, err) ||
        !head_write(add->state, add->arena, &head, err))
        return false;
    add->head = head;
    return true;
}

bool evidence_add_adopt(struct evidence_add *add, struct error *err)
{
    if (!name_in_head(add, add->unfinished, err))
        return false;
    return read_unfinished(add, err);
}

bool evidence_add_set_aside(struct evidence_add *add, struct error *err)
{
    const char *path = evidence_path(add->state, add->head.number + 1, add->arena);
    struct text aside = text_format(add->arena, FOLDER "/%08" PRIu64 ".torn", add->head.number + 1);
    const char *to = aside.at == NULL ? NULL : state_path(add->state, add->arena, aside.at);

    if (path == NULL || to == NULL)
        return arena_full(add->arena, err);
    if (rename(path, to) != 0)
        return error_system(err, "%s", path);
    add->unfinished = (struct bytes){0};
    return true;
}

bool evidence_add_commit(struct evidence_add *add, struct bytes record, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_EVIDENCE_RECORD + 1);
    const char *path = evidence_path(add->state, add->head.number + 1, add->arena);
    struct bytes line;

    if (path == NULL)
        return arena_full(add->arena, err);
    writer_put(&w, record);
    writer_byte(&w, '\n');
    return writer_done(&w, &line, err) && file_create(path, line, 0600, err) &&
           name_in_head(add, record, err);
}

void evidence_add_end(struct evidence_add *add)
{
    own_fd(&add->lock);
}
