#include "base/testing.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "trust/machine_key.h"

#define PUBLIC "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define SECRET "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define WHOLE  "suture-key 1\nalgorithm ed25519\npublic " PUBLIC "\nsecret " SECRET "\n"

struct place {
    char folder[64];
    char path[96];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    test_folder(place->folder);
    (void)snprintf(place->path, sizeof(place->path), "%s/machine.key", place->folder);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    struct error err;
    bool removed = file_remove_tree(place->folder, &err);

    free(place);
    return !removed;
}

static void broken_files_are_named(void **state)
{
    static const struct {
        const char *name, *content, *text;
    } rows[] = {
        {"empty", "", "is no key of Suture that this version knows"},
        {"newer", "suture-key 2\nalgorithm ed25519\n", "is no key of Suture that this version knows"},
        {"other algorithm", "suture-key 1\nalgorithm rsa\n", "is no key of Suture that this version knows"},
        {"cut short", "suture-key 1\nalgorithm ed25519\npublic d75a", "42 bytes, where a key has 175"},
        {"something behind", WHOLE "\n", "176 bytes, where a key has 175"},
        {"halves swapped", "suture-key 1\nalgorithm ed25519\nsecret " SECRET "\npublic " PUBLIC "\n",
         "no line \"public\" where it should stand"},
        {"no digit",
         "suture-key 1\nalgorithm ed25519\npublic x75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af0"
         "21a68f707511a\nsecret " SECRET "\n",
         "public: \"x75a980182b10ab7d54bfed3c964073a0ee172f3\" is not hexadecimal"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct secret_key key;
        struct error err;
        assert_false(machine_key_parse(bytes_of_text(text_of(rows[i].content)), &key, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
}

static void a_key_is_made_once(void **state)
{
    const struct place *place = *state;
    struct secret_key first, second;
    struct stat found;
    struct error err;

    assert_false(machine_key_read(place->path, &first, &err));
    assert_int_equal(err.kind, ERROR_ABSENT);
    assert_done("made", machine_key_need(place->path, &first, &err), &err);
    assert_int_equal(stat(place->path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    assert_done("again", machine_key_need(place->path, &second, &err), &err);
    assert_memory_equal(&first, &second, sizeof(first));
}

/* Without file_create's refusal each would keep a key of its own, and all but the last would sign with a lost one. */
static void who_comes_at_once_gets_the_same(void **state)
{
    const struct place *place = *state;
    struct secret_key mine, theirs[8];
    int pipes[2];
    struct error err;

    assert_int_equal(pipe(pipes), 0);
    for (size_t i = 0; i < COUNT_OF(theirs); i++)
        if (fork() == 0) {
            struct secret_key key;
            bool done = machine_key_need(place->path, &key, &err) &&
                        write(pipes[1], &key, sizeof(key)) == sizeof(key);
            _exit(done ? 0 : 1);
        }
    for (size_t i = 0; i < COUNT_OF(theirs); i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
        assert_int_equal(read(pipes[0], &theirs[i], sizeof(theirs[i])), sizeof(theirs[i]));
    }
    assert_done("read", machine_key_read(place->path, &mine, &err), &err);
    for (size_t i = 0; i < COUNT_OF(theirs); i++)
        assert_memory_equal(&theirs[i], &mine, sizeof(mine));
    close(pipes[0]);
    close(pipes[1]);
}

static void what_others_may_read_is_refused(void **state)
{
    const struct place *place = *state;
    struct secret_key key;
    char expected[300], moved[128];
    struct error err;

    assert_done("made", machine_key_need(place->path, &key, &err), &err);
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601};
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        assert_int_equal(chmod(place->path, modes[i]), 0);
        assert_false(machine_key_need(place->path, &key, &err));
        (void)snprintf(
            expected, sizeof(expected),
            "%s: others may read it (mode %04o), so anybody may have signed with it: if nobody did, chmod "
            "600 it; else remove it, a new one is made",
            place->path, (unsigned)modes[i]);
        assert_failed("mode", &err, ERROR_TRUST, expected);
    }
    assert_int_equal(chmod(place->path, 0600), 0);
    (void)snprintf(moved, sizeof(moved), "%s/elsewhere", place->folder);
    assert_int_equal(rename(place->path, moved), 0);
    assert_int_equal(symlink(moved, place->path), 0);
    assert_false(machine_key_need(place->path, &key, &err));
    (void)snprintf(expected, sizeof(expected), "%s: is a link: a key lies in its own folder", place->path);
    assert_failed("link", &err, ERROR_TRUST, expected);
}

static void halves_of_two_keys_are_refused(void **state)
{
    const struct place *place = *state;
    struct secret_key key;
    struct error err;
    char expected[200];

    assert_done(
        "write",
        file_replace(place->path,
                     BYTES("suture-key 1\nalgorithm ed25519\npublic "
                           "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c\nsecret " SECRET
                           "\n"),
                     0600, &err),
        &err);
    assert_false(machine_key_need(place->path, &key, &err));
    (void)snprintf(expected, sizeof(expected), "%s: its secret and its public half do not belong together",
                   place->path);
    assert_failed("halves", &err, ERROR_TRUST, expected);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_files_are_named),    IN_A_PLACE(a_key_is_made_once),
        IN_A_PLACE(who_comes_at_once_gets_the_same), IN_A_PLACE(what_others_may_read_is_refused),
        IN_A_PLACE(halves_of_two_keys_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
