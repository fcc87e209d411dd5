#include "trust/tree_seats.h"

#include "base/limits.h"

/* ---- persons ---- */

static bool check_key_of_person(const struct tuf_key *const *keys, size_t i, struct error *err)
{
    const struct tuf_key *key = keys[i];

    if (key->person.size == 0)
        return error_set(err, ERROR_INPUT, "key %.*s names no person", TEXT_ARG(text_part(key->id, 0, 16)));
    if (key->online)
        return error_set(err, ERROR_INPUT, "%.*s: is a server's key, and people's roles take none",
                         TEXT_ARG(key->person));
    if (key->scheme == TUF_SCHEME_UNKNOWN)
        return error_set(err, ERROR_INPUT, "%.*s: a key of a kind that this version does not know",
                         TEXT_ARG(key->person));
    for (size_t k = 0; k < i; k++)
        if (tuf_key_same(keys[k], key) || text_equal(keys[k]->id, key->id))
            return error_set(err, ERROR_INPUT, "%.*s and %.*s have the same key", TEXT_ARG(keys[k]->person),
                             TEXT_ARG(key->person));
    return true;
}

bool tree_people_of(const struct tuf_key *const *keys, size_t count, struct arena *arena,
                    struct tree_people *out, struct error *err)
{
    struct tree_person *people = ARENA_ARRAY(arena, struct tree_person, count);
    size_t people_count = 0;

    if (people == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++) {
        struct tree_people so_far = {people, people_count};
        if (!check_key_of_person(keys, i, err))
            return false;
        if (tree_people_find(&so_far, keys[i]->person) != NULL)
            continue;
        const struct tuf_key **own = ARENA_ARRAY(arena, const struct tuf_key *, count - i);
        size_t own_count = 0;
        if (own == NULL)
            return arena_full(arena, err);
        for (size_t k = i; k < count; k++)
            if (text_equal(keys[k]->person, keys[i]->person))
                own[own_count++] = keys[k];
        people[people_count++] = (struct tree_person){keys[i]->person, own, own_count};
    }
    *out = (struct tree_people){people, people_count};
    return true;
}

const struct tree_person *tree_people_find(const struct tree_people *people, struct text name)
{
    for (size_t i = 0; i < people->count; i++)
        if (text_equal(people->at[i].name, name))
            return &people->at[i];
    return NULL;
}

/* ---- seats ---- */

/* A role of these persons, all their keys. */
static bool seat(const struct tree_person *const *persons, size_t count, uint32_t threshold,
                 struct arena *arena, struct tuf_role *out, struct error *err)
{
    size_t key_count = 0, at = 0;

    for (size_t i = 0; i < count; i++)
        key_count += persons[i]->key_count;
    const struct tuf_key **keys = ARENA_ARRAY(arena, const struct tuf_key *, key_count);
    if (keys == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < persons[i]->key_count; k++)
            keys[at++] = persons[i]->keys[k];
    *out = (struct tuf_role){keys, key_count, threshold};
    return true;
}

static bool fill_role(const struct tree_role *role, const struct tree_people *people, size_t first, bool solo,
                      struct arena *arena, struct tuf_role *out, struct error *err)
{
    size_t count = role->people < people->count ? role->people : people->count;
    const struct tree_person **persons = ARENA_ARRAY(arena, const struct tree_person *, count + 1);

    if (persons == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++)
        persons[i] = &people->at[(first + i) % people->count];
    return seat(persons, count, solo ? 1 : role->threshold, arena, out, err);
}

static bool check_people(const struct tree_people *people, bool solo, struct error *err)
{
    if (solo && people->count != 1)
        return error_set(err, ERROR_INPUT, "a solo repository has one person, not %zu", people->count);
    if (!solo && people->count < TREE_PEOPLE_MIN)
        return error_set(err, ERROR_INPUT,
                         "%zu %s too few: root takes 3 signatures and one key to spare, so %d persons at "
                         "least; 5 are better. Alone: --solo",
                         people->count, people->count == 1 ? "person is" : "persons are", TREE_PEOPLE_MIN);
    return true;
}

bool tree_seats_put_online(struct tree_seats *seats, const struct tuf_key *online, struct arena *arena,
                           struct error *err)
{
    const struct tuf_key **keys = ARENA_ARRAY(arena, const struct tuf_key *, 1);

    if (keys == NULL)
        return arena_full(arena, err);
    keys[0] = online;
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        if (tree_roles[i].online)
            seats->roles[i] = (struct tuf_role){keys, 1, tree_roles[i].threshold};
    return true;
}

bool tree_seats_fill(const struct tree_people *people, const struct tuf_key *online, bool solo,
                     struct arena *arena, struct tree_seats *out, struct error *err)
{
    struct tree_seats seats = {.solo = solo};
    size_t first = 0;

    if (!check_people(people, solo, err) || !tree_seats_put_online(&seats, online, arena, err))
        return false;
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++) {
        if (tree_roles[i].online)
            continue;
        /* Root takes the first five; from targets on each begins with the next. */
        size_t begin = i == 0 ? 0 : first++;
        if (!fill_role(&tree_roles[i], people, begin, solo, arena, &seats.roles[i], err))
            return false;
    }
    *out = seats;
    return true;
}

/* ---- from documents ---- */

bool tree_seats_people(const struct tree_seats *seats, struct arena *arena, struct tree_people *out,
                       struct error *err)
{
    size_t count = 0, key_max = 0;

    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        key_max += seats->roles[i].key_count;
    const struct tuf_key **keys = ARENA_ARRAY(arena, const struct tuf_key *, key_max);
    if (keys == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        for (size_t k = 0; k < seats->roles[i].key_count && !tree_roles[i].online; k++) {
            const struct tuf_key *key = seats->roles[i].keys[k];
            bool seen = false;
            for (size_t other = 0; other < count && !seen; other++)
                seen = text_equal(keys[other]->id, key->id);
            if (!seen)
                keys[count++] = key;
        }
    return tree_people_of(keys, count, arena, out, err);
}

bool tree_seats_read(const struct tuf_metadata *root, const struct tuf_metadata *targets,
                     struct tree_seats *out, struct error *err)
{
    static const enum tuf_type top[] = {TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS};
    struct tree_seats seats = {.solo = tree_is_solo(root)};

    for (size_t i = 0; i < sizeof(top) / sizeof(*top); i++)
        seats.roles[i] = root->roles[top[i]];
    for (size_t i = 0; i < targets->delegation_count; i++) {
        const struct tree_role *role = tree_role_find(targets->delegations[i].name);
        if (role == NULL || !tree_role_is_delegated(role))
            return error_set(err, ERROR_INPUT,
                             "targets delegates to \"%.*s\", which this version does not know",
                             TEXT_ARG(text_part(targets->delegations[i].name, 0, 40)));
        seats.roles[role - tree_roles] = targets->delegations[i].role;
    }
    *out = seats;
    return true;
}

/* ---- changes ---- */

/* "3:" in front of the names, or nothing. */
static bool cut_threshold(struct text *names, uint32_t *threshold, struct error *err)
{
    size_t colon = text_find_byte(*names, ':');
    uint64_t number;

    if (colon == SIZE_MAX)
        return true;
    if (!text_to_u64(text_trim(text_part(*names, 0, colon)), &number, err))
        return false;
    if (number == 0 || number > UINT16_MAX)
        return error_set(err, ERROR_INPUT, "%llu signatures cannot be asked for", (unsigned long long)number);
    *threshold = (uint32_t)number;
    *names = text_part(*names, colon + 1, SIZE_MAX);
    return true;
}

static bool place_role(struct tree_seats *seats, const struct tree_role *role, struct text names,
                       const struct tree_people *people, struct arena *arena, struct error *err)
{
    const struct tree_person **persons = ARENA_ARRAY(arena, const struct tree_person *, people->count + 1);
    uint32_t threshold = seats->solo ? 1 : role->threshold;
    size_t count = 0;
    struct text name;

    if (persons == NULL)
        return arena_full(arena, err);
    if (!cut_threshold(&names, &threshold, err))
        return false;
    while (text_cut(&names, ',', &name)) {
        const struct tree_person *person = tree_people_find(people, text_trim(name));
        if (person == NULL)
            return error_set(err, ERROR_INPUT, "nobody is called \"%.*s\"",
                             TEXT_ARG(text_part(text_trim(name), 0, 40)));
        for (size_t i = 0; i < count; i++)
            if (persons[i] == person)
                return error_set(err, ERROR_INPUT, "%.*s stands there twice", TEXT_ARG(person->name));
        persons[count++] = person;
    }
    return seat(persons, count, threshold, arena, &seats->roles[role - tree_roles], err);
}

bool tree_seats_place(struct tree_seats *seats, struct text words, const struct tree_people *people,
                      struct arena *arena, struct error *err)
{
    struct tree_seats changed = *seats;
    struct text item;

    while (text_cut(&words, ';', &item)) {
        size_t equals = text_find_byte(item, '=');
        struct text name = text_trim(text_part(item, 0, equals == SIZE_MAX ? item.size : equals));
        const struct tree_role *role = tree_role_find(name);
        if (text_trim(item).size == 0)
            continue;
        if (equals == SIZE_MAX)
            return error_set(err, ERROR_INPUT, "\"%.*s\" is not ROLE=PERSON,PERSON",
                             TEXT_ARG(text_part(text_trim(item), 0, 40)));
        if (role == NULL)
            return error_set(err, ERROR_INPUT, "there is no role \"%.*s\"", TEXT_ARG(text_part(name, 0, 40)));
        if (role->online)
            return error_set(err, ERROR_INPUT, "%s is the server's, not a person's", role->name);
        if (!place_role(&changed, role, text_part(item, equals + 1, SIZE_MAX), people, arena, err))
            return error_at(err, "%s", role->name);
    }
    *seats = changed;
    return true;
}

static bool replace_in(struct tuf_role *role, struct text name, const struct tree_person *by,
                       struct arena *arena, struct error *err)
{
    const struct tuf_key **keys = ARENA_ARRAY(arena, const struct tuf_key *, role->key_count + by->key_count);
    size_t count = 0;
    bool sits = false;

    if (keys == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < role->key_count; i++) {
        if (!text_equal(role->keys[i]->person, name)) {
            keys[count++] = role->keys[i];
            continue;
        }
        for (size_t k = 0; k < by->key_count && !sits; k++)
            keys[count++] = by->keys[k];
        sits = true;
    }
    role->keys = keys;
    role->key_count = count;
    return true;
}

bool tree_seats_replace(struct tree_seats *seats, struct text name, const struct tree_person *by,
                        struct arena *arena, struct error *err)
{
    struct tree_seats changed = *seats;

    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        if (!tree_roles[i].online && !replace_in(&changed.roles[i], name, by, arena, err))
            return false;
    *seats = changed;
    return true;
}

/* ---- rules ---- */

size_t tree_seats_persons(const struct tuf_role *role)
{
    size_t count = 0;

    for (size_t i = 0; i < role->key_count; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = role->keys[i]->person.size > 0 && text_equal(role->keys[k]->person, role->keys[i]->person);
        count += !seen;
    }
    return count;
}

static bool check_role(const struct tree_role *row, const struct tuf_role *role, bool solo, struct error *err)
{
    size_t persons = tree_seats_persons(role);

    for (size_t i = 0; i < role->key_count; i++)
        if (role->keys[i]->online)
            return error_set(err, ERROR_INPUT, "%s: is signed by people, and one of its keys is a server's",
                             row->name);
    if (!solo && role->threshold < row->threshold)
        return error_set(err, ERROR_INPUT, "%s: %u of its persons are too few, it takes %u", row->name,
                         role->threshold, row->threshold);
    if (!solo && persons <= role->threshold)
        return error_set(err, ERROR_INPUT,
                         "%s: %zu %s for %u signatures: one lost key would lock it; %u at least", row->name,
                         persons, persons == 1 ? "person" : "persons", role->threshold, role->threshold + 1);
    if (persons < role->threshold)
        return error_set(err, ERROR_INPUT, "%s: %zu persons cannot give %u signatures", row->name, persons,
                         role->threshold);
    return true;
}

bool tree_seats_check(const struct tree_seats *seats, struct error *err)
{
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++) {
        if (seats->roles[i].key_count == 0)
            return error_set(err, ERROR_INPUT, "%s: nobody may sign for it", tree_roles[i].name);
        if (!tree_roles[i].online && !check_role(&tree_roles[i], &seats->roles[i], seats->solo, err))
            return false;
    }
    return true;
}

bool tree_seats_same(const struct tuf_role *a, const struct tuf_role *b)
{
    if (a->key_count != b->key_count || a->threshold != b->threshold)
        return false;
    for (size_t i = 0; i < a->key_count; i++) {
        bool found = false;
        for (size_t k = 0; k < b->key_count && !found; k++)
            found = text_equal(a->keys[i]->id, b->keys[k]->id) && tuf_key_same(a->keys[i], b->keys[k]) &&
                    text_equal(a->keys[i]->person, b->keys[k]->person);
        if (!found)
            return false;
    }
    return true;
}

/* ---- as documents ---- */

struct tuf_draft tree_seats_root(const struct tree_seats *seats, int64_t now_us)
{
    static const enum tuf_type top[] = {TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS};
    struct tuf_draft draft = {
        .says = {.type = TUF_ROOT,
                 .version = 1,
                 .expires_us = now_us + tree_roles[0].lasts_us,
                 .consistent_snapshot = true},
        .made_us = now_us,
        .solo = seats->solo,
    };

    for (size_t i = 0; i < sizeof(top) / sizeof(*top); i++)
        draft.says.roles[top[i]] = seats->roles[i];
    return draft;
}

bool tree_seats_targets(const struct tree_seats *seats, int64_t now_us, struct arena *arena,
                        struct tuf_draft *out, struct error *err)
{
    struct tuf_delegation *delegations = ARENA_ARRAY(arena, struct tuf_delegation, TREE_ROLE_COUNT);
    size_t count = 0;

    if (delegations == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++) {
        const struct tree_role *row = &tree_roles[i];
        if (!tree_role_is_delegated(row))
            continue;
        struct text *paths = ARENA_ARRAY(arena, struct text, sizeof(row->paths) / sizeof(*row->paths));
        size_t path_count = 0;
        if (paths == NULL)
            return arena_full(arena, err);
        while (path_count < sizeof(row->paths) / sizeof(*row->paths) && row->paths[path_count] != NULL) {
            paths[path_count] = text_of(row->paths[path_count]);
            path_count++;
        }
        delegations[count++] = (struct tuf_delegation){.name = text_of(row->name),
                                                       .role = seats->roles[i],
                                                       .terminating = true,
                                                       .paths = paths,
                                                       .path_count = path_count};
    }
    const struct tree_role *row = tree_role_find(TEXT("targets"));
    *out = (struct tuf_draft){
        .says = {.type = TUF_TARGETS,
                 .version = 1,
                 .expires_us = now_us + row->lasts_us,
                 .delegations = delegations,
                 .delegation_count = count},
        .made_us = now_us,
    };
    return true;
}
