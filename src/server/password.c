#include "server/password.h"

#include <crypt.h>
#include <stdlib.h>

#include "base/own.h"

#define COST 6 /* of yescrypt: 32 MiB */
/* Of no password: what is tried for a user that is not there. */
#define NOBODY "$y$jAT$k2XAnEHBqQ1Ct2aMXFKN..$gZjmhQbsvv0hYKc6OmoZZb.AE5wJGdtSkG7dgLBoiNA"

bool password_check(struct text password, struct text user, struct error *err)
{
    size_t characters = 0, same = 0;

    for (size_t i = 0; i < password.size; i++) {
        characters += ((unsigned char)password.at[i] & 0xc0) != 0x80;
        same += password.at[i] == password.at[0];
    }
    if (password.size > PASSWORD_MAX)
        return error_set(err, ERROR_LIMIT, "the password has more than %d bytes", PASSWORD_MAX);
    if (characters < PASSWORD_MIN)
        return error_set(err, ERROR_INPUT, "the password has fewer than %d characters: take some words",
                         PASSWORD_MIN);
    if (same == password.size)
        return error_set(err, ERROR_INPUT, "the password is one character, again and again");
    if (text_equal_caseless(password, user))
        return error_set(err, ERROR_INPUT, "the password is the user's name");
    return true;
}

/* libcrypt's work space holds what it made of the password. */
static void end_work(struct crypt_data **work)
{
    if (*work != NULL)
        explicit_bzero(*work, sizeof(**work));
    free(*work);
}

static bool run_crypt(struct text password, const char *setting, char out[PASSWORD_HASH_MAX],
                      struct error *err)
{
    OWN(end_work) struct crypt_data *work = calloc(1, sizeof(*work));
    char copy[PASSWORD_MAX + 1] = "";

    if (work == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory for a password");
    if (password.size > PASSWORD_MAX)
        return error_set(err, ERROR_LIMIT, "the password has more than %d bytes", PASSWORD_MAX);
    if (password.size > 0)
        memcpy(copy, password.at, password.size);
    const char *made = crypt_rn(copy, setting, work, (int)sizeof(*work));
    explicit_bzero(copy, sizeof(copy));
    if (made == NULL || made[0] == '*' || strlen(made) >= PASSWORD_HASH_MAX)
        return error_system(err, "yescrypt");
    memcpy(out, made, strlen(made) + 1);
    return true;
}

bool password_hash(struct text password, const uint8_t salt[PASSWORD_SALT], char out[PASSWORD_HASH_MAX],
                   struct error *err)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE], random[PASSWORD_SALT];

    memcpy(random, salt, sizeof(random));
    if (crypt_gensalt_rn("$y$", COST, random, (int)sizeof(random), setting, (int)sizeof(setting)) == NULL)
        return error_system(err, "yescrypt");
    return run_crypt(password, setting, out, err);
}

/* Looks at every byte, whatever the first difference. */
static bool equal_in_constant_time(const char *a, const char *b, size_t size)
{
    unsigned differs = 0;

    for (size_t i = 0; i < size; i++)
        differs |= (unsigned)((unsigned char)a[i] ^ (unsigned char)b[i]);
    return differs == 0;
}

bool password_holds(struct text password, struct text stored)
{
    char wanted[PASSWORD_HASH_MAX] = NOBODY, made[PASSWORD_HASH_MAX] = "";
    bool somebody = stored.size > 0 && stored.size < sizeof(wanted);
    struct error err;

    if (somebody) {
        memset(wanted, 0, sizeof(wanted));
        memcpy(wanted, stored.at, stored.size);
    }
    if (!run_crypt(password, wanted, made, &err))
        return false;
    return equal_in_constant_time(made, wanted, sizeof(wanted)) && somebody;
}

void password_once(const uint8_t random[PASSWORD_ONCE_BYTES], char out[PASSWORD_ONCE])
{
    /* 32 letters and digits: no l, o, 0, 1. */
    static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
    size_t size = 0;

    for (size_t i = 0; i < PASSWORD_ONCE_BYTES; i++) {
        if (i > 0 && i % 4 == 0)
            out[size++] = '-';
        out[size++] = alphabet[random[i] & 31];
    }
    out[size] = '\0';
}
