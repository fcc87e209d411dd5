#include "base/testing.h"

#include <sys/stat.h>

#include "base/own.h"
#include "manager/apt_memory.h"

#define NOW INT64_C(1795000000000000)

/* Files of a made machine, and the key and facts of its one list. */
struct machine {
    char folder[64];
    const char *inrelease, *list, *memory;
    const char *keyrings[2];
    struct apt_memory_key key;
    struct apt_memory_facts facts;
    struct keyring used;
};

static const char *put(struct arena *arena, const char *folder, const char *name, const char *content)
{
    const char *path = file_path(arena, folder, name);
    struct error err;

    assert_done(name, file_replace_cache(path, bytes_of_text(text_of(content)), 0600, &err), &err);
    return path;
}

static void make(struct machine *machine, struct arena *arena)
{
    struct error err;

    *machine = (struct machine){0};
    test_folder(machine->folder);
    machine->inrelease = put(arena, machine->folder, "InRelease", "signed");
    machine->list = put(arena, machine->folder, "Packages", "list");
    machine->keyrings[0] = put(arena, machine->folder, "a.gpg", "key a");
    machine->keyrings[1] = put(arena, machine->folder, "b.gpg", "key b");
    machine->memory = apt_memory_path(machine->folder, machine->list, false, arena);
    machine->key = (struct apt_memory_key){.source = TEXT("the source"),
                                           .inrelease = machine->inrelease,
                                           .list = machine->list,
                                           .keyrings = machine->keyrings,
                                           .keyring_count = 2,
                                           .now_us = NOW};
    machine->used.path = text_of(machine->keyrings[1]);
    assert_done("id", file_identify(machine->keyrings[1], &machine->used.identity, &err), &err);
    assert_done("digest", digest_bytes(DIGEST_SHA256, BYTES("key b"), &machine->used.digest, &err), &err);
    machine->facts = (struct apt_memory_facts){
        .release = {.origin = TEXT("Example"),
                    .label = TEXT("Label"),
                    .suite = TEXT("stable"),
                    .codename = TEXT("oak"),
                    .version = TEXT("7.1"),
                    .not_automatic = true,
                    .date_us = NOW - TIME_DAY_US,
                    .valid_until_us = TIME_ABSENT,
                    .keyrings = &machine->used,
                    .keyring_count = 1},
        .verified_us = NOW,
    };
    assert_done("id", file_identify(machine->inrelease, &machine->facts.release.identity, &err), &err);
    assert_done("id", file_identify(machine->list, &machine->facts.list, &err), &err);
}

static void write_memory(struct machine *machine)
{
    OWN(apt_table_builder_end) struct apt_table_builder builder = apt_table_builder_with(TEXT("amd64"));
    OWN(writer_end) struct writer note = writer_with(1 << 16);
    struct apt_record record = {TEXT("bash"), TEXT("1"), TEXT("amd64"), TEXT("bash"), TEXT("1"), 5, 100, {0}};
    struct bytes whole;
    struct error err;

    assert_done("add", apt_table_add(&builder, &record, &err), &err);
    assert_done("note", apt_memory_note(&machine->key, &machine->facts, &note, &err), &err);
    assert_done("finish", apt_table_finish(&builder, writer_bytes(&note), &whole, &err), &err);
    assert_done("write", file_replace_cache(machine->memory, whole, 0600, &err), &err);
}

static bool is_remembered(struct machine *machine, struct arena *arena, struct apt_memory_facts *facts)
{
    OWN(file_unmap) struct file_map map = {0};
    struct apt_memory_facts got = {0};
    struct apt_record record;
    struct apt_table table;

    if (!apt_memory_load(machine->memory, &machine->key, arena, &map, &table, &got)) {
        assert_int_equal(map.bytes.size, 0);
        return false;
    }
    struct apt_table_walk walk = apt_table_find(&table, TEXT("bash"));
    assert_true(apt_table_next(&walk, &record));
    if (facts != NULL) {
        assert_text("origin", got.release.origin, "Example");
        assert_text("version", got.release.version, "7.1");
        *facts = got;
    }
    return true;
}

static void what_was_verified_is_remembered(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct apt_memory_facts got;
    struct machine machine;
    struct error err;
    (void)state;

    make(&machine, &arena);
    assert_false(is_remembered(&machine, &arena, NULL));
    write_memory(&machine);
    assert_true(is_remembered(&machine, &arena, &got));
    assert_true(got.release.not_automatic && !got.release.but_automatic_upgrades);
    assert_true(got.release.date_us == NOW - TIME_DAY_US && got.release.valid_until_us == TIME_ABSENT);
    assert_true(got.verified_us == NOW);
    machine.key.now_us = NOW + 6 * TIME_DAY_US;
    assert_true(is_remembered(&machine, &arena, NULL));
    /* The same bytes in another file are the same keyring; another one is worth nothing here. */
    (void)put(&arena, machine.folder, "b.gpg", "key b");
    assert_true(is_remembered(&machine, &arena, NULL));
    (void)put(&arena, machine.folder, "a.gpg", "another key a");
    assert_true(is_remembered(&machine, &arena, NULL));
    assert_done("remove", file_remove_tree(machine.folder, &err), &err);
}

static void a_week_later(struct machine *machine, struct arena *arena)
{
    (void)arena;
    machine->key.now_us = NOW + 7 * TIME_DAY_US;
}
static void before_it_was_written(struct machine *machine, struct arena *arena)
{
    (void)arena;
    machine->key.now_us = NOW - 1;
}
static void another_source(struct machine *machine, struct arena *arena)
{
    (void)arena;
    machine->key.source = TEXT("the source, signed by others");
}
static void another_inrelease(struct machine *machine, struct arena *arena)
{
    (void)put(arena, machine->folder, "InRelease", "signed");
}
static void another_list(struct machine *machine, struct arena *arena)
{
    (void)put(arena, machine->folder, "Packages", "list");
}
static void another_list_path(struct machine *machine, struct arena *arena)
{
    machine->key.list = put(arena, machine->folder, "Packages2", "list");
}
static void another_key(struct machine *machine, struct arena *arena)
{
    (void)put(arena, machine->folder, "b.gpg", "key c");
}
static void no_key(struct machine *machine, struct arena *arena)
{
    struct error err;
    (void)arena;
    assert_done("remove", file_remove_tree(machine->keyrings[1], &err), &err);
}
static void key_not_named(struct machine *machine, struct arena *arena)
{
    (void)arena;
    machine->key.keyring_count = 1;
}
static void written_by_others(struct machine *machine, struct arena *arena)
{
    (void)arena;
    assert_int_equal(chmod(machine->memory, 0660), 0);
}
static void cut_short(struct machine *machine, struct arena *arena)
{
    struct bytes whole;
    struct error err;

    assert_done("read", file_read(machine->memory, 1 << 20, arena, &whole, &err), &err);
    whole.size -= 1;
    assert_done("write", file_replace_cache(machine->memory, whole, 0600, &err), &err);
}

static void what_has_changed_is_verified_anew(void **state)
{
    static const struct {
        const char *name;
        void (*change)(struct machine *machine, struct arena *arena);
    } rows[] = {
        {"a week later", a_week_later},     {"before it was written", before_it_was_written},
        {"another source", another_source}, {"another InRelease", another_inrelease},
        {"another list", another_list},     {"another path of the list", another_list_path},
        {"another key", another_key},       {"no key", no_key},
        {"key not named", key_not_named},   {"written by others", written_by_others},
        {"cut short", cut_short},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 20);
        struct machine machine;
        struct error err;
        make(&machine, &arena);
        write_memory(&machine);
        assert_true(is_remembered(&machine, &arena, NULL));
        rows[i].change(&machine, &arena);
        if (is_remembered(&machine, &arena, NULL))
            fail_msg("%s: it is still believed", rows[i].name);
        assert_done("remove", file_remove_tree(machine.folder, &err), &err);
    }
}

static void notes_are_bounded(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    OWN(writer_end) struct writer note = writer_with(1 << 16);
    struct apt_memory_facts got;
    struct machine machine;
    struct error err;
    bool same;
    (void)state;

    make(&machine, &arena);
    assert_done("note", apt_memory_note(&machine.key, &machine.facts, &note, &err), &err);
    struct bytes whole = writer_bytes(&note);
    assert_done("whole", apt_memory_read(whole, &machine.key, &arena, &got, &same, &err), &err);
    assert_true(same);
    for (size_t size = 0; size < whole.size; size++)
        assert_false(
            apt_memory_read((struct bytes){whole.at, size}, &machine.key, &arena, &got, &same, &err));
    writer_byte(&note, 0);
    assert_false(apt_memory_read(writer_bytes(&note), &machine.key, &arena, &got, &same, &err));
    assert_failed("longer", &err, ERROR_INPUT, "is broken");
    /* One of version 1 ended where the publisher comes now: it is read, and no longer believed. */
    writer_patch_u32(&note, 0, 1);
    struct bytes former = {writer_bytes(&note).at, whole.size - 1};
    assert_done("former", apt_memory_read(former, &machine.key, &arena, &got, &same, &err), &err);
    assert_false(same);
    writer_patch_u32(&note, 0, 3);
    assert_false(apt_memory_read(writer_bytes(&note), &machine.key, &arena, &got, &same, &err));
    assert_failed("newer", &err, ERROR_INPUT, "is of version 3, not 2");
    assert_done("remove", file_remove_tree(machine.folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_verified_is_remembered),
        cmocka_unit_test(what_has_changed_is_verified_anew),
        cmocka_unit_test(notes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
