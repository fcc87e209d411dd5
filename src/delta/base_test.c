#include "base/testing.h"

#include "base/own.h"
#include "delta/base.h"

static struct digest md5_of(const char *hex)
{
    struct error err = {0};
    struct digest digest = {0};

    assert_done(hex, digest_parse(DIGEST_MD5, text_of(hex), &digest, &err), &err);
    return digest;
}

static void identity_is_the_digest_of_the_text(void **state)
{
    (void)state;
    struct base_part parts[] = {
        {TEXT("postinst"), BASE_CONTROL, md5_of("d41d8cd98f00b204e9800998ecf8427e")},
        {TEXT("/etc/a b"), BASE_CONFFILE, md5_of("0cc175b9c0f1b6a831c399e269772661")},
    };
    struct base base = {.kind = BASE_KIND_PACKAGE, .parts = parts, .part_count = COUNT_OF(parts)};
    struct bytes text = BYTES("d41d8cd98f00b204e9800998ecf8427e c postinst\n"
                              "0cc175b9c0f1b6a831c399e269772661 e /etc/a b\n");
    struct digest got = {0}, expected = {0};
    struct error err = {0};

    assert_done("identity", base_identity(&base, &got, &err), &err);
    assert_done("digest", digest_bytes(DIGEST_SHA256, text, &expected, &err), &err);
    assert_true(digest_equal(&got, &expected));
    parts[1].class = BASE_FILE;
    assert_done("identity", base_identity(&base, &got, &err), &err);
    assert_false(digest_equal(&got, &expected));
}

static void paths_have_classes(void **state)
{
    static const struct {
        const char *path;
        enum base_class class;
    } rows[] = {
        {"/usr/bin/curl", BASE_FILE},
        {"/usr/share/doc/curl/copyright", BASE_DOC},
        {"/usr/share/doc", BASE_FILE},
        {"/usr/share/documents/x", BASE_FILE},
        {"/usr/share/locale/de/LC_MESSAGES/x.mo", BASE_DOC},
        {"/usr/share/man/man1/curl.1.gz", BASE_DOC},
        {"/etc/passwd", BASE_FILE},
        {"", BASE_FILE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(base_class_of(text_of(rows[i].path)), rows[i].class);
}

static void parts_are_found_by_class_and_name(void **state)
{
    const struct base_part parts[] = {{.name = TEXT("control"), .class = BASE_CONTROL},
                                      {.name = TEXT("control"), .class = BASE_FILE}};
    const struct base base = {.parts = parts, .part_count = COUNT_OF(parts)};

    (void)state;
    assert_int_equal(base_find(&base, BASE_FILE, TEXT("control")), 1);
    assert_int_equal(base_find(&base, BASE_CONTROL, TEXT("control")), 0);
    assert_true(base_find(&base, BASE_DOC, TEXT("control")) == SIZE_MAX);
}

static void control_files_and_status_give_the_same_text(void **state)
{
    static const struct {
        const char *name, *raw, *expected; /* expected NULL: fails */
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"a control file",
         "Package: a\nVersion: 1\nDepends: b (>= 2),  c\nDescription: short\n long\n .\n more\n",
         "depends: b (>= 2),  c\ndescription: short\n long\n .\n more\npackage: a\nversion: 1\n", ERROR_NONE,
         ""},
        {"its paragraph in status",
         "Package: a\nStatus: install ok installed\nDEPENDS:b (>= 2),  c\nVersion: 1\nConffiles:\n /etc/a "
         "0cc1\n"
         "Config-Version: 1\nTriggers-Pending: x\nTriggers-Awaited: y\nDescription: short\n long\n .\n more",
         "depends: b (>= 2),  c\ndescription: short\n long\n .\n more\npackage: a\nversion: 1\n", ERROR_NONE,
         ""},
        {"one name begins another", "Package-Type: b\nPackage: a\n", "package: a\npackage-type: b\n",
         ERROR_NONE, ""},
        {"nothing", "", "", ERROR_NONE, ""},
        {"no field", "Package: a\nrubbish\n", NULL, ERROR_INPUT, "control: byte 11 begins no field"},
        {"no name", ": a\n", NULL, ERROR_INPUT, "control: byte 0 begins no field"},
        {"begins with a continuation", " a: b\n", NULL, ERROR_INPUT, "control: byte 0 begins no field"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(writer_end) struct writer out = writer_with(4096);
        struct error err = {0};
        bool done = base_control_text(bytes_of_text(text_of(rows[i].raw)), &out, &err);

        if (rows[i].expected == NULL) {
            assert_false(done);
            assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
            continue;
        }
        assert_done(rows[i].name, done, &err);
        struct bytes got = writer_bytes(&out);
        assert_text(rows[i].name, (struct text){(const char *)got.at, got.size}, rows[i].expected);
    }
}

static void too_many_fields_are_refused(void **state)
{
    OWN(writer_end) struct writer raw = writer_with(65536), out = writer_with(65536);
    struct error err = {0};

    (void)state;
    for (int i = 0; i < 300; i++)
        writer_format(&raw, "Field-%d: x\n", i);
    assert_false(base_control_text(writer_bytes(&raw), &out, &err));
    assert_failed("300", &err, ERROR_LIMIT, "control: more than 256 fields");
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        cmocka_unit_test(identity_is_the_digest_of_the_text),
        cmocka_unit_test(paths_have_classes),
        cmocka_unit_test(parts_are_found_by_class_and_name),
        cmocka_unit_test(control_files_and_status_give_the_same_text),
        cmocka_unit_test(too_many_fields_are_refused),
    };
    return cmocka_run_group_tests(rows, NULL, NULL);
}
