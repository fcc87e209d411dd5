#include "trust/keyring.h"

#include <assert.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/reader.h"
#include "format/armor.h"

/* doc/kbx in GnuPG: the first blob of a keybox has its magic at byte 8. */
#define KEYBOX_MAGIC_AT 8

static bool is_keybox(struct bytes raw)
{
    return raw.size >= KEYBOX_MAGIC_AT + 4 && memcmp(raw.at + KEYBOX_MAGIC_AT, "KBXf", 4) == 0;
}

bool keyring_packets(struct bytes raw, struct arena *arena, struct bytes *out, struct error *err)
{
    if (raw.size == 0)
        return error_set(err, ERROR_INPUT, "is empty");
    if (is_keybox(raw))
        return error_set(err, ERROR_INPUT,
                         "is a keybox of GnuPG, not a keyring: export its keys with gpg --export");
    if (armor_is(raw))
        return armor_decode(raw, arena, out, err);
    /* Every packet's first byte has bit 7 set (RFC 9580, section 4.2). */
    if ((raw.at[0] & 0x80) == 0)
        return error_set(err, ERROR_INPUT, "is no OpenPGP keyring");
    *out = raw;
    return true;
}

bool keyring_read(const char *path, struct arena *arena, struct keyring *out, struct error *err)
{
    struct keyring keyring = {.path = text_copy(arena, text_of(path))};
    struct file_identity after;
    struct bytes raw;

    if (keyring.path.at == NULL)
        return arena_full(arena, err);
    if (!file_identify(path, &keyring.identity, err) || !file_read(path, LIMIT_KEYRING, arena, &raw, err) ||
        !file_identify(path, &after, err))
        return error_at(err, "keyring");
    if (!file_identity_equal(&keyring.identity, &after))
        return error_set(err, ERROR_CONFLICT, "keyring: %s: changed while it was read", path);
    if (!digest_bytes(DIGEST_SHA256, raw, &keyring.digest, err) ||
        !keyring_packets(raw, arena, &keyring.packets, err))
        return error_at(err, "keyring: %s", path);
    *out = keyring;
    return true;
}

/* ---- trimming ---- */

enum { TAG_PRIMARY_KEY = 6, KEY_VERSION = 4 };

/* Most significant byte first. */
static uint32_t take_number(struct reader *r, unsigned bytes)
{
    uint32_t number = 0;

    for (unsigned i = 0; i < bytes; i++)
        number = number << 8 | reader_u8(r);
    return number;
}

/* RFC 9580, section 4.2. What is cut in pieces or has no length of its own never is in a keyring. */
static bool next_packet(struct reader *r, unsigned *tag, struct bytes *body)
{
    uint8_t head = reader_u8(r);
    uint32_t size = 0;

    if ((head & 0x80) == 0)
        return false;
    if ((head & 0x40) != 0) {
        uint8_t first = reader_u8(r);
        *tag = head & 0x3f;
        if (first < 192)
            size = first;
        else if (first < 224)
            size = ((first - 192U) << 8) + reader_u8(r) + 192;
        else if (first == 255)
            size = take_number(r, 4);
        else
            return false;
    } else {
        unsigned kind = head & 3;
        *tag = head >> 2 & 0xf;
        if (kind == 3)
            return false;
        size = take_number(r, 1U << kind);
    }
    *body = reader_take(r, size);
    return reader_ok(r);
}

/* RFC 9580, section 5.5.4.2: SHA-1 of 0x99, the size in two bytes, and the key. */
static bool find_fingerprint(struct bytes key, char out[DIGEST_HEX_MAX + 1], struct error *err)
{
    OWN(digester_end) struct digester digester = {0};
    const uint8_t head[] = {0x99, (uint8_t)(key.size >> 8), (uint8_t)key.size};
    struct digest digest;

    out[0] = 0;
    if (key.size > UINT16_MAX || key.size == 0 || key.at[0] != KEY_VERSION)
        return true; /* no key that we could name */
    if (!digester_open(DIGEST_SHA1, &digester, err) ||
        !digester_add(&digester, (struct bytes){head, sizeof(head)}, err) ||
        !digester_add(&digester, key, err))
        return false;
    digester_close(&digester, &digest);
    digest_hex(&digest, out);
    return true;
}

static bool is_wanted(const char *fingerprint, const struct keyring_wanted *wanted, uint64_t *found)
{
    bool is = false;

    for (size_t i = 0; i < wanted->count; i++)
        if (fingerprint[0] != 0 &&
            text_equal_caseless(text_of(fingerprint), text_of(wanted->fingerprints[i]))) {
            *found |= UINT64_C(1) << i;
            is = true;
        }
    return is;
}

bool keyring_trim(struct bytes packets, const struct keyring_wanted *wanted, struct arena *arena,
                  struct bytes *out, uint64_t *found, struct error *err)
{
    struct reader r = reader_with(packets);
    uint8_t *kept = arena_take(arena, packets.size + 1);
    char fingerprint[DIGEST_HEX_MAX + 1];
    size_t size = 0;
    bool take = false;

    assert(wanted->count <= 64);
    if (kept == NULL)
        return arena_full(arena, err);
    *found = 0;
    while (reader_left(&r) > 0) {
        size_t from = reader_place(&r);
        unsigned tag;
        struct bytes body;
        if (!next_packet(&r, &tag, &body))
            return error_set(err, ERROR_INPUT, "is no OpenPGP keyring from byte %zu on", from);
        if (tag == TAG_PRIMARY_KEY) {
            if (!find_fingerprint(body, fingerprint, err))
                return false;
            take = is_wanted(fingerprint, wanted, found);
        }
        if (take) {
            memcpy(kept + size, packets.at + from, reader_place(&r) - from);
            size += reader_place(&r) - from;
        }
    }
    *out = (struct bytes){kept, size};
    return true;
}
