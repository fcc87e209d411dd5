#include "drill/small_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/tuf_path.h"

#define DOCUMENT_MAX (1024 * KIB)
#define ALWAYS       "2028-01-01T00:00:00Z" /* people's documents outlive the drill */
#define PEOPLE       5

/* ---- keys ---- */

static const char *person_of(size_t key)
{
    static const char *const people[] = {"anna", "ben", "carla", "dan", "eve", NULL, NULL, "anna"};

    return key < sizeof(people) / sizeof(*people) ? people[key] : NULL;
}

static size_t key_of(char letter)
{
    return (size_t)(letter - '0') % SMALL_TREE_KEYS;
}

static void put_key(const struct small_tree *tree, struct writer *w, size_t key)
{
    char hex[PUBLIC_KEY_HEX_SIZE + 1];

    public_key_hex(&tree->keys[key].public_key, hex);
    writer_format(
        w, "\"key-%02zu\":{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"%s\"},\"scheme\":\"ed25519\"",
        key, hex);
    if (person_of(key) != NULL)
        writer_format(w, ",\"x-suture-person\":\"%s\"", person_of(key));
    writer_string(w, "}");
}

static void put_keys(const struct small_tree *tree, struct writer *w, const struct small_role *roles,
                     size_t count)
{
    bool used[SMALL_TREE_KEYS] = {false}, first = true;

    for (size_t i = 0; i < count; i++)
        for (const char *at = roles[i].keys; *at != 0; at++)
            used[key_of(*at)] = true;
    writer_string(w, "\"keys\":{");
    for (size_t key = 0; key < SMALL_TREE_KEYS; key++) {
        if (!used[key])
            continue;
        writer_string(w, first ? "" : ",");
        put_key(tree, w, key);
        first = false;
    }
    writer_string(w, "}");
}

static void put_key_ids(struct writer *w, const char *keys)
{
    writer_string(w, "\"keyids\":[");
    for (const char *at = keys; *at != 0; at++)
        writer_format(w, "%s\"key-%02zu\"", at == keys ? "" : ",", key_of(*at));
    writer_string(w, "]");
}

/* ---- documents, in canonical form: members sorted, no spaces, so that the text is what is signed ---- */

static struct text done(const struct small_tree *tree, const struct writer *w)
{
    const struct bytes all = writer_bytes(w);

    return writer_ok(w) ? text_copy(tree->run->arena, (struct text){(const char *)all.at, all.size})
                        : (struct text){0};
}

static void put_end(struct writer *w, unsigned version)
{
    writer_format(w, ",\"version\":%u}", version);
}

struct text small_tree_root(const struct small_tree *tree, unsigned version, const char *expires,
                            const struct small_role roles[4])
{
    OWN(writer_end) struct writer w = writer_with(DOCUMENT_MAX);

    writer_format(&w, "{\"_type\":\"root\",\"consistent_snapshot\":true,\"expires\":\"%s\",", expires);
    put_keys(tree, &w, roles, 4);
    writer_string(&w, ",\"roles\":{");
    for (size_t i = 0; i < 4; i++) {
        writer_format(&w, "%s\"%s\":{", i == 0 ? "" : ",", roles[i].name);
        put_key_ids(&w, roles[i].keys);
        writer_format(&w, ",\"threshold\":%u}", roles[i].threshold);
    }
    writer_string(&w, "},\"spec_version\":\"1.0.34\"");
    put_end(&w, version);
    return done(tree, &w);
}

struct text small_tree_plain_root(const struct small_tree *tree, unsigned version, const char *expires,
                                  const char *online)
{
    const struct small_role roles[] = {{"root", EVERYBODY, 3, NULL},
                                       {"snapshot", online, 1, NULL},
                                       {"targets", ANNA BEN CARLA, 2, NULL},
                                       {"timestamp", online, 1, NULL}};

    return small_tree_root(tree, version, expires, roles);
}

static void put_digest(struct writer *w, struct bytes raw)
{
    char hex[DIGEST_HEX_MAX + 1] = "";
    struct digest digest;
    struct error err;

    if (digest_bytes(DIGEST_SHA256, raw, &digest, &err))
        digest_hex(&digest, hex);
    writer_format(w, "{\"hashes\":{\"sha256\":\"%s\"},\"length\":%zu", hex, raw.size);
}

struct text small_tree_timestamp(const struct small_tree *tree, unsigned version, const char *expires,
                                 unsigned snapshot, struct bytes raw)
{
    OWN(writer_end) struct writer w = writer_with(DOCUMENT_MAX);

    writer_format(&w, "{\"_type\":\"timestamp\",\"expires\":\"%s\",\"meta\":{\"snapshot.json\":", expires);
    put_digest(&w, raw);
    writer_format(&w, ",\"version\":%u}},\"spec_version\":\"1.0.34\"", snapshot);
    put_end(&w, version);
    return done(tree, &w);
}

struct text small_tree_snapshot(const struct small_tree *tree, unsigned version, const char *expires,
                                const char *names)
{
    OWN(writer_end) struct writer w = writer_with(DOCUMENT_MAX);
    struct text rest = text_of(names), word, name;
    bool first = true;

    writer_format(&w, "{\"_type\":\"snapshot\",\"expires\":\"%s\",\"meta\":{", expires);
    while (text_cut_word(&rest, &word)) {
        (void)text_cut(&word, '=', &name);
        writer_format(&w, "%s\"%.*s.json\":{\"version\":%.*s}", first ? "" : ",", TEXT_ARG(name),
                      TEXT_ARG(word));
        first = false;
    }
    writer_string(&w, "},\"spec_version\":\"1.0.34\"");
    put_end(&w, version);
    return done(tree, &w);
}

static void put_path(struct writer *w, const struct small_role *role)
{
    const struct tree_role *row = tree_role_find(text_of(role->name));

    if (role->path != NULL || row == NULL) {
        writer_format(w, "\"%s\"", role->path == NULL ? "*" : role->path);
        return;
    }
    for (size_t i = 0; i < 4 && row->paths[i] != NULL; i++)
        writer_format(w, "%s\"%s\"", i == 0 ? "" : ",", row->paths[i]);
}

static void put_delegations(const struct small_tree *tree, struct writer *w,
                            const struct small_role *delegations)
{
    size_t count = 0;

    while (delegations[count].name != NULL)
        count++;
    writer_string(w, "\"delegations\":{");
    put_keys(tree, w, delegations, count);
    writer_string(w, ",\"roles\":[");
    for (size_t i = 0; i < count; i++) {
        writer_string(w, i == 0 ? "{" : ",{");
        put_key_ids(w, delegations[i].keys);
        writer_format(w, ",\"name\":\"%s\",\"paths\":[", delegations[i].name);
        put_path(w, &delegations[i]);
        writer_format(w, "],\"terminating\":false,\"threshold\":%u}", delegations[i].threshold);
    }
    writer_string(w, "]},");
}

struct text small_tree_targets(const struct small_tree *tree, unsigned version, const char *expires,
                               const struct small_role *delegations, struct text path, struct bytes file)
{
    OWN(writer_end) struct writer w = writer_with(DOCUMENT_MAX);

    writer_string(&w, "{\"_type\":\"targets\",");
    if (delegations != NULL)
        put_delegations(tree, &w, delegations);
    writer_format(&w, "\"expires\":\"%s\",\"spec_version\":\"1.0.34\",\"targets\":{", expires);
    if (path.size > 0) {
        writer_format(&w, "\"%.*s\":", TEXT_ARG(path));
        put_digest(&w, file);
        writer_string(&w, "}");
    }
    writer_format(&w, "},\"version\":%u", version);
    if (tree->proposer != NULL && path.size > 0)
        writer_format(&w, ",\"x-suture-proposed-by\":\"%s\"", tree->proposer);
    writer_string(&w, "}");
    return done(tree, &w);
}

struct bytes small_tree_sign(const struct small_tree *tree, struct text signed_part, const char *signers)
{
    OWN(writer_end) struct writer w = writer_with(DOCUMENT_MAX);
    char hex[SIGNATURE_HEX_SIZE + 1];
    struct signature signature;
    struct error err;

    if (signed_part.at == NULL)
        return (struct bytes){0};
    writer_string(&w, "{\"signatures\":[");
    for (const char *at = signers; *at != 0; at++) {
        if (!signature_sign(&tree->keys[key_of(*at)], bytes_of_text(signed_part), &signature, &err))
            return (struct bytes){0};
        signature_hex(&signature, hex);
        writer_format(&w, "%s{\"keyid\":\"key-%02zu\",\"sig\":\"%s\"}", at == signers ? "" : ",", key_of(*at),
                      hex);
    }
    writer_string(&w, "],\"signed\":");
    writer_text(&w, signed_part);
    writer_string(&w, "}");
    return bytes_of_text(done(tree, &w));
}

/* ---- the server ---- */

void small_tree_serve(struct small_tree *tree, struct text name, struct bytes content)
{
    size_t i = 0;

    while (i < tree->file_count && !text_equal(tree->files[i].name, name))
        i++;
    if (i == SMALL_TREE_FILES || name.at == NULL)
        return; /* what is missing then is missing at the machine, which says so */
    tree->files[i] = (struct small_file){name, content};
    if (i == tree->file_count)
        tree->file_count++;
}

void small_tree_serve_root(struct small_tree *tree, unsigned version, struct bytes content)
{
    small_tree_serve(tree, tuf_path_metadata(TEXT("root"), version, tree->run->arena), content);
}

static const struct small_file *find_file(const struct small_tree *tree, struct text name)
{
    for (size_t i = 0; i < tree->file_count; i++)
        if (text_equal(tree->files[i].name, name) && tree->files[i].content.at != NULL)
            return &tree->files[i];
    return NULL;
}

static bool bring(void *self, struct text name, uint64_t limit, struct arena *arena, struct bytes *out,
                  struct error *err)
{
    const struct small_file *file = find_file(self, name);

    (void)arena;
    if (file == NULL)
        return error_set(err, ERROR_ABSENT, "%.*s: the server has none", TEXT_ARG(name));
    if (file->content.size > limit)
        return error_set(err, ERROR_LIMIT, "more than %llu bytes", (unsigned long long)limit);
    *out = file->content;
    return true;
}

static bool bring_target(void *self, struct text name, uint64_t limit, const char *path, struct error *err)
{
    struct bytes content;

    return bring(self, name, limit, NULL, &content, err) && file_replace_cache(path, content, 0600, err);
}

/* ---- an issue ---- */

struct small_issue small_issue_of(unsigned version)
{
    return (struct small_issue){.timestamp = version,
                                .snapshot = version,
                                .targets = version,
                                .roles = version,
                                .online = SERVER,
                                .expires = SMALL_TREE_UNTIL,
                                .targets_signers = ANNA BEN,
                                .signers = EVERYBODY};
}

/* As trust/tree has them: each with the first so many people. */
static void plain_delegations(struct small_role out[TREE_ROLE_COUNT + 1])
{
    static const char *const people[PEOPLE + 1] = {
        "", ANNA, ANNA BEN, ANNA BEN CARLA, ANNA BEN CARLA DAN, EVERYBODY};
    size_t count = 0;

    for (size_t i = 0; i < TREE_ROLE_COUNT; i++) {
        const struct tree_role *row = &tree_roles[i];
        if (!tree_role_is_delegated(row))
            continue;
        out[count++] = (struct small_role){
            row->name, row->online ? SERVER : people[row->people < PEOPLE ? row->people : PEOPLE],
            row->threshold, NULL};
    }
    out[count] = (struct small_role){0};
}

/* Only those who have the role's keys can sign for it. */
static struct text signers_of(const struct small_tree *tree, const struct small_role *role,
                              const char *signers)
{
    OWN(writer_end) struct writer w = writer_with(SMALL_TREE_KEYS);

    for (const char *at = signers; *at != 0; at++)
        if (strchr(role->keys, *at) != NULL || key_of(*at) >= PEOPLE)
            writer_byte(&w, (uint8_t)*at);
    return done(tree, &w);
}

static void publish_role(struct small_tree *tree, const struct small_issue *issue,
                         const struct small_role *role)
{
    struct arena *arena = tree->run->arena;
    bool named = issue->role != NULL && strcmp(issue->role, role->name) == 0;
    struct text document =
        small_tree_targets(tree, issue->roles, ALWAYS, NULL, named ? issue->path : TEXT(""), issue->file);
    const char *honest = strcmp(role->keys, SERVER) == 0 ? SERVER : EVERYBODY;
    struct text signers = named ? text_of(issue->signers) : signers_of(tree, role, honest);
    struct digest digest;
    struct error err;

    small_tree_serve(tree, tuf_path_metadata(text_of(role->name), issue->roles, arena),
                     small_tree_sign(tree, document, text_string(arena, signers)));
    if (named && digest_bytes(DIGEST_SHA256, issue->file, &digest, &err))
        small_tree_serve(tree, tuf_path_target(issue->path, &digest, arena), issue->file);
}

static int by_name(const void *a, const void *b)
{
    const struct small_role *one = a, *other = b;

    return strcmp(one->name, other->name);
}

/* "approval=1 block=1 ... targets=2", sorted, as canonical JSON has its members. */
static struct text names_of(const struct small_tree *tree, const struct small_issue *issue,
                            const struct small_role *roles, size_t count)
{
    OWN(writer_end) struct writer w = writer_with(DOCUMENT_MAX);
    struct small_role sorted[TREE_ROLE_COUNT + 2];

    memcpy(sorted, roles, count * sizeof(*roles));
    sorted[count] = (struct small_role){.name = "targets"};
    qsort(sorted, count + 1, sizeof(*sorted), by_name);
    for (size_t i = 0; i <= count; i++)
        writer_format(&w, "%s=%u ", sorted[i].name, sorted[i].keys == NULL ? issue->targets : issue->roles);
    return done(tree, &w);
}

/* Roots stay; what they vouched for is replaced whole. */
static void forget_files(struct small_tree *tree)
{
    size_t kept = 0;

    for (size_t i = 0; i < tree->file_count; i++)
        if (text_ends(tree->files[i].name, TEXT(".root.json")))
            tree->files[kept++] = tree->files[i];
    tree->file_count = kept;
}

void small_tree_publish(struct small_tree *tree, const struct small_issue *issue)
{
    struct small_role plain[TREE_ROLE_COUNT + 1];
    const struct small_role *roles = issue->delegations;
    struct arena *arena = tree->run->arena;
    size_t count = 0;

    forget_files(tree);
    plain_delegations(plain);
    if (roles == NULL)
        roles = plain;
    for (; count < TREE_ROLE_COUNT && roles[count].name != NULL; count++)
        publish_role(tree, issue, &roles[count]);
    struct text targets =
        small_tree_targets(tree, issue->targets, ALWAYS, roles, TEXT(""), (struct bytes){0});
    small_tree_serve(tree, tuf_path_metadata(TEXT("targets"), issue->targets, arena),
                     small_tree_sign(tree, targets, issue->targets_signers));
    struct text names = names_of(tree, issue, roles, count);
    struct bytes snapshot = small_tree_sign(
        tree, small_tree_snapshot(tree, issue->snapshot, issue->expires, names.at), issue->online);
    small_tree_serve(tree, tuf_path_metadata(TEXT("snapshot"), issue->snapshot, arena), snapshot);
    struct text timestamp =
        small_tree_timestamp(tree, issue->timestamp, issue->expires, issue->snapshot, snapshot);
    small_tree_serve(tree, TEXT("timestamp.json"), small_tree_sign(tree, timestamp, issue->online));
}

/* ---- beginning and end ---- */

bool small_tree_begin(struct drill_run *run, struct small_tree *out, struct error *err)
{
    OWN(small_tree_end) struct small_tree tree = {.run = run, .now_us = run->now_us};
    const struct small_issue issue = small_issue_of(1);

    /* A drill may have several. */
    tree.folder = text_format(run->arena, "%s/metadata-%zu", run->folder, run->attempts).at;
    tree.downloads = text_format(run->arena, "%s/targets-%zu", run->folder, run->attempts).at;
    if (tree.folder == NULL || tree.downloads == NULL)
        return arena_full(run->arena, err);
    for (size_t i = 0; i < SMALL_TREE_KEYS; i++)
        if (!signature_make_key(&tree.keys[i], err))
            return false;
    struct bytes root =
        small_tree_sign(&tree, small_tree_plain_root(&tree, 1, ALWAYS, SERVER), ANNA BEN CARLA);
    small_tree_publish(&tree, &issue);
    if (!file_make_folders(tree.downloads, 0700, err) || !tuf_client_init(tree.folder, root, run->arena, err))
        return false;
    *out = tree;
    memset(tree.keys, 0, sizeof(tree.keys)); /* handed on */
    return true;
}

void small_tree_end(struct small_tree *tree)
{
    for (size_t i = 0; i < SMALL_TREE_KEYS; i++)
        secret_key_end(&tree->keys[i]);
}

/* ---- the machine ---- */

static struct tuf_client client_of(struct small_tree *tree)
{
    return (struct tuf_client){.folder = tree->folder,
                               .bringer = {bring, bring_target, tree},
                               .now_us = tree->now_us,
                               .arena = tree->run->arena};
}

bool small_tree_refresh(struct small_tree *tree, struct error *err)
{
    OWN(tuf_client_end) struct tuf_client client = client_of(tree);

    return tuf_client_refresh(&client, err);
}

bool small_tree_get(struct small_tree *tree, struct text path, struct bytes *out, struct error *err)
{
    OWN(tuf_client_end) struct tuf_client client = client_of(tree);
    const struct tuf_file *file = NULL;
    const char *at;

    if (!tuf_client_refresh(&client, err) || !tuf_client_find(&client, path, &file, NULL, err))
        return false;
    if (file == NULL)
        return error_set(err, ERROR_ABSENT, "nobody speaks for %.*s", TEXT_ARG(path));
    return tuf_client_download(&client, file, tree->downloads, &at, err) &&
           file_read(at, DOCUMENT_MAX, tree->run->arena, out, err);
}

bool small_tree_get_two(struct small_tree *tree, struct text first, struct text path, struct bytes *out,
                        struct error *err)
{
    OWN(tuf_client_end) struct tuf_client client = client_of(tree);
    const struct tuf_file *file = NULL;
    const char *at;

    if (!tuf_client_refresh(&client, err) || !tuf_client_find(&client, first, &file, NULL, err) ||
        !tuf_client_find(&client, path, &file, NULL, err))
        return false;
    if (file == NULL)
        return error_set(err, ERROR_ABSENT, "nobody speaks for %.*s", TEXT_ARG(path));
    return tuf_client_download(&client, file, tree->downloads, &at, err) &&
           file_read(at, DOCUMENT_MAX, tree->run->arena, out, err);
}

/* ---- tricks ---- */

void small_tree_borrow_signature(struct small_tree *tree, struct text name, const char *key)
{
    const struct small_file *file = find_file(tree, name);
    char hex[SIGNATURE_HEX_SIZE + 1];
    struct signature signature;
    struct error err;

    if (file == NULL ||
        !signature_sign(&tree->keys[key_of(*key)], BYTES("another document"), &signature, &err))
        return;
    signature_hex(&signature, hex);
    struct text text = {(const char *)file->content.at, file->content.size};
    size_t end = text_find(text, TEXT("],\"signed\":"));
    struct text edited = text_format(tree->run->arena, "%.*s,{\"keyid\":\"key-%02zu\",\"sig\":\"%s\"}%s",
                                     (int)end, text.at, key_of(*key), hex, text.at + end);
    small_tree_serve(tree, name, bytes_of_text(edited));
}

void small_tree_same_key(struct small_tree *tree, const char *key, const char *other)
{
    tree->keys[key_of(*other)] = tree->keys[key_of(*key)];
}

/* ---- orders ---- */

static struct bytes write_order(const struct small_tree *tree, const struct signed_order *order,
                                struct text *path)
{
    OWN(writer_end) struct writer w = writer_with(64 * KIB);
    struct error err;

    *path = signed_order_path(order, tree->run->arena);
    if (!signed_order_write(&w, order, &err))
        return (struct bytes){0};
    return bytes_of_text(done(tree, &w));
}

struct bytes small_tree_crisis(const struct small_tree *tree, const char *id, int days, struct text *path)
{
    const struct signed_order order = {.kind = SIGNED_ORDER_CRISIS,
                                       .id = text_of(id),
                                       .by = TEXT("anna"),
                                       .reason = TEXT("exploited hole in the VPN"),
                                       .made_us = tree->run->now_us - TIME_DAY_US,
                                       .ends_us = tree->run->now_us + days * TIME_DAY_US,
                                       .level = LEVEL_ESSENTIAL};

    return write_order(tree, &order, path);
}

struct bytes small_tree_approval(const struct small_tree *tree, const char *id, struct bytes deb,
                                 struct text *path)
{
    struct digest digest = {.kind = DIGEST_UNKNOWN};
    struct error err;
    const struct signed_order order = {.kind = SIGNED_ORDER_APPROVAL,
                                       .id = text_of(id),
                                       .by = TEXT("anna"),
                                       .reason = TEXT("looked at"),
                                       .made_us = tree->run->now_us - TIME_DAY_US,
                                       .ends_us = tree->run->now_us + 7 * TIME_DAY_US,
                                       .package = TEXT("lantern"),
                                       .arch = TEXT("amd64"),
                                       .version = TEXT("2.0"),
                                       .digests = &digest,
                                       .digest_count = 1,
                                       .lifts = SIGNED_ORDER_LIFTS_WAIT};

    *path = TEXT("");
    if (!digest_bytes(DIGEST_SHA256, deb, &digest, &err))
        return (struct bytes){0};
    return write_order(tree, &order, path);
}

void small_tree_recover(struct small_tree *tree, unsigned version, const char *online)
{
    struct small_issue issue = small_issue_of(version);
    struct error err = {0};
    struct bytes got;

    issue.online = online;
    issue.role = "crisis";
    issue.signers = ANNA BEN;
    issue.file = small_tree_crisis(tree, "2026-11-21-0001", 7, &issue.path);
    small_tree_publish(tree, &issue);
    if (small_tree_get(tree, issue.path, &got, &err))
        drill_recovered(
            tree->run, true,
            "an honest crisis order, signed by Anna and Ben, came through version %u of the metadata",
            version);
    else
        drill_recovered(tree->run, false, "an honest order did not come through: %s", err.text);
}
