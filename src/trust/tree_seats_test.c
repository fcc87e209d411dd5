#include "trust/repo_testing.h"

struct seats_place {
    struct arena arena;
    struct tuf_key keys[8], online;
    const struct tuf_key *at[8];
};

/* Keys that were never made: seats look at ids, persons and material alone. */
static int begin(void **state)
{
    static const char *const names[] = {"anna", "ben", "carla", "dan", "eve", "fred", "gina", "anna"};
    static const uint8_t materials[9][32] = {{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}};
    static const char *const ids[] = {"id-a", "id-b", "id-c", "id-d", "id-e", "id-f", "id-g", "id-h"};
    struct seats_place *place = calloc(1, sizeof(*place));

    place->arena = arena_with(4 * MIB);
    for (size_t i = 0; i < 8; i++) {
        place->keys[i] = (struct tuf_key){.id = text_of(ids[i]),
                                          .scheme = TUF_ED25519,
                                          .material = {materials[i], 32},
                                          .person = text_of(names[i])};
        place->at[i] = &place->keys[i];
    }
    place->online = (struct tuf_key){
        .id = TEXT("server"), .scheme = TUF_ED25519, .material = {materials[8], 32}, .online = true};
    *state = place;
    return 0;
}

static int end(void **state)
{
    struct seats_place *place = *state;

    arena_end(&place->arena);
    free(place);
    return 0;
}

static struct tree_people people_of(struct seats_place *place, size_t count)
{
    struct tree_people people;
    struct error err;

    assert_done("people", tree_people_of(place->at, count, &place->arena, &people, &err), &err);
    return people;
}

static const struct tuf_role *role_of(const struct tree_seats *seats, const char *name)
{
    return &seats->roles[tree_role_find(text_of(name)) - tree_roles];
}

static void assert_seats(const struct tree_seats *seats, const char *name, const char *ids,
                         uint32_t threshold)
{
    const struct tuf_role *role = role_of(seats, name);
    char got[200] = "";

    for (size_t i = 0; i < role->key_count; i++)
        (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%.*s", i > 0 ? " " : "",
                       TEXT_ARG(role->keys[i]->id));
    assert_string_equal(got, ids);
    assert_int_equal(role->threshold, threshold);
}

static void each_role_begins_with_another_person(void **state)
{
    struct seats_place *place = *state;
    struct tree_people people = people_of(place, 5);
    struct tree_seats seats;
    struct error err;

    assert_done("fill", tree_seats_fill(&people, &place->online, false, &place->arena, &seats, &err), &err);
    assert_seats(&seats, "root", "id-a id-b id-c id-d id-e", 3);
    assert_seats(&seats, "targets", "id-a id-b id-c", 2);
    assert_seats(&seats, "policy", "id-b id-c id-d", 2);
    assert_seats(&seats, "crisis", "id-d id-e id-a id-b", 2);
    assert_seats(&seats, "block", "id-e id-a id-b id-c id-d", 1);
    assert_seats(&seats, "timestamp", "server", 1);
    assert_seats(&seats, "plan", "server", 1);
    assert_done("check", tree_seats_check(&seats, &err), &err);
}

/* No two of five sit together in every role that two may decide. */
static void no_pair_decides_everything(void **state)
{
    struct seats_place *place = *state;
    struct tree_people people = people_of(place, 5);
    struct tree_seats seats;
    struct error err;

    assert_done("fill", tree_seats_fill(&people, &place->online, false, &place->arena, &seats, &err), &err);
    for (size_t a = 0; a < 5; a++)
        for (size_t b = 0; b < a; b++) {
            bool all = true;
            for (size_t i = 0; i < TREE_ROLE_COUNT; i++) {
                unsigned seen = 0;
                for (size_t k = 0; k < seats.roles[i].key_count; k++)
                    seen += seats.roles[i].keys[k] == place->at[a] || seats.roles[i].keys[k] == place->at[b];
                all = all && (tree_roles[i].threshold != 2 || seen == 2);
            }
            assert_false(all);
        }
}

static void keys_of_one_person_are_one_person(void **state)
{
    struct seats_place *place = *state;
    struct tree_people people = people_of(place, 8); /* the eighth key is anna's again */
    struct tree_seats seats;
    struct error err;

    assert_int_equal(people.count, 7);
    assert_int_equal(people.at[0].key_count, 2);
    assert_done("fill", tree_seats_fill(&people, &place->online, false, &place->arena, &seats, &err), &err);
    assert_seats(&seats, "targets", "id-a id-h id-b id-c", 2);
    assert_int_equal(tree_seats_persons(role_of(&seats, "targets")), 3);
}

static void too_few_persons_are_refused(void **state)
{
    struct seats_place *place = *state;
    static const struct {
        size_t count;
        bool solo;
        const char *text;
    } rows[] = {
        {1, false,
         "1 person is too few: root takes 3 signatures and one key to spare, so 4 persons at least; 5 are "
         "better. Alone: --solo"},
        {3, false,
         "3 persons are too few: root takes 3 signatures and one key to spare, so 4 persons at least; 5 are "
         "better. Alone: --solo"},
        {2, true, "a solo repository has one person, not 2"},
        {4, false, NULL},
        {1, true, NULL},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct tree_people people = people_of(place, rows[i].count);
        struct tree_seats seats;
        struct error err;
        bool filled = tree_seats_fill(&people, &place->online, rows[i].solo, &place->arena, &seats, &err);
        if (rows[i].text != NULL) {
            assert_false(filled);
            assert_failed("too few", &err, ERROR_INPUT, rows[i].text);
            continue;
        }
        assert_done("enough", filled && tree_seats_check(&seats, &err), &err);
    }
}

static void keys_that_are_nobodys_are_refused(void **state)
{
    struct seats_place *place = *state;
    struct tree_people people;
    struct error err;

    place->keys[1].material = place->keys[0].material;
    assert_false(tree_people_of(place->at, 2, &place->arena, &people, &err));
    assert_failed("same key", &err, ERROR_INPUT, "anna and ben have the same key");
    place->keys[0].online = true;
    assert_false(tree_people_of(place->at, 1, &place->arena, &people, &err));
    assert_failed("server's", &err, ERROR_INPUT, "anna: is a server's key, and people's roles take none");
    place->keys[0].person = (struct text){0};
    assert_false(tree_people_of(place->at, 1, &place->arena, &people, &err));
    assert_failed("nobody's", &err, ERROR_INPUT, "key id-a names no person");
}

static void roles_are_placed_by_words(void **state)
{
    struct seats_place *place = *state;
    static const struct {
        const char *words, *role, *ids;
        uint32_t threshold;
        const char *text; /* what placing or checking fails with; NULL: it holds */
    } rows[] = {
        {"policy=anna,ben,eve", "policy", "id-a id-b id-e", 2, NULL},
        {" policy = eve , dan,anna ; local=3:anna,ben,carla,dan;", "local", "id-a id-b id-c id-d", 3, NULL},
        {"policy", NULL, NULL, 0, "\"policy\" is not ROLE=PERSON,PERSON"},
        {"police=anna", NULL, NULL, 0, "there is no role \"police\""},
        {"plan=anna,ben", NULL, NULL, 0, "plan is the server's, not a person's"},
        {"policy=anna,zoe", NULL, NULL, 0, "policy: nobody is called \"zoe\""},
        {"policy=anna,anna,ben", NULL, NULL, 0, "policy: anna stands there twice"},
        {"policy=0:anna,ben", NULL, NULL, 0, "policy: 0 signatures cannot be asked for"},
        {"policy=x:anna,ben", NULL, NULL, 0, "policy: \"x\" is not a number"},
        {"policy=1:anna,ben,carla", NULL, NULL, 0, "policy: 1 of its persons are too few, it takes 2"},
        {"policy=anna,ben", NULL, NULL, 0,
         "policy: 2 persons for 2 signatures: one lost key would lock it; 3 at least"},
        {"policy=", NULL, NULL, 0, "policy: nobody may sign for it"},
        {"root=anna,ben,carla", NULL, NULL, 0,
         "root: 3 persons for 3 signatures: one lost key would lock it; 4 at least"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct tree_people people = people_of(place, 5);
        struct tree_seats seats;
        struct error err;
        assert_done("fill", tree_seats_fill(&people, &place->online, false, &place->arena, &seats, &err),
                    &err);
        bool done = tree_seats_place(&seats, text_of(rows[i].words), &people, &place->arena, &err) &&
                    tree_seats_check(&seats, &err);
        if (rows[i].text != NULL) {
            assert_false(done);
            assert_failed(rows[i].words, &err, ERROR_INPUT, rows[i].text);
            continue;
        }
        assert_done(rows[i].words, done, &err);
        assert_seats(&seats, rows[i].role, rows[i].ids, rows[i].threshold);
    }
}

static void another_sits_in_the_place(void **state)
{
    struct seats_place *place = *state;
    struct tree_people people = people_of(place, 5);
    const struct tree_person fred = {TEXT("fred"), &place->at[5], 1};
    struct tree_seats seats, before;
    struct error err;

    assert_done("fill", tree_seats_fill(&people, &place->online, false, &place->arena, &seats, &err), &err);
    before = seats;
    assert_true(tree_seats_replace(&seats, TEXT("carla"), &fred, &place->arena, &err));
    assert_seats(&seats, "root", "id-a id-b id-f id-d id-e", 3);
    assert_seats(&seats, "publishers", "id-f id-d id-e", 2);
    assert_seats(&before, "publishers", "id-c id-d id-e", 2);
    assert_true(tree_seats_same(role_of(&seats, "crisis"), role_of(&before, "crisis")));
    assert_false(tree_seats_same(role_of(&seats, "policy"), role_of(&before, "policy")));
}

/* A server's key never gets among people's, whoever asks for it. */
static void a_servers_key_cannot_sit_with_people(void **state)
{
    struct seats_place *place = *state;
    struct tree_people people = people_of(place, 5);
    struct tree_seats seats;
    struct error err;

    assert_done("fill", tree_seats_fill(&people, &place->online, false, &place->arena, &seats, &err), &err);
    place->keys[4].online = true;
    assert_false(tree_seats_check(&seats, &err));
    assert_failed("server's", &err, ERROR_INPUT,
                  "root: is signed by people, and one of its keys is a server's");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define ROW(name) cmocka_unit_test_setup_teardown(name, begin, end)
        ROW(each_role_begins_with_another_person),
        ROW(no_pair_decides_everything),
        ROW(keys_of_one_person_are_one_person),
        ROW(too_few_persons_are_refused),
        ROW(keys_that_are_nobodys_are_refused),
        ROW(roles_are_placed_by_words),
        ROW(another_sits_in_the_place),
        ROW(a_servers_key_cannot_sit_with_people),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
