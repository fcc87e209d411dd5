#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "manager/deb_file.h"

static struct bytes golden(struct arena *arena, const char *name)
{
    struct bytes bytes;
    struct error err = {0};
    struct text path = text_format(arena, "%s/deb_file/%s", getenv("SUTURE_GOLDEN"), name);

    assert_done(path.at, file_read(path.at, MIB, arena, &bytes, &err), &err);
    return bytes;
}

static struct text text_of_bytes(struct bytes bytes)
{
    return (struct text){(const char *)bytes.at, bytes.size};
}

#define LONG40 "longlonglonglonglonglonglonglonglonglong"

/* A line for each entry: kind, mode, owner:group uid:gid, size, path, target. */
static const char sample_entries[] = "6 755 root:root 0:0 0 / \n"
                                     "6 755 root:root 0:0 0 /etc \n"
                                     "1 644 root:root 0:0 12 /etc/sample.conf \n"
                                     "6 755 root:root 0:0 0 /usr \n"
                                     "6 755 root:root 0:0 0 /usr/bin \n"
                                     "1 4755 root:root 0:0 22 /usr/bin/sample \n"
                                     "2 4755 root:root 0:0 0 /usr/bin/again /usr/bin/sample\n"
                                     "3 777 root:root 0:0 0 /usr/bin/other sample\n"
                                     "3 777 root:root 0:0 0 /usr/bin/far /etc/alternatives/far\n"
                                     "1 2755 root:mail 0:8 1 /usr/bin/" LONG40 LONG40 LONG40 LONG40 " \n"
                                     "1 644 root:root 0:0 0 /usr/bin/caf\xc3\xa9 \n"
                                     "7 600 root:root 0:0 0 /usr/bin/pipe \n"
                                     "4 666 root:root 0:0 0 /usr/bin/null \n";

static struct text said(const struct deb_file *deb, struct arena *arena)
{
    struct text all = {0};

    for (size_t i = 0; i < deb->entry_count; i++) {
        const struct deb_entry *entry = &deb->entries[i];
        all =
            text_format(arena, "%.*s%d %o %.*s:%.*s %u:%u %llu %.*s %.*s\n", TEXT_ARG(all), (int)entry->kind,
                        entry->mode, TEXT_ARG(entry->owner), TEXT_ARG(entry->group), entry->uid, entry->gid,
                        (unsigned long long)entry->size, TEXT_ARG(entry->path), TEXT_ARG(entry->target));
        if (entry->kind == ARCHIVE_CHARACTERS)
            assert_true(entry->device_major == 1 && entry->device_minor == 3);
        assert_int_equal(entry->mtime, 1700000000);
    }
    return all;
}

static void packages_are_read(void **state)
{
    static const char *const names[] = {"plain.deb", "gzip.deb", "xz.deb", "zstd.deb", "signed.deb"};
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct error err = {0};
    struct deb_file deb;
    struct text maintainer, none;
    (void)state;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct bytes packed = golden(&arena, names[i]);
        assert_done(names[i], deb_file_read(packed, &arena, &deb, &err), &err);
        assert_text(names[i], deb.package, "sample");
        assert_text(names[i], deb.version, "1:2.0-3~x");
        assert_text(names[i], deb.arch, "amd64");
        assert_text(names[i], said(&deb, &arena), sample_entries);
        assert_int_equal(deb.installed_size, 12 + 22 + 1);
        assert_int_equal(deb.part_count, 4);
        assert_int_equal(deb.conffile_count, 1);
        assert_text(names[i], deb.conffiles[0], "/etc/sample.conf");
        const struct deb_part *part = deb_file_part(&deb, TEXT("postinst"));
        assert_non_null(part);
        assert_int_equal(part->mode, 0755);
        assert_text(names[i], text_of_bytes(part->content), "#!/bin/sh\nexit 0\n");
        assert_null(deb_file_part(&deb, TEXT("preinst")));
        assert_done("field", deb_file_field(&deb, "maintainer", 100, &maintainer, &err), &err);
        assert_text(names[i], maintainer, "Nobody <nobody@example.org>");
        assert_done("field", deb_file_field(&deb, "Depends", 100, &none, &err), &err);
        assert_int_equal(none.size, 0);
        assert_done(names[i], deb_file_read_control(packed, &arena, &deb, &err), &err);
        assert_int_equal(deb.entry_count, 0);
        assert_int_equal(deb.part_count, 4);
    }
}

static void contents_come_in_pieces(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(deb_data_end) struct deb_data data = {0};
    struct error err = {0};
    struct deb_entry entry;
    struct text content = {0};
    bool found = true;
    (void)state;

    assert_done("open", deb_data_open(golden(&arena, "xz.deb"), &data, &err), &err);
    while (found) {
        assert_done("next", deb_data_next(&data, &arena, &entry, &found, &err), &err);
        if (!found || !text_equal(entry.path, TEXT("/usr/bin/sample")))
            continue;
        uint8_t piece[5];
        size_t got = 1;
        while (got > 0) {
            assert_done("read", deb_data_read(&data, piece, sizeof(piece), &got, &err), &err);
            content = text_format(&arena, "%.*s%.*s", TEXT_ARG(content), (int)got, (const char *)piece);
        }
    }
    assert_text("content", content, "#!/bin/sh\necho sample\n");
}

/* The .error file beside each holds the beginning of what is said; behind it may be libarchive's own words. */
static void bad_packages_are_refused(void **state)
{
    OWN(arena_end) struct arena names = arena_with(4 * MIB);
    struct file_names found;
    struct error err = {0};
    size_t count = 0;
    (void)state;

    struct text folder = text_format(&names, "%s/deb_file/bad", getenv("SUTURE_GOLDEN"));
    assert_done("bad", file_list(folder.at, 1000, &names, &found, &err), &err);
    for (size_t i = 0; i < found.count; i++) {
        OWN(arena_end) struct arena arena = arena_with(64 * MIB);
        struct deb_file deb = {.entry_count = 77};
        const char *name = text_format(&arena, "bad/%s", found.names[i].at).at;
        if (text_ends(found.names[i], TEXT(".error")))
            continue;
        if (deb_file_read(golden(&arena, name), &arena, &deb, &err))
            fail_msg("%s: was read", name);
        assert_int_equal(deb.entry_count, 77);
        struct bytes expected = golden(&arena, text_format(&arena, "%s.error", name).at);
        struct text got = text_format(&arena, "%s: %s", error_kind_name(err.kind), err.text);
        if (expected.size < 10 || !text_starts(got, text_part(text_of_bytes(expected), 0, expected.size - 1)))
            fail_msg("%s: \"%s\", expected \"%.*s...\"", name, got.at, (int)expected.size - 1,
                     (const char *)expected.at);
        count++;
    }
    assert_true(count >= 38);
}

static void no_prefix_passes(void **state)
{
    static const char *const names[] = {"xz.deb", "gzip.deb", "zstd.deb"};
    OWN(arena_end) struct arena files = arena_with(4 * MIB);
    struct error err = {0};
    struct deb_file deb;
    (void)state;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct bytes packed = golden(&files, names[i]);
        size_t end = packed.size;
        while (packed.at[end - 1] == '\n') /* the padding of the last member may be cut */
            end--;
        for (size_t size = 0; size < end; size++) {
            OWN(arena_end) struct arena arena = arena_with(16 * MIB);
            if (deb_file_read((struct bytes){packed.at, size}, &arena, &deb, &err))
                fail_msg("%s: %zu of %zu bytes were read", names[i], size, packed.size);
        }
    }
}

static void grammar(void **state)
{
    static const struct {
        const char *text;
        bool name, arch, version;
    } rows[] = {
        {"libc6", true, true, false},      {"g++-12", true, false, false},
        {"0ad", true, true, true},         {"Libc", false, false, false},
        {"", false, false, false},         {"a b", false, false, false},
        {"../x", false, false, false},     {"-x", false, false, false},
        {"1:2.0-3~x", false, false, true}, {"2.36-9+deb12u10", true, false, true},
        {"1:", false, false, false},       {":1", false, false, false},
        {"a:1", false, false, false},      {"1.0-", true, false, false},
        {"1:2:3-1", false, false, true},   {"1_0", false, false, false},
        {"1.0\n", false, false, false},    {"kfreebsd-amd64", true, true, false},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct text text = text_of(rows[i].text);
        if (deb_is_name(text) != rows[i].name || deb_is_arch(text) != rows[i].arch ||
            deb_is_version(text) != rows[i].version)
            fail_msg("\"%s\"", rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packages_are_read),
        cmocka_unit_test(contents_come_in_pieces),
        cmocka_unit_test(bad_packages_are_refused),
        cmocka_unit_test(no_prefix_passes),
        cmocka_unit_test(grammar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
