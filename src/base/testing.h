/*
 * What every test includes: cmocka with the headers that it needs first, and the comparisons that it lacks.
 * Only tests include this.
 */
#ifndef BASE_TESTING_H
#define BASE_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* A failure's kind and whole text: wording is part of the interface. The row's name is printed when they differ. */
static inline void assert_failed(const char *row, const struct error *err, enum error_kind kind,
                                 const char *text)
{
    if (err->kind != kind || strcmp(err->text, text) != 0)
        fail_msg("%s: \"%s\" (%s), expected \"%s\" (%s)", row, err->text, error_kind_name(err->kind), text,
                 error_kind_name(kind));
}

static inline void assert_done(const char *row, bool done, const struct error *err)
{
    if (!done)
        fail_msg("%s: failed: %s", row, err->text);
}

static inline void assert_text(const char *row, struct text got, const char *expected)
{
    if (!text_equal(got, text_of(expected)))
        fail_msg("%s: \"%.*s\", expected \"%s\"", row, TEXT_ARG(got), expected);
}

/* A fresh folder for one test below TMPDIR; the caller removes it. */
static inline void test_folder(char path[64])
{
    (void)snprintf(path, 64, "/tmp/suture-test-XXXXXX");
    if (mkdtemp(path) == NULL)
        fail_msg("no temporary folder");
}

/* Where the real data is, or NULL: then the test says that it is skipped. */
static inline const char *test_shared(const char *file, char path[512])
{
    const char *shared = getenv("SUTURE_SHARED");

    (void)snprintf(path, 512, "%s/%s", shared == NULL ? "../shared/data" : shared, file);
    FILE *opened = fopen(path, "rb");
    if (opened == NULL) {
        print_message("skipped: %s is not here\n", path);
        return NULL;
    }
    fclose(opened);
    return path;
}

#endif
