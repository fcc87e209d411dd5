#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "format/archive_write.h"

#define X100                                                                                                 \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct archive_member members[] = {
    {.kind = ARCHIVE_FOLDER, .name = BYTES("./"), .mode = 0755, .mtime = 1},
    {.kind = ARCHIVE_FILE, .name = BYTES("./a"), .mode = 04755, .size = 5, .mtime = 1700000000},
    {.kind = ARCHIVE_HARD_LINK, .name = BYTES("./b"), .target = BYTES("./a"), .mode = 04755},
    {.kind = ARCHIVE_LINK, .name = BYTES("./c"), .target = BYTES("/far/" X100 X100), .mode = 0777},
    {.kind = ARCHIVE_FILE,
     .name = BYTES("./" X100 X100 "/caf\xc3\xa9"),
     .mode = 0600,
     .uid = 4000000000,
     .gid = 12,
     .size = 0},
    {.kind = ARCHIVE_PIPE,
     .name = BYTES("./p"),
     .mode = 0600,
     .owner = BYTES("root"),
     .group = BYTES("mail")},
    {.kind = ARCHIVE_CHARACTERS, .name = BYTES("./n"), .mode = 0666, .device_major = 1, .device_minor = 3},
    {.kind = ARCHIVE_BLOCKS, .name = BYTES("./m"), .mode = 0660, .device_major = 259, .device_minor = 300},
};

static bool put(void *self, struct bytes piece, struct error *err)
{
    struct writer *into = self;
    struct bytes all;

    writer_put(into, piece);
    return writer_done(into, &all, err);
}

static void write_all(enum compress_kind packing, struct writer *into)
{
    OWN(archive_writer_end) struct archive_writer *writer = NULL;
    struct error err = {0};

    assert_done("open", archive_writer_open(packing, (struct archive_sink){put, into}, &writer, &err), &err);
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        assert_done("add", archive_writer_add(writer, &members[i], &err), &err);
        if (members[i].size > 0) {
            assert_done("data", archive_writer_data(writer, BYTES("hel"), &err), &err);
            assert_done("data", archive_writer_data(writer, BYTES("lo"), &err), &err);
        }
    }
    assert_done("close", archive_writer_close(writer, &err), &err);
}

static bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static void what_is_written_is_read(void **state)
{
    static const enum compress_kind packings[] = {COMPRESS_NONE, COMPRESS_ZSTD};
    struct error err = {0};
    (void)state;

    for (size_t p = 0; p < COUNT_OF(packings); p++) {
        OWN(writer_end) struct writer raw = writer_with(MIB), again = writer_with(MIB);
        OWN(archive_end) struct archive_reader *reader = NULL;
        struct archive_member got;
        uint8_t content[16];
        size_t size;
        bool found;
        write_all(packings[p], &raw);
        write_all(packings[p], &again);
        assert_true(bytes_equal(writer_bytes(&raw), writer_bytes(&again)));
        assert_int_equal(compress_kind_of(writer_bytes(&raw)), packings[p]);
        assert_done("open", archive_open_tar(writer_bytes(&raw), MIB, &reader, &err), &err);
        for (size_t i = 0; i < COUNT_OF(members); i++) {
            const struct archive_member *m = &members[i];
            assert_done("walk", archive_walk(reader, &got, &found, &err), &err);
            assert_true(found && got.kind == m->kind && bytes_equal(got.name, m->name) &&
                        bytes_equal(got.target, m->target) && bytes_equal(got.owner, m->owner) &&
                        bytes_equal(got.group, m->group) && got.mode == m->mode && got.uid == m->uid &&
                        got.gid == m->gid && got.size == m->size && got.mtime == m->mtime &&
                        got.device_major == m->device_major && got.device_minor == m->device_minor);
            if (m->size > 0) {
                assert_done("read", archive_read_piece(reader, content, sizeof(content), &size, &err), &err);
                assert_true(size == 5 && memcmp(content, "hello", 5) == 0);
            }
        }
        assert_done("end", archive_walk(reader, &got, &found, &err), &err);
        assert_false(found);
    }
}

static void a_file_cut_short_is_an_error(void **state)
{
    OWN(writer_end) struct writer raw = writer_with(MIB);
    OWN(archive_writer_end) struct archive_writer *writer = NULL;
    struct error err = {0};
    (void)state;

    assert_done("open", archive_writer_open(COMPRESS_NONE, (struct archive_sink){put, &raw}, &writer, &err),
                &err);
    assert_done("add", archive_writer_add(writer, &members[1], &err), &err);
    assert_done("data", archive_writer_data(writer, BYTES("hell"), &err), &err);
    assert_false(archive_writer_add(writer, &members[0], &err));
    assert_failed("next", &err, ERROR_CONFLICT, "1 bytes of a file are missing");
    assert_false(archive_writer_close(writer, &err));
    assert_failed("close", &err, ERROR_CONFLICT, "1 bytes of a file are missing");
}

static void a_full_disk_is_said(void **state)
{
    OWN(writer_end) struct writer raw = writer_with(100);
    OWN(archive_writer_end) struct archive_writer *writer = NULL;
    struct error err = {0};
    (void)state;

    assert_done("open", archive_writer_open(COMPRESS_NONE, (struct archive_sink){put, &raw}, &writer, &err),
                &err);
    bool done = archive_writer_add(writer, &members[0], &err) && archive_writer_close(writer, &err);
    assert_false(done);
    assert_int_equal(err.kind, ERROR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_file_cut_short_is_an_error),
        cmocka_unit_test(a_full_disk_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
