#include "manager/dpkg_words.h"

#include "base/limits.h"

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* A letter or digit, then those and `signs`. */
static bool is_word(struct text word, const char *signs, size_t limit)
{
    if (word.size == 0 || word.size > limit || !is_alphanumeric(word.at[0]))
        return false;
    for (size_t i = 1; i < word.size; i++)
        if (!is_alphanumeric(word.at[i]) && (word.at[i] == 0 || strchr(signs, word.at[i]) == NULL))
            return false;
    return true;
}

bool dpkg_word_is_name(struct text word)
{
    return is_word(word, "+-._", LIMIT_PACKAGE_NAME);
}

bool dpkg_word_is_arch(struct text word)
{
    return is_word(word, "-", LIMIT_ARCH);
}

bool dpkg_word_is_version(struct text word)
{
    return is_word(word, ".+~:-", LIMIT_VERSION);
}

bool dpkg_word_is_run(struct text word)
{
    static const char form[] = "dddddddd"
                               "T"
                               "dddddd"
                               "Z-"
                               "xxxxxxxx";

    if (word.size != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < word.size; i++) {
        char c = word.at[i];
        bool digit = c >= '0' && c <= '9';
        if (form[i] == 'd' ? !digit : form[i] == 'x' ? !digit && (c < 'a' || c > 'f') : c != form[i])
            return false;
    }
    return true;
}

bool dpkg_word_is_unit(struct text word)
{
    static const struct text ends[] = {{".service", 8}, {".socket", 7}, {".timer", 6}, {".target", 7}};

    if (!is_word(word, "@:._\\-", LIMIT_PACKAGE_NAME))
        return false;
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
        if (text_ends(word, ends[i]))
            return true;
    return false;
}
