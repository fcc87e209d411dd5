#include "trust/repo_publish.h"

#include "base/file.h"
#include "base/os.h"
#include "base/own.h"
#include "trust/repo_next.h"
#include "trust/repo_objects.h"

#define ROOT_ROW      0
#define TIMESTAMP_ROW 1
#define SNAPSHOT_ROW  2
#define TARGETS_ROW   3

/* One publishing: what each role will be. */
struct work {
    struct repo *repo;
    const struct repo_publish *with;
    struct repo_document documents[TREE_ROLE_COUNT]; /* metadata NULL: the tree has no such role yet */
    struct tuf_metadata made[TREE_ROLE_COUNT];       /* of what is signed here */
};

static void end_work(struct work *work)
{
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        tuf_metadata_end(&work->made[i]);
}

/* ---- which of what waits can go together ---- */

static bool counts(const struct work *work, const struct tuf_role *role, const struct tuf_metadata *metadata,
                   bool *out, struct error *err)
{
    struct tuf_signers signers = {0};

    if (metadata != NULL && !tuf_count(role, metadata, work->repo->arena, &signers, err))
        return false;
    *out = metadata != NULL && role->threshold > 0 && signers.count >= role->threshold;
    return true;
}

/* What expired while it waited for signatures is as good as not there. */
static struct repo_document staged_document(const struct work *work, size_t row)
{
    const struct repo_staged *staged = &work->repo->staged[row];

    return staged->raw.size == 0 || staged->metadata.expires_us <= work->with->now_us
               ? (struct repo_document){0}
               : (struct repo_document){&staged->metadata, staged->raw, true};
}

static struct repo_document document_in_force(const struct repo *repo, size_t row)
{
    return (struct repo_document){.metadata = repo_in_force(repo, &tree_roles[row])};
}

/*
 * The staged version where enough of the role signed it, else the one in force where they still do. While other seats
 * wait for their root or targets, what is staged has to satisfy these too: else it would be in force, and stand in the
 * way of the new seats.
 */
static bool choose(const struct work *work, size_t row, const struct tuf_role *role,
                   struct repo_document *out, struct error *err)
{
    const struct repo_document staged = staged_document(work, row);
    const struct repo_document in_force = document_in_force(work->repo, row);
    const struct tuf_role to_come = repo_role(work->repo, &tree_roles[row]);
    bool enough = false;

    if (!counts(work, role, staged.metadata, &enough, err) ||
        (enough && !tree_seats_same(role, &to_come) &&
         !counts(work, &to_come, staged.metadata, &enough, err)))
        return error_at(err, "%s", tree_roles[row].name);
    if (enough) {
        *out = staged;
        return true;
    }
    if (!counts(work, role, in_force.metadata, &enough, err))
        return error_at(err, "%s", tree_roles[row].name);
    *out = enough ? in_force : (struct repo_document){0};
    return true;
}

static const struct tuf_delegation *delegation_of(const struct tuf_metadata *targets, size_t row)
{
    for (size_t i = 0; i < targets->delegation_count; i++)
        if (text_equal(targets->delegations[i].name, text_of(tree_roles[row].name)))
            return &targets->delegations[i];
    return NULL;
}

static bool choose_root(struct work *work, bool staged, bool *fits, struct error *err)
{
    const struct tuf_metadata *in_force = repo_in_force(work->repo, &tree_roles[ROOT_ROW]);
    struct repo_document *out = &work->documents[ROOT_ROW];

    *out = staged ? staged_document(work, ROOT_ROW) : document_in_force(work->repo, ROOT_ROW);
    *fits = out->metadata != NULL;
    if (*fits && staged && !counts(work, &out->metadata->roles[TUF_ROOT], out->metadata, fits, err))
        return false;
    if (*fits && staged && in_force != NULL)
        return counts(work, &in_force->roles[TUF_ROOT], out->metadata, fits, err);
    return true;
}

/* Whether all roles have a version that holds, with this choice of root and targets (of which see choose). */
static bool try_choice(struct work *work, bool new_root, bool new_targets, bool *fits, struct error *err)
{
    struct repo_document *targets = &work->documents[TARGETS_ROW];

    if (!choose_root(work, new_root, fits, err))
        return false;
    if (!*fits)
        return true;
    *targets = new_targets ? staged_document(work, TARGETS_ROW) : document_in_force(work->repo, TARGETS_ROW);
    const struct tuf_role to_come = repo_role(work->repo, &tree_roles[TARGETS_ROW]);
    if (!counts(work, &work->documents[ROOT_ROW].metadata->roles[TUF_TARGETS], targets->metadata, fits,
                err) ||
        (*fits && new_targets && !counts(work, &to_come, targets->metadata, fits, err)))
        return false;
    if (!*fits)
        return true;
    for (size_t row = TARGETS_ROW + 1; row < TREE_ROLE_COUNT; row++) {
        const struct tuf_delegation *delegation = delegation_of(targets->metadata, row);
        work->documents[row] = (struct repo_document){0};
        if (tree_roles[row].online || delegation == NULL)
            continue;
        if (!choose(work, row, &delegation->role, &work->documents[row], err))
            return false;
        if (work->documents[row].metadata == NULL) {
            *fits = false;
            return true;
        }
    }
    return true;
}

/* Before the first publishing there is nothing to fall back on: names what is lacking. */
static bool fail_lacking(const struct work *work, struct error *err)
{
    OWN(writer_end) struct writer names = writer_with(1024);
    struct repo_waiting waiting;
    size_t count = 0;

    for (size_t i = 0; i < TREE_ROLE_COUNT; i++) {
        if (!repo_weigh(work->repo, &tree_roles[i], &waiting, err))
            return false;
        if (waiting.metadata != NULL && !waiting.enough && !tree_roles[i].online)
            writer_format(&names, "%s%s", count++ > 0 ? ", " : "", tree_roles[i].name);
    }
    struct bytes list = writer_bytes(&names);
    return error_set(err, ERROR_TRUST, "threshold: too few signatures yet on %.*s", (int)list.size,
                     (const char *)list.at);
}

static bool choose_all(struct work *work, struct error *err)
{
    static const bool choices[][2] = {{true, true}, {true, false}, {false, true}, {false, false}};

    for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
        bool fits = false;
        if (!try_choice(work, choices[i][0], choices[i][1], &fits, err))
            return false;
        if (fits)
            return true;
    }
    return fail_lacking(work, err);
}

/* ---- what the server signs ---- */

static struct tuf_role role_of(const struct work *work, size_t row)
{
    const struct tuf_metadata *root = work->documents[ROOT_ROW].metadata;

    if (row == TIMESTAMP_ROW)
        return root->roles[TUF_TIMESTAMP];
    if (row == SNAPSHOT_ROW)
        return root->roles[TUF_SNAPSHOT];
    const struct tuf_delegation *delegation = delegation_of(work->documents[TARGETS_ROW].metadata, row);
    return delegation == NULL ? (struct tuf_role){0} : delegation->role;
}

static const struct signer *signer_for(const struct work *work, const struct tuf_role *role)
{
    for (size_t i = 0; i < work->with->signer_count; i++)
        for (size_t k = 0; k < role->key_count; k++)
            if (work->with->signers[i].state != NULL &&
                text_equal(role->keys[k]->id, work->with->signers[i].key.id) &&
                tuf_key_same(role->keys[k], &work->with->signers[i].key))
                return &work->with->signers[i];
    return NULL;
}

static bool make(struct work *work, size_t row, struct tuf_draft *draft, struct error *err)
{
    const struct tuf_metadata *in_force = repo_in_force(work->repo, &tree_roles[row]);
    const struct tuf_role role = role_of(work, row);
    const struct signer *signer = signer_for(work, &role);
    struct arena *arena = work->repo->arena;
    struct bytes raw;

    if (signer == NULL)
        return error_set(
            err, ERROR_ABSENT,
            "%s: no key here may sign it; the one that may is %.*s, and repository.json says where "
            "online keys lie",
            tree_roles[row].name,
            TEXT_ARG(role.key_count > 0 ? text_part(role.keys[0]->id, 0, 16) : TEXT("nobody's")));
    draft->says.version = in_force == NULL ? 1 : in_force->version + 1;
    draft->says.expires_us = work->with->now_us + tree_roles[row].lasts_us;
    draft->made_us = work->with->now_us;
    if (!tuf_write(draft, arena, &raw, err) || !tuf_write_signed(raw, signer, arena, &raw, err) ||
        !tuf_metadata_parse(raw, draft->says.type, arena, &work->made[row], err))
        return error_at(err, "%s", tree_roles[row].name);
    work->documents[row] = (struct repo_document){&work->made[row], raw, true};
    return true;
}

/* In the second half of its life, or made by nobody who may still sign. */
static bool is_due(const struct work *work, size_t row, const struct tuf_metadata *metadata, bool *out,
                   struct error *err)
{
    const struct tuf_role role = role_of(work, row);
    bool enough = false;

    if (!counts(work, &role, metadata, &enough, err))
        return false;
    *out = !enough || metadata->expires_us - work->with->now_us < tree_roles[row].lasts_us / 2;
    return true;
}

static bool make_delegated(struct work *work, size_t row, struct error *err)
{
    const struct tuf_metadata *in_force = repo_in_force(work->repo, &tree_roles[row]);
    const struct tuf_metadata *latest = repo_latest(work->repo, &tree_roles[row]);
    struct tuf_draft draft = {.says = {.type = TUF_TARGETS}};
    bool due = latest != in_force || latest == NULL;

    if (!due && !is_due(work, row, in_force, &due, err))
        return false;
    work->documents[row] = document_in_force(work->repo, row);
    if (latest != NULL)
        draft = tuf_draft_of(latest);
    return !due || make(work, row, &draft, err);
}

static bool describe(const struct work *work, size_t row, struct tuf_file *out, struct error *err)
{
    const struct repo_document *document = &work->documents[row];
    struct text name = text_format(work->repo->arena, "%s.json", tree_roles[row].name);
    const struct tuf_file *former;
    struct digest digest;

    if (name.at == NULL)
        return arena_full(work->repo->arena, err);
    if (!document->fresh) {
        former = tuf_trusted_meta(work->repo->published, text_of(tree_roles[row].name));
        *out = *former;
        return true;
    }
    *out = (struct tuf_file){.name = name,
                             .version = document->metadata->version,
                             .length_known = true,
                             .length = document->raw.size};
    return digest_bytes(DIGEST_SHA256, document->raw, &digest, err) &&
           tuf_file_set_sha256(out, &digest, work->repo->arena, err);
}

static bool make_snapshot(struct work *work, struct error *err)
{
    const struct tuf_metadata *in_force = repo_in_force(work->repo, &tree_roles[SNAPSHOT_ROW]);
    struct tuf_file files[TREE_ROLE_COUNT];
    struct tuf_draft draft = {.says = {.type = TUF_SNAPSHOT, .files = {files, 0}}};
    bool due = in_force == NULL;

    for (size_t row = TARGETS_ROW; row < TREE_ROLE_COUNT; row++) {
        if (work->documents[row].metadata == NULL)
            continue;
        if (!describe(work, row, &files[draft.says.files.count++], err))
            return false;
        due = due || work->documents[row].fresh;
    }
    work->documents[SNAPSHOT_ROW] = document_in_force(work->repo, SNAPSHOT_ROW);
    if (!due && !is_due(work, SNAPSHOT_ROW, in_force, &due, err))
        return false;
    return !due || make(work, SNAPSHOT_ROW, &draft, err);
}

static bool make_timestamp(struct work *work, struct error *err)
{
    struct tuf_file snapshot;
    struct tuf_draft draft = {.says = {.type = TUF_TIMESTAMP, .files = {&snapshot, 1}}};

    return describe(work, SNAPSHOT_ROW, &snapshot, err) && make(work, TIMESTAMP_ROW, &draft, err);
}

static bool make_online(struct work *work, struct error *err)
{
    for (size_t row = TARGETS_ROW + 1; row < TREE_ROLE_COUNT; row++)
        if (tree_roles[row].online && delegation_of(work->documents[TARGETS_ROW].metadata, row) != NULL &&
            !make_delegated(work, row, err))
            return false;
    return make_snapshot(work, err) && make_timestamp(work, err);
}

/* ---- in the place of what was there ---- */

static bool publish_objects(const struct work *work, struct error *err)
{
    for (size_t row = TARGETS_ROW; row < TREE_ROLE_COUNT; row++)
        if (work->documents[row].fresh &&
            !repo_objects_publish(work->repo, work->documents[row].metadata, err))
            return error_at(err, "%s", tree_roles[row].name);
    return true;
}

/*
 * The time that the next state is judged at. What expired of people, and nobody signed anew, is refused by machines and
 * said to people; it must not keep everything else from staying fresh. So it is the last moment at which all of it held.
 */
static int64_t judged_at(const struct work *work)
{
    int64_t at_us = work->with->now_us;

    for (size_t row = 0; row < TREE_ROLE_COUNT; row++) {
        const struct tuf_metadata *metadata = work->documents[row].metadata;
        if (metadata != NULL && !work->documents[row].fresh && metadata->expires_us <= at_us)
            at_us = metadata->expires_us - TIME_SECOND_US;
    }
    return at_us;
}

static bool check_next(const struct work *work, struct error *err)
{
    const struct repo *repo = work->repo;
    OWN(tuf_trusted_end) struct tuf_trusted *fresh = NULL;
    const int64_t at_us = judged_at(work);

    return repo_read_metadata(repo->next, at_us, repo->arena, &fresh, err) &&
           (repo->published == NULL ||
            repo_check_update(repo->metadata, repo->next, at_us, repo->arena, err));
}

static bool exchange(const struct repo *repo, struct error *err)
{
    const char *public = file_path(repo->arena, repo->folder, "public");

    if (public == NULL)
        return arena_full(repo->arena, err);
    return os_exchange(repo->next, repo->metadata, err) && file_sync_folder(public, err) &&
           file_sync_folder(repo->folder, err);
}

/* What is in force does not wait any more. Names of documents that are still used stay in the arena. */
static bool drop_staged(struct work *work, struct error *err)
{
    for (size_t row = 0; row < TREE_ROLE_COUNT; row++) {
        const char *path =
            repo_metadata_path(work->repo->staged_folder, tree_roles[row].name, 0, work->repo->arena);
        if (path == NULL)
            return arena_full(work->repo->arena, err);
        if (work->documents[row].fresh && work->repo->staged[row].raw.size > 0 && !file_remove(path, err))
            return false;
    }
    return true;
}

/* Keys that root names no more, once no other root is to come. */
static bool forget_online(const struct work *work, struct error *err)
{
    struct repo *repo = work->repo;
    const char *kept[REPO_ONLINE_MAX];
    size_t count = 0;

    if (repo->staged[ROOT_ROW].raw.size > 0 && !work->documents[ROOT_ROW].fresh)
        return true;
    for (size_t i = 0; i < repo->online_count && i < work->with->signer_count; i++) {
        const struct repo_publish one = {&work->with->signers[i], 1, work->with->now_us};
        const struct work alone = {.repo = repo, .with = &one};
        if (signer_for(&alone, &work->documents[ROOT_ROW].metadata->roles[TUF_TIMESTAMP]) != NULL)
            kept[count++] = repo->online[i];
    }
    return count == 0 || count == repo->online_count ||
           repo_write_settings(repo->folder, kept, count, repo->arena, err);
}

static bool clear_away(struct work *work, const struct repo_history *history, struct repo_published *out,
                       struct error *err)
{
    struct repo *repo = work->repo;
    const struct tuf_metadata **documents =
        ARENA_ARRAY(repo->arena, const struct tuf_metadata *, history->count + TREE_ROLE_COUNT);
    bool waits[TREE_ROLE_COUNT] = {false};
    size_t count = 0;

    if (documents == NULL)
        return arena_full(repo->arena, err);
    for (size_t i = 0; i < history->count; i++)
        documents[count++] = &history->at[i];
    for (size_t row = TARGETS_ROW; row < TREE_ROLE_COUNT; row++) {
        waits[row] = repo->staged[row].raw.size > 0 && !work->documents[row].fresh;
        if (work->documents[row].metadata != NULL)
            documents[count++] = work->documents[row].metadata;
    }
    return file_remove_tree(repo->next, err) && drop_staged(work, err) && forget_online(work, err) &&
           repo_objects_prune(repo, documents, count, waits, &out->removed, err);
}

bool repo_publish(struct repo *repo, const struct repo_publish *with, struct repo_published *out,
                  struct error *err)
{
    OWN(end_work) struct work work = {.repo = repo, .with = with};
    OWN(repo_history_end) struct repo_history history = {0};
    struct repo_published published = {0};

    if (!choose_all(&work, err) || !make_online(&work, err) ||
        !repo_next_history(repo, &work.documents[SNAPSHOT_ROW], with->now_us - REPO_KEEP_US, &history, err) ||
        !publish_objects(&work, err) || !repo_next_build(repo, work.documents, &history, err))
        return false;
    if (!check_next(&work, err))
        return error_at(err, "not published");
    if (!exchange(repo, err))
        return false;
    for (size_t row = 0; row < TREE_ROLE_COUNT; row++)
        published.versions[row] = work.documents[row].fresh ? work.documents[row].metadata->version : 0;
    if (!clear_away(&work, &history, &published, err))
        return error_at(err, "published, but not cleared away");
    *out = published;
    return true;
}
