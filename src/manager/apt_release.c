#include "manager/apt_release.h"

/* The armour that stands in a .sources paragraph: a line that is a lone '.' is an empty one there. */
static bool take_inline_key(struct text signed_by, struct arena *arena, struct inrelease_keys *keys)
{
    uint8_t *at = arena_take(arena, signed_by.size + 1);
    size_t size = 0;
    struct text line;

    if (at == NULL)
        return false;
    while (text_cut(&signed_by, '\n', &line)) {
        line = text_trim(line);
        if (text_equal(line, TEXT(".")))
            line.size = 0;
        memcpy(at + size, line.at, line.size);
        size += line.size;
        at[size++] = '\n';
    }
    keys->inline_keyring = (struct bytes){at, size};
    return true;
}

/* Signed-By: paths of keyrings, fingerprints of keys in the trusted ones, or a key. */
static bool take_keys(struct apt_archives *archives, struct text signed_by, struct inrelease_keys *keys)
{
    struct arena *arena = archives->arena;
    const char **keyrings = ARENA_ARRAY(arena, const char *, signed_by.size / 2 + 1);
    struct text *fingerprints = ARENA_ARRAY(arena, struct text, signed_by.size / 2 + 1);
    struct text rest = signed_by, line, word;
    size_t fingerprint_count = 0;

    *keys = (struct inrelease_keys){.rule = {.threshold = 1}};
    if (text_find(signed_by, TEXT("-----BEGIN PGP")) != SIZE_MAX)
        return take_inline_key(signed_by, arena, keys);
    if (keyrings == NULL || fingerprints == NULL)
        return false;
    while (text_cut(&rest, ',', &line))
        while (text_cut_word(&line, &word)) {
            if (word.at[0] != '/') {
                fingerprints[fingerprint_count++] = word;
                continue;
            }
            const char *path = text_string(arena, word);
            path = path == NULL ? NULL : file_below(arena, archives->config->root, path);
            if (path == NULL)
                return false;
            keyrings[keys->keyring_count++] = path;
        }
    keys->keyrings = keyrings;
    if (keys->keyring_count == 0) {
        keys->keyrings = archives->trusted;
        keys->keyring_count = archives->trusted_count;
    }
    keys->rule.fingerprints = fingerprints;
    keys->rule.fingerprint_count = fingerprint_count;
    return true;
}

/* "deb.debian.org/debian/": the address without scheme, user and password. */
static struct text place_of(struct text uri)
{
    size_t scheme = text_find(uri, TEXT("://"));

    return scheme == SIZE_MAX ? uri : text_part(uri, scheme + 3, SIZE_MAX);
}

/* The keyrings of all publishers behind the source's own: one of them counts, where its keys are asked for. */
static bool add_keyrings(struct apt_archives *archives, struct inrelease_keys *keys)
{
    const struct publishers *publishers = archives->publishers;
    size_t count = keys->keyring_count, most = count;

    for (size_t i = 0; i < publishers->count; i++)
        most += publishers->at[i]->keyrings.count;
    const char **keyrings = ARENA_ARRAY(archives->arena, const char *, most + 1);
    if (keyrings == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        keyrings[i] = keys->keyrings[i];
    for (size_t i = 0; i < publishers->count; i++)
        for (size_t k = 0; k < publishers->at[i]->keyrings.count; k++) {
            keyrings[count] =
                file_below(archives->arena, archives->config->root, publishers->at[i]->keyrings.at[k]);
            if (keyrings[count++] == NULL)
                return false;
        }
    keys->own_count = keys->keyring_count;
    keys->keyrings = keyrings;
    keys->keyring_count = count;
    return true;
}

bool apt_release_keys(struct apt_archives *archives, const struct apt_source *source,
                      struct apt_release_keys *out)
{
    struct apt_release_keys keys = {0};
    struct text public = apt_source_public_uri(source, archives->arena);

    if (public.at == NULL || !take_keys(archives, source->signed_by, &keys.keys) ||
        !add_keyrings(archives, &keys.keys))
        return false;
    keys.publisher = publishers_of_source(archives->publishers, place_of(public), source->suite, &keys.bound);
    *out = keys;
    return true;
}

/* Signed-By may name keys by their fingerprints: then one of those must be among the signers. */
static bool source_allows(const struct inrelease_keys *keys, const struct inrelease *inrelease)
{
    for (size_t i = 0; i < keys->rule.fingerprint_count; i++)
        for (size_t k = 0; k < inrelease->signers.count; k++)
            if (text_equal_caseless(keys->rule.fingerprints[i], text_of(inrelease->signers.primary[k])))
                return true;
    return keys->rule.fingerprint_count == 0;
}

/* As this publisher's. False: see release->failed. */
static bool judge_as(struct apt_archives *archives, const struct publisher *publisher,
                     const struct inrelease_keys *from, struct apt_release *release)
{
    const char *wanted[PUBLISHER_KEYS_MAX];
    struct inrelease_keys keys = *from;

    keys.only = (struct keyring_wanted){wanted, publisher_keys(publisher, wanted)};
    if (!inrelease_verify(release->path.at, &keys, archives->arena, &release->inrelease, &release->failed))
        return false;
    release->publisher = publisher;
    if (!source_allows(from, &release->inrelease)) {
        release->refusal = TRUST_VENDOR_SIGNATURE;
        return error_set(&release->failed, ERROR_TRUST, "signature: no key that the source names signed it");
    }
    return publisher_check(publisher, &release->inrelease, release->suite, &release->refusal,
                           &release->failed);
}

/* The described publisher one of whose keys signed it, or NULL. */
static const struct publisher *publisher_of_signers(const struct publishers *publishers,
                                                    const struct gpgv_signers *signers)
{
    for (size_t i = 0; i < publishers->count; i++) {
        const char *keys[PUBLISHER_KEYS_MAX];
        size_t count = publisher_keys(publishers->at[i], keys);
        for (size_t k = 0; k < count; k++)
            for (size_t s = 0; s < signers->count; s++)
                if (text_equal_caseless(text_of(keys[k]), text_of(signers->primary[s])))
                    return publishers->at[i];
    }
    return NULL;
}

/* Fingerprints of exact subkeys are judged as apt does, and only then whose they are. */
static bool names_subkeys(const struct inrelease_keys *keys)
{
    for (size_t i = 0; i < keys->rule.fingerprint_count; i++)
        if (text_ends(keys->rule.fingerprints[i], TEXT("!")))
            return true;
    return false;
}

static bool judge(struct apt_archives *archives, const struct apt_release_keys *keys,
                  struct apt_release *release)
{
    struct inrelease_keys own = keys->keys;

    if (keys->publisher != NULL && !names_subkeys(&keys->keys)) {
        if (judge_as(archives, keys->publisher, &keys->keys, release))
            return true;
        if (keys->bound && release->refusal == TRUST_NOT_REFUSED)
            release->refusal = TRUST_VENDOR_SIGNATURE;
        if (keys->bound || release->publisher != NULL)
            return false;
    }
    own.keyring_count = own.own_count;
    if (!inrelease_verify(release->path.at, &own, archives->arena, &release->inrelease, &release->failed))
        return false;
    const struct publisher *publisher =
        publisher_of_signers(archives->publishers, &release->inrelease.signers);
    return publisher == NULL || judge_as(archives, publisher, &keys->keys, release);
}

const struct apt_release *apt_release_judge(struct apt_archives *archives, const struct apt_source *source,
                                            const char *path, const struct apt_release_keys *keys)
{
    struct apt_release *release = archives->releases;

    for (; release != NULL; release = release->next)
        if (text_equal(release->path, text_of(path)) && text_equal(release->signed_by, source->signed_by))
            return release;
    release = ARENA_NEW(archives->arena, struct apt_release);
    if (release == NULL)
        return NULL;
    release->path = text_of(path);
    release->signed_by = source->signed_by;
    release->suite = source->suite;
    if (judge(archives, keys, release))
        release->failed = (struct error){0};
    release->next = archives->releases;
    archives->releases = release;
    return release;
}
