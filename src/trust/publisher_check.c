#include "trust/publisher_check.h"

#include "base/control.h"

const struct publisher_suite *publisher_suite_of(const struct publisher *publisher,
                                                 const struct inrelease *inrelease)
{
    for (size_t i = 0; i < publisher->suite_count; i++) {
        const struct publisher_suite *suite = &publisher->suites[i];
        if (text_equal(text_of(suite->codename), inrelease->codename) &&
            (suite->suite == NULL || text_equal(text_of(suite->suite), inrelease->suite)))
            return suite;
    }
    return NULL;
}

/* "jammy" is the codename of "jammy-updates" too: there only the Suite tells them apart. */
static bool is_part_of_codename(const struct inrelease *inrelease)
{
    struct text suite = inrelease->suite;

    return text_starts(suite, inrelease->codename) && suite.size > inrelease->codename.size &&
           suite.at[inrelease->codename.size] == '-';
}

static bool is_asked_for(const struct publisher_suite *row, const struct inrelease *inrelease,
                         struct text asked)
{
    if (row != NULL && row->suite != NULL)
        return text_equal(asked, text_of(row->suite));
    if (asked.size == 0)
        return false;
    if (text_equal(asked, inrelease->suite))
        return true;
    /* "buster/updates" is how releases before Debian 11 named their security archive. */
    size_t slash = text_find_byte(asked, '/');
    struct text name = row == NULL && slash != SIZE_MAX ? text_part(asked, 0, slash) : asked;
    return text_equal(name, inrelease->codename) && !is_part_of_codename(inrelease);
}

static struct text name_of(const struct inrelease *inrelease)
{
    return is_part_of_codename(inrelease) ? inrelease->suite : inrelease->codename;
}

static bool check_name(const struct publisher *publisher, const struct publisher_suite *row,
                       const struct inrelease *inrelease, struct text asked, struct error *err)
{
    if (!is_asked_for(row, inrelease, asked))
        return error_set(err, ERROR_TRUST, "is %s's \"%.*s\", sent where \"%.*s\" was asked for",
                         publisher->title, TEXT_ARG(name_of(inrelease)), TEXT_ARG(asked));
    if (row != NULL && !text_equal(inrelease->origin, text_of(row->origin)))
        return error_set(err, ERROR_TRUST, "says Origin \"%.*s\", %s's \"%.*s\" has \"%s\"",
                         TEXT_ARG(inrelease->origin), publisher->title, TEXT_ARG(asked), row->origin);
    if (row != NULL && !text_equal(inrelease->label, text_of(row->label)))
        return error_set(err, ERROR_TRUST, "says Label \"%.*s\", %s's \"%.*s\" has \"%s\"",
                         TEXT_ARG(inrelease->label), publisher->title, TEXT_ARG(asked), row->label);
    return true;
}

static bool has_signed(const struct inrelease *inrelease, const char *key)
{
    for (size_t i = 0; i < inrelease->signers.count; i++)
        if (text_equal_caseless(text_of(inrelease->signers.primary[i]), text_of(key)))
            return true;
    return false;
}

static bool check_signers(const struct publisher_suite *row, const struct inrelease *inrelease,
                          struct error *err)
{
    size_t count = 0;

    for (size_t i = 0; i < row->signed_by.count; i++)
        count += has_signed(inrelease, row->signed_by.at[i]);
    if (count < row->needed)
        return error_set(err, ERROR_TRUST, "%zu of the %u signatures that %s needs count", count, row->needed,
                         publisher_suite_name(row));
    for (size_t i = 0; i < row->always.count; i++)
        if (!has_signed(inrelease, row->always.at[i]))
            return error_set(err, ERROR_TRUST, "%s did not sign it, which always signs %s", row->always.at[i],
                             publisher_suite_name(row));
    return true;
}

bool publisher_check(const struct publisher *publisher, const struct inrelease *inrelease, struct text asked,
                     enum trust_refusal *refusal, struct error *err)
{
    const struct publisher_suite *row = publisher_suite_of(publisher, inrelease);
    struct error found;

    if (!check_name(publisher, row, inrelease, asked, &found) && control_holds(CONTROL_SUITE_NAME)) {
        *refusal = TRUST_MIX_AND_MATCH;
        *err = found;
        return false;
    }
    if (row != NULL && !check_signers(row, inrelease, &found) && control_holds(CONTROL_SUITE_SIGNERS)) {
        *refusal = TRUST_VENDOR_SIGNATURE;
        *err = found;
        return false;
    }
    *refusal = TRUST_NOT_REFUSED;
    return true;
}

int64_t publisher_end_us(const struct publisher_suite *suite, const struct inrelease *inrelease)
{
    if (suite == NULL || suite->age_days == 0 || inrelease->date_us == TIME_ABSENT)
        return TIME_ABSENT;
    return inrelease->date_us + (int64_t)suite->age_days * TIME_DAY_US;
}
