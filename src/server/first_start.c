#include "server/first_start.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "server/first_repository.h"
#include "server/keeper.h"
#include "trust/certificate.h"

#define ROOT_MAX MIB

bool server_paths_of(const struct server_settings *settings, struct arena *arena, struct server_paths *out,
                     struct error *err)
{
    const char *data = settings->data;
    struct server_paths got = {
        .data = data,
        .keys = file_path(arena, data, "keys"),
        .front = file_path(arena, data, "front"),
        .authority = file_path(arena, data, "ca.pem"),
        .tls_key = file_path(arena, data, "front/tls.key"),
        .tls_chain = file_path(arena, data, "front/tls.pem"),
        .chunk_key = file_path(arena, data, "front/chunk.key"),
        .plan_public = file_path(arena, data, "front/plan.pub"),
        .store = file_path(arena, data, "store"),
        .content = file_path(arena, data, "content"),
        .pulse = file_path(arena, data, "pulse"),
        .advisories = file_path(arena, data, "advisories"),
        .repository = settings->repository[0] != 0 ? settings->repository : file_path(arena, data, "repo"),
        .first_person = file_path(arena, data, "first-person"),
    };

    if (got.repository != NULL) {
        got.metadata = file_path(arena, got.repository, "public/metadata");
        got.public_folder = file_path(arena, got.repository, "public");
    }
    const char *const all[] = {got.keys,          got.front,       got.authority,   got.tls_key,
                               got.tls_chain,     got.chunk_key,   got.plan_public, got.store,
                               got.content,       got.pulse,       got.advisories,  got.metadata,
                               got.public_folder, got.first_person};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        if (all[i] == NULL)
            return arena_full(arena, err);
    *out = got;
    return true;
}

static bool make_folders(const struct server_paths *paths, struct error *err)
{
    const struct {
        const char *path;
        mode_t mode;
    } folders[] = {
        {paths->data, 0755},    {paths->keys, 0700},  {paths->front, 0700},      {paths->store, 0700},
        {paths->content, 0755}, {paths->pulse, 0755}, {paths->advisories, 0700},
    };

    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
        if (!file_make_folders(folders[i].path, folders[i].mode, err))
            return false;
    return true;
}

bool first_start_fleet(const struct server_paths *paths, struct fleet_id *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(2 * ROOT_MAX);
    const char *path = file_path(&arena, paths->metadata, "1.root.json");
    struct bytes raw = {0};
    struct digest digest;

    if (path == NULL)
        return arena_full(&arena, err);
    if (!file_read(path, ROOT_MAX, &arena, &raw, err) || !digest_bytes(DIGEST_SHA256, raw, &digest, err))
        return error_at(err, "repository: %s", path);
    memcpy(out->at, digest.at, sizeof(out->at));
    return true;
}

static bool make_repository(const struct server_settings *settings, const struct server_paths *paths,
                            int64_t now_us, struct first_start *done, struct error *err)
{
    if (settings->repository[0] != 0 || file_is_folder(paths->metadata))
        return true;
    done->made_repository = true;
    return first_repository_make(paths, now_us, err);
}

/* The key lies there before the certificate: where there is no certificate yet, no machine knows the key. */
static bool make_authority(const struct server_paths *paths, int64_t now_us, struct first_start *done,
                           struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const char *key_path = file_path(&arena, paths->keys, "ca.key");
    struct bytes key, der, pem;

    if (file_exists(paths->authority))
        return true;
    done->made_authority = true;
    if (key_path == NULL)
        return arena_full(&arena, err);
    return certificate_make_key(&arena, &key, err) && file_replace(key_path, key, 0600, err) &&
           certificate_make_authority(key, done->fleet.at, now_us, &arena, &der, err) &&
           certificate_to_pem(der, &arena, &pem, err) && file_replace(paths->authority, pem, 0644, err);
}

static bool make_plan_key(const struct server_paths *paths, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const char *path = file_path(&arena, paths->keys, "plan.key");
    struct public_key key;

    if (path == NULL)
        return arena_full(&arena, err);
    if (file_exists(paths->plan_public))
        return true;
    /* A key whose public half was never written was handed out to nobody. */
    return file_remove(path, err) && keeper_key_make(path, &key, err) &&
           file_replace(paths->plan_public, (struct bytes){key.at, sizeof(key.at)}, 0644, err);
}

static bool make_chunk_key(const struct server_paths *paths, struct error *err)
{
    uint8_t key[32];

    if (file_exists(paths->chunk_key))
        return true;
    os_random(key, sizeof(key));
    return file_replace(paths->chunk_key, (struct bytes){key, sizeof(key)}, 0600, err);
}

/* ---- the front's certificate ---- */

static const char *const own_names[] = {AGENT_SERVER_NAME, "localhost", "127.0.0.1", "::1"};
#define OWN_NAMES (sizeof(own_names) / sizeof(*own_names))

static bool read_tls_key(const struct server_paths *paths, struct arena *arena, struct bytes *out,
                         struct error *err)
{
    if (file_exists(paths->tls_key))
        return file_read(paths->tls_key, CERTIFICATE_PEM_MAX, arena, out, err);
    return certificate_make_key(arena, out, err) && file_replace(paths->tls_key, *out, 0600, err);
}

static bool open_authority(const struct server_paths *paths, struct arena *arena,
                           struct certificate_authority *out, struct bytes *pem, struct error *err)
{
    const char *key_path = file_path(arena, paths->keys, "ca.key");
    struct bytes key = {0}, der;

    if (key_path == NULL)
        return arena_full(arena, err);
    return file_read(key_path, CERTIFICATE_PEM_MAX, arena, &key, err) &&
           file_read(paths->authority, CERTIFICATE_PEM_MAX, arena, pem, err) &&
           certificate_from_pem(*pem, arena, &der, err) && certificate_authority_open(key, der, out, err);
}

bool first_start_certify(const struct server_settings *settings, const struct server_paths *paths,
                         int64_t now_us, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(certificate_authority_end) struct certificate_authority authority = {NULL};
    OWN(writer_end) struct writer chain = writer_with((size_t)2 * CERTIFICATE_PEM_MAX);
    const char *names[OWN_NAMES + SETTINGS_NAMES_MAX + 1] = {NULL};
    struct certificate_issue wish = {.names = names, .now_us = now_us};
    struct bytes key, authority_pem, der, pem, whole;

    memcpy(names, own_names, sizeof(own_names));
    for (uint32_t i = 0; i < settings->name_count && i < SETTINGS_NAMES_MAX; i++)
        names[OWN_NAMES + i] = settings->names[i];
    if (!read_tls_key(paths, &arena, &key, err) ||
        !open_authority(paths, &arena, &authority, &authority_pem, err) ||
        !certificate_make_request(key, &arena, &wish.request, err) ||
        !certificate_issue_server(&authority, &wish, &arena, &der, err) ||
        !certificate_to_pem(der, &arena, &pem, err))
        return error_at(err, "the front's certificate");
    writer_put(&chain, pem);
    writer_put(&chain, authority_pem);
    return writer_done(&chain, &whole, err) && file_replace(paths->tls_chain, whole, 0644, err);
}

bool first_start(const struct server_settings *settings, const struct server_paths *paths, int64_t now_us,
                 struct first_start *out, struct error *err)
{
    struct first_start done = {.made_repository = false};

    if (!make_folders(paths, err) || !make_repository(settings, paths, now_us, &done, err) ||
        !first_start_fleet(paths, &done.fleet, err) || !make_authority(paths, now_us, &done, err) ||
        !make_plan_key(paths, err) || !make_chunk_key(paths, err) ||
        !first_start_certify(settings, paths, now_us, err))
        return false;
    *out = done;
    return true;
}
