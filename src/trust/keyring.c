#include "trust/keyring.h"

#include "base/limits.h"
#include "base/own.h"
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
