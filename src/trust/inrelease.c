#include "trust/inrelease.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/deb822.h"

/* The fields of Debian's repository format that decide something here. */
enum field {
    FIELD_ORIGIN,
    FIELD_LABEL,
    FIELD_SUITE,
    FIELD_CODENAME,
    FIELD_VERSION,
    FIELD_ARCHITECTURES,
    FIELD_NOT_AUTOMATIC,
    FIELD_BUT_AUTOMATIC_UPGRADES,
    FIELD_NO_SUPPORT_FOR_ALL,
    FIELD_DATE,
    FIELD_VALID_UNTIL,
    FIELD_SHA256,
    FIELD_SHA512,
    FIELD_COUNT
};
static const char *const field_names[FIELD_COUNT] = {
    [FIELD_ORIGIN] = "Origin",
    [FIELD_LABEL] = "Label",
    [FIELD_SUITE] = "Suite",
    [FIELD_CODENAME] = "Codename",
    [FIELD_VERSION] = "Version",
    [FIELD_ARCHITECTURES] = "Architectures",
    [FIELD_NOT_AUTOMATIC] = "NotAutomatic",
    [FIELD_BUT_AUTOMATIC_UPGRADES] = "ButAutomaticUpgrades",
    [FIELD_NO_SUPPORT_FOR_ALL] = "No-Support-for-Architecture-all",
    [FIELD_DATE] = "Date",
    [FIELD_VALID_UNTIL] = "Valid-Until",
    [FIELD_SHA256] = "SHA256",
    [FIELD_SHA512] = "SHA512",
};

static bool take_text(const struct deb822_paragraph *paragraph, enum field field, struct text *out,
                      struct error *err)
{
    struct bytes raw = paragraph->values[field];

    if (raw.at == NULL)
        return true;
    return text_from_bytes(raw, LIMIT_RELEASE_FIELD, out, err) || error_at(err, "%s", field_names[field]);
}

/* "yes" in all the ways that apt takes it. */
static bool take_flag(const struct deb822_paragraph *paragraph, enum field field)
{
    static const char *const yes[] = {"yes", "true", "with", "on", "enable", "1"};
    struct bytes raw = paragraph->values[field];

    for (size_t i = 0; raw.at != NULL && i < sizeof(yes) / sizeof(*yes); i++)
        if (text_equal_caseless((struct text){(const char *)raw.at, raw.size}, text_of(yes[i])))
            return true;
    return false;
}

static bool take_time(const struct deb822_paragraph *paragraph, enum field field, int64_t *out,
                      struct error *err)
{
    struct text text = {0};

    if (!take_text(paragraph, field, &text, err))
        return false;
    return text.size == 0 || time_parse_mail(text, out, err) || error_at(err, "%s", field_names[field]);
}

static int compare_files(const void *a, const void *b)
{
    const struct inrelease_file *one = a, *other = b;

    return text_compare(one->name, other->name);
}

/* One line: " HASH SIZE NAME". */
static bool take_file(struct text line, enum digest_kind kind, struct inrelease_file *out, struct error *err)
{
    struct text hash, size, name, more;

    if (!text_cut_word(&line, &hash) || !text_cut_word(&line, &size) || !text_cut_word(&line, &name) ||
        text_cut_word(&line, &more))
        return error_set(err, ERROR_INPUT, "is not \"HASH SIZE NAME\"");
    if (name.size > LIMIT_PATH)
        return error_set(err, ERROR_LIMIT, "a name of %zu bytes, more than %d", name.size, LIMIT_PATH);
    out->name = name;
    return digest_parse(kind, hash, &out->digest, err) && text_to_u64(size, &out->size, err);
}

static bool take_files(struct bytes raw, enum digest_kind kind, struct arena *arena, struct inrelease *into,
                       struct error *err)
{
    struct inrelease_file *files;
    struct text left, line, rest;
    size_t lines = 0, count = 0;

    if (!text_from_lines(raw, LIMIT_INRELEASE, &left, err))
        return false;
    for (rest = left; text_cut(&rest, '\n', &line);)
        lines++;
    files = ARENA_ARRAY(arena, struct inrelease_file, lines);
    if (files == NULL)
        return arena_full(arena, err);
    for (rest = left, lines = 0; text_cut(&rest, '\n', &line);) {
        lines++;
        if (text_trim(line).size > 0 && !take_file(line, kind, &files[count++], err))
            return error_at(err, "line %zu", lines);
    }
    qsort(files, count, sizeof(*files), compare_files);
    for (size_t i = 1; i < count; i++)
        if (text_equal(files[i - 1].name, files[i].name) &&
            (files[i - 1].size != files[i].size || !digest_equal(&files[i - 1].digest, &files[i].digest)))
            return error_set(err, ERROR_INPUT, "%.*s is listed twice, with different hashes",
                             TEXT_ARG(files[i].name));
    into->files = files;
    into->file_count = count;
    return true;
}

static bool has_word(struct text words, struct text wanted)
{
    struct text word;

    while (text_cut_word(&words, &word))
        if (text_equal(word, wanted))
            return true;
    return false;
}

static bool take_paragraph(const struct deb822_paragraph *paragraph, struct arena *arena,
                           struct inrelease *into, struct error *err)
{
    struct text without_all = {0};
    enum field list = paragraph->values[FIELD_SHA256].at != NULL ? FIELD_SHA256 : FIELD_SHA512;

    if (!take_text(paragraph, FIELD_ORIGIN, &into->origin, err) ||
        !take_text(paragraph, FIELD_LABEL, &into->label, err) ||
        !take_text(paragraph, FIELD_SUITE, &into->suite, err) ||
        !take_text(paragraph, FIELD_CODENAME, &into->codename, err) ||
        !take_text(paragraph, FIELD_VERSION, &into->version, err) ||
        !take_text(paragraph, FIELD_ARCHITECTURES, &into->architectures, err) ||
        !take_text(paragraph, FIELD_NO_SUPPORT_FOR_ALL, &without_all, err) ||
        !take_time(paragraph, FIELD_DATE, &into->date_us, err) ||
        !take_time(paragraph, FIELD_VALID_UNTIL, &into->valid_until_us, err))
        return false;
    into->not_automatic = take_flag(paragraph, FIELD_NOT_AUTOMATIC);
    into->but_automatic_upgrades = take_flag(paragraph, FIELD_BUT_AUTOMATIC_UPGRADES);
    into->packages_without_all = has_word(without_all, TEXT("Packages"));
    if (into->date_us == TIME_ABSENT)
        return error_set(err, ERROR_INPUT, "Date is missing");
    if (paragraph->values[list].at == NULL)
        return error_set(err, ERROR_INPUT, "neither SHA256 nor SHA512 is in it");
    return take_files(paragraph->values[list], list == FIELD_SHA256 ? DIGEST_SHA256 : DIGEST_SHA512, arena,
                      into, err) ||
           error_at(err, "%s", field_names[list]);
}

bool inrelease_parse(struct bytes release, struct arena *arena, struct inrelease *out, struct error *err)
{
    struct deb822 deb822 = deb822_with(release, (struct deb822_fields){field_names, FIELD_COUNT}, false);
    struct deb822_paragraph paragraph = {0}, second;
    struct inrelease into = *out;
    bool found = false, more = false;

    into.date_us = into.valid_until_us = TIME_ABSENT;
    if (!deb822_next(&deb822, &paragraph, &found, err))
        return false;
    if (!found)
        return error_set(err, ERROR_INPUT, "holds no field");
    if (!take_paragraph(&paragraph, arena, &into, err) || !deb822_next(&deb822, &second, &more, err))
        return false;
    if (more)
        return error_set(err, ERROR_INPUT, "has more than one paragraph");
    *out = into;
    return true;
}

const struct inrelease_file *inrelease_find(const struct inrelease *inrelease, struct text name)
{
    struct inrelease_file wanted = {.name = name};

    return inrelease->file_count == 0 ? NULL
                                      : bsearch(&wanted, inrelease->files, inrelease->file_count,
                                                sizeof(*inrelease->files), compare_files);
}

/* One keyring's packets, or those of the wanted keys; *own gets a bit for each of them. */
static bool put_packets(const struct inrelease_keys *keys, struct bytes packets, struct arena *arena,
                        struct writer *out, uint64_t *own, struct error *err)
{
    struct bytes kept = packets;
    uint64_t found = 0;

    if (keys->only.count > 0 && !keyring_trim(packets, &keys->only, arena, &kept, &found, err))
        return false;
    writer_put(out, kept);
    *own |= found;
    return true;
}

/*
 * Reads every keyring. One that cannot be used takes keys away and gives none, so it stops nothing while another is
 * left; when none is, the first reason is the answer.
 */
static bool read_keyrings(const struct inrelease_keys *keys, struct arena *arena, struct writer *packets,
                          struct inrelease *into, struct error *err)
{
    struct keyring *keyrings = ARENA_ARRAY(arena, struct keyring, keys->keyring_count + 1);
    struct error first = {0}, failed = {0};
    struct bytes inline_packets;
    uint64_t others = 0;
    size_t count = 0;

    if (keyrings == NULL)
        return arena_full(arena, err);
    if (keys->inline_keyring.size > 0) {
        if (!keyring_packets(keys->inline_keyring, arena, &inline_packets, err) ||
            !put_packets(keys, inline_packets, arena, packets, &into->own_keys, err))
            return error_at(err, "the key in the source");
    }
    for (size_t i = 0; i < keys->keyring_count; i++) {
        if (keyring_read(keys->keyrings[i], arena, &keyrings[count], &failed) &&
            put_packets(keys, keyrings[count].packets, arena, packets,
                        i < keys->own_count ? &into->own_keys : &others, &failed))
            count++;
        else if (first.kind == ERROR_NONE && (keys->only.count == 0 || i < keys->own_count))
            first = failed;
    }
    if (keys->only.count > 0 && into->own_keys == 0 && first.kind == ERROR_NONE)
        return error_set(err, ERROR_ABSENT, "the source's keyrings have none of the publisher's keys");
    if (writer_bytes(packets).size == 0 || (keys->only.count > 0 && into->own_keys == 0)) {
        if (first.kind == ERROR_NONE)
            return error_set(err, ERROR_ABSENT, "no keyring is named");
        *err = first;
        return false;
    }
    if (!writer_ok(packets))
        return error_set(err, ERROR_LIMIT, "keyrings of more than %zu bytes", packets->limit);
    into->keyrings = keyrings;
    into->keyring_count = count;
    return true;
}

/* A described publisher's keys may lie in keyrings that the source does not name; whom it names must have signed too. */
static bool check_own(const struct inrelease_keys *keys, const struct inrelease *inrelease, struct error *err)
{
    if (keys->only.count == 0)
        return true;
    for (size_t i = 0; i < keys->only.count; i++)
        for (size_t k = 0; k < inrelease->signers.count && (inrelease->own_keys >> i & 1) != 0; k++)
            if (text_equal_caseless(text_of(inrelease->signers.primary[k]),
                                    text_of(keys->only.fingerprints[i])))
                return true;
    return error_set(err, ERROR_TRUST, "no key of the source's own keyrings signed it");
}

bool inrelease_verify(const char *path, const struct inrelease_keys *keys, struct arena *arena,
                      struct inrelease *out, struct error *err)
{
    OWN(own_fd) int fd = -1;
    OWN(writer_end) struct writer packets = writer_with(4 * LIMIT_KEYRING);
    struct gpgv_rule rule = keys->rule;
    struct inrelease into = {0};
    struct bytes text;

    /* What is identified is what is judged: a change after this gives it another identity. */
    if (!file_open(path, &fd, err) || !file_identity_of_fd(fd, &into.identity, err) ||
        !read_keyrings(keys, arena, &packets, &into, err))
        return false;
    if (into.identity.size > LIMIT_INRELEASE)
        return error_set(err, ERROR_LIMIT, "%s: %zu bytes, more than %zu", path, (size_t)into.identity.size,
                         LIMIT_INRELEASE);
    struct gpgv_command command = {
        .program = keys->gpgv == NULL ? GPGV_PATH : keys->gpgv,
        .keyring = writer_bytes(&packets),
        .signed_fd = fd,
        .text_limit = LIMIT_INRELEASE,
    };
    struct text *only = ARENA_ARRAY(arena, struct text, keys->only.count);
    if (only == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < keys->only.count; i++)
        only[i] = text_of(keys->only.fingerprints[i]);
    if (keys->only.count > 0)
        rule = (struct gpgv_rule){only, keys->only.count, 1};
    if (!gpgv_verify(&command, &rule, arena, &text, &into.signers, err) || !check_own(keys, &into, err))
        return error_at(err, "signature");
    if (!inrelease_parse(text, arena, &into, err))
        return error_at(err, "signed text");
    *out = into;
    return true;
}
