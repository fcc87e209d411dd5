#include "cli/print_repo.h"

#include "base/own.h"
#include "cli/words.h"

/* ---- names ---- */

/* Each person once; keys of nobody by the beginning of their id. */
static size_t list_names(const struct tuf_key *const *keys, size_t count, struct text *out,
                         struct arena *arena)
{
    size_t names = 0;

    for (size_t i = 0; i < count; i++) {
        struct text name = keys[i]->online            ? TEXT("the server")
                           : keys[i]->person.size > 0 ? keys[i]->person
                                                      : text_part(keys[i]->id, 0, 8);
        bool seen = false;
        for (size_t k = 0; k < names && !seen; k++)
            seen = text_equal(out[k], name);
        if (!seen)
            out[names++] = text_copy(arena, name);
    }
    return names;
}

static struct text join_names(const struct text *names, size_t count, const char *last, struct arena *arena)
{
    struct text joined = {0};

    for (size_t i = 0; i < count; i++)
        joined = text_format(arena, "%.*s%s%.*s", TEXT_ARG(joined),
                             i == 0                          ? ""
                             : i + 1 < count || last == NULL ? ", "
                                                             : last,
                             TEXT_ARG(names[i]));
    return joined;
}

struct text print_repo_names(const struct tuf_role *role, const char *last, struct arena *arena)
{
    struct text *names = ARENA_ARRAY(arena, struct text, role->key_count + 1);

    return names == NULL
               ? (struct text){0}
               : join_names(names, list_names(role->keys, role->key_count, names, arena), last, arena);
}

struct text print_repo_signers(const struct tuf_signers *signers, struct arena *arena)
{
    const struct tuf_role role = {signers->keys, signers->count, 0};

    return signers->count == 0 ? TEXT("nobody") : print_repo_names(&role, NULL, arena);
}

/* ---- what waits ---- */

static bool is_among(const struct tuf_signers *signers, const struct tuf_key *key)
{
    for (size_t i = 0; i < signers->count; i++)
        if (tuf_key_same(signers->keys[i], key) ||
            (key->person.size > 0 && text_equal(key->person, signers->keys[i]->person)))
            return true;
    return false;
}

/* Those who have not signed. */
static struct text names_left(const struct tuf_role *role, const struct tuf_signers *signers,
                              struct arena *arena)
{
    const struct tuf_key **left = ARENA_ARRAY(arena, const struct tuf_key *, role->key_count);
    size_t count = 0;

    for (size_t i = 0; left != NULL && i < role->key_count; i++)
        if (!is_among(signers, role->keys[i]))
            left[count++] = role->keys[i];
    const struct tuf_role rest = {left, count, 0};
    return print_repo_names(&rest, " or ", arena);
}

static struct text tell_asked(const struct repo_waiting *waiting, size_t i, struct arena *arena)
{
    const struct tuf_role *role = &waiting->asked[i].role;
    const struct tuf_signers *signers = &waiting->asked[i].signers;
    const char *which = waiting->asked_count == 1 ? ""
                        : i == 0                  ? " of the new root"
                                                  : " of the root in force";

    if (signers->count >= role->threshold)
        return text_format(arena, "enough%s: %.*s", which, TEXT_ARG(print_repo_signers(signers, arena)));
    return text_format(arena, "%zu of %u%s (%.*s); then %.*s", signers->count, role->threshold, which,
                       TEXT_ARG(print_repo_signers(signers, arena)),
                       TEXT_ARG(names_left(role, signers, arena)));
}

/* It has to be made anew: its dates are part of what was signed. */
static bool has_expired(const struct repo_waiting *waiting, int64_t now_us)
{
    return !waiting->row->online && waiting->metadata->expires_us <= now_us;
}

static void print_waiting(struct screen *screen, const struct repo *repo, const struct repo_waiting *waiting,
                          int64_t now_us)
{
    struct arena *arena = repo->arena;
    struct text line = text_format(arena, "version %llu: ", (unsigned long long)waiting->metadata->version);
    struct text by = tree_proposed_by(waiting->metadata);

    if (waiting->row->online)
        line = text_format(arena, "%.*sthe server signs it when it is published", TEXT_ARG(line));
    for (size_t i = 0; i < waiting->asked_count && !waiting->row->online; i++)
        line = text_format(arena, "%.*s%s%.*s", TEXT_ARG(line), i > 0 ? "; " : "",
                           TEXT_ARG(tell_asked(waiting, i, arena)));
    if (waiting->held)
        line = text_format(arena, "%.*s; goes out with the new %s", TEXT_ARG(line),
                           tree_role_is_delegated(waiting->row) ? "targets" : "root");
    if (by.size > 0)
        line = text_format(arena, "%.*s (proposed by %.*s)", TEXT_ARG(line), TEXT_ARG(by));
    if (has_expired(waiting, now_us))
        line =
            text_format(arena, "%.*s. It expired while it waited: suture repo rotate %s%s%s", TEXT_ARG(line),
                        repo->folder, waiting->metadata->type == TUF_ROOT ? "" : " --renew ",
                        waiting->metadata->type == TUF_ROOT ? "" : waiting->row->name);
    screen_labelled(screen, PRINT_REPO_LABEL, text_of(waiting->row->name), line,
                    has_expired(waiting, now_us)              ? COLOUR_BAD
                    : waiting->enough || waiting->row->online ? COLOUR_GOOD
                                                              : COLOUR_WARN);
}

static void print_next(struct screen *screen, const struct repo *repo, size_t lacking, size_t ready)
{
    if (lacking > 0)
        screen_labelled(screen, PRINT_REPO_LABEL, TEXT("Next"),
                        text_format(repo->arena,
                                    "each of them reads and signs: suture sign %s/staged/*.json --key FILE",
                                    repo->folder),
                        COLOUR_HEAD);
    if (ready > 0 || lacking > 0)
        screen_labelled(screen, PRINT_REPO_LABEL, lacking > 0 ? TEXT("then") : TEXT("Next"),
                        text_format(repo->arena, "suture repo publish %s", repo->folder), COLOUR_HEAD);
}

/* A rotation that comes to no end without it. */
static bool print_lacking(struct screen *screen, const struct repo *repo, struct error *err)
{
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++) {
        bool lacks = false;
        if (!repo_lacks_version(repo, &tree_roles[i], &lacks, err))
            return false;
        if (lacks)
            screen_labelled(
                screen, PRINT_REPO_LABEL, text_of(tree_roles[i].name),
                text_format(repo->arena,
                            "what is in force was not signed by enough of its new persons, and the new "
                            "root waits for that: suture repo rotate %s --renew %s",
                            repo->folder, tree_roles[i].name),
                COLOUR_WARN);
    }
    return true;
}

bool print_repo_waiting(struct screen *screen, const struct repo *repo, int64_t now_us, struct error *err)
{
    size_t lacking = 0, ready = 0;
    bool told = false;

    for (size_t i = 0; i < TREE_ROLE_COUNT; i++) {
        struct repo_waiting waiting;
        if (!repo_weigh(repo, &tree_roles[i], &waiting, err))
            return false;
        if (waiting.metadata == NULL)
            continue;
        if (!told)
            screen_line(screen, TEXT("Waiting for signatures:"), COLOUR_HEAD);
        told = true;
        print_waiting(screen, repo, &waiting, now_us);
        if (has_expired(&waiting, now_us))
            continue;
        if (waiting.enough || waiting.row->online) {
            ready += !waiting.held;
            continue;
        }
        lacking++;
    }
    if (!print_lacking(screen, repo, err))
        return false;
    print_next(screen, repo, lacking, ready);
    return true;
}

void print_repo_lost(struct screen *screen, size_t count, struct arena *arena)
{
    if (count > 0)
        screen_labelled(
            screen, PRINT_REPO_LABEL, TEXT("(!) signed"),
            text_format(arena, "%.*s for what waited before, and gone: it is another document now",
                        TEXT_ARG(words_count(arena, count, "signature was given", "signatures were given"))),
            COLOUR_WARN);
}

void print_repo_solo(struct screen *screen)
{
    screen_labelled(
        screen, PRINT_REPO_LABEL, TEXT("(!) solo"),
        TEXT("weaker: one key decides alone, and machines wait 24 hours with a notice before they do what "
             "takes two people elsewhere. To grow: suture repo rotate --keys"),
        COLOUR_WARN);
}

void print_repo_soon(struct screen *screen, const struct repo *repo, int64_t now_us)
{
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++) {
        const struct tuf_metadata *in_force = repo_in_force(repo, &tree_roles[i]);
        if (in_force == NULL || tree_roles[i].online || repo->staged[i].raw.size > 0 ||
            in_force->expires_us - now_us >= REPO_SOON_US)
            continue;
        struct text left = words_age(repo->arena, now_us, in_force->expires_us);
        bool gone = in_force->expires_us <= now_us;
        screen_labelled(screen, PRINT_REPO_LABEL, TEXT("(!) expires"),
                        text_format(repo->arena, "%s %s%.*s: suture repo rotate %s%s%s", tree_roles[i].name,
                                    gone ? "has expired" : "in ", gone ? 0 : (int)left.size, left.at,
                                    repo->folder, i == 0 ? "" : " --renew ",
                                    i == 0 ? "" : tree_roles[i].name),
                        gone ? COLOUR_BAD : COLOUR_WARN);
    }
}

enum command_exit print_repo_out(const struct command_call *call, const struct writer *out, struct error *err)
{
    struct bytes bytes;

    if (!writer_done(out, &bytes, err))
        return COMMAND_FAILED;
    (void)fwrite(bytes.at, 1, bytes.size, call->out);
    return COMMAND_DONE;
}
