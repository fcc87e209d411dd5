#include "model/publisher.h"

const struct publisher *publishers_find(const struct publishers *publishers, struct text name)
{
    for (size_t i = 0; i < publishers->count; i++)
        if (text_equal(text_of(publishers->at[i]->name), name))
            return publishers->at[i];
    return NULL;
}

static bool any_glob(const struct publisher_words *globs, struct text text)
{
    for (size_t i = 0; i < globs->count; i++)
        if (glob_matches(globs->at[i], text))
            return true;
    return false;
}

const char *publisher_suite_name(const struct publisher_suite *suite)
{
    return suite->suite != NULL ? suite->suite : suite->codename;
}

static bool has_suite(const struct publisher *publisher, struct text suite)
{
    for (size_t i = 0; i < publisher->suite_count; i++)
        if (text_equal(text_of(publisher_suite_name(&publisher->suites[i])), suite))
            return true;
    return false;
}

const struct publisher *publishers_of_source(const struct publishers *publishers, struct text place,
                                             struct text suite, bool *bound)
{
    *bound = true;
    for (size_t i = 0; i < publishers->count; i++)
        if (any_glob(&publishers->at[i]->archives, place))
            return publishers->at[i];
    *bound = false;
    for (size_t i = 0; i < publishers->count; i++)
        if (has_suite(publishers->at[i], suite))
            return publishers->at[i];
    return NULL;
}

bool publisher_owns(const struct publisher *publisher, struct text package, struct text source)
{
    return any_glob(&publisher->packages, package) || any_glob(&publisher->sources, source);
}

static bool has_key(const char *const *keys, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal_caseless(text_of(keys[i]), text_of(key)))
            return true;
    return false;
}

size_t publisher_keys(const struct publisher *publisher, const char *out[PUBLISHER_KEYS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < publisher->suite_count; i++) {
        const struct publisher_words *words = &publisher->suites[i].signed_by;
        for (size_t k = 0; k < words->count && count < PUBLISHER_KEYS_MAX; k++)
            if (!has_key(out, count, words->at[k]))
                out[count++] = words->at[k];
    }
    return count;
}

const struct publisher_suite *publisher_security_suite(const struct publisher *publisher, struct text release)
{
    for (size_t i = 0; i < publisher->suite_count; i++)
        if (publisher->suites[i].security_of != NULL &&
            text_equal(text_of(publisher->suites[i].security_of), release))
            return &publisher->suites[i];
    return NULL;
}
