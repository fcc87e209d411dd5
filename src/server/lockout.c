#include "server/lockout.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/time.h"

#define SETS         512 /* of eight rows each */
#define WAYS         8
#define FORGET_US    (24 * TIME_HOUR_US) /* failures without a newer one */
#define KNOWN_US     (30 * TIME_DAY_US)

#define USER_FREE    20 /* failures of a user in all before new places wait */
#define USER_WAIT_US (10 * TIME_SECOND_US)
#define NETWORK_HEX  24

struct row {
    uint64_t of; /* hash of what it counts; 0: free */
    uint32_t failures;
    int64_t next_us;  /* no try before */
    int64_t last_us;  /* failure or success */
    int64_t known_us; /* the last success; 0: none */
};

struct table {
    struct row rows[SETS][WAYS];
};

struct lockout {
    uint64_t key;
    struct table pairs, places, users;
};

struct slowness {
    uint32_t free; /* failures that cost nothing */
    int64_t most_us;
};
static const struct slowness of_pair = {3, 15 * TIME_MINUTE_US};
static const struct slowness of_place = {29, 30 * TIME_SECOND_US};
static const struct slowness of_user = {UINT32_MAX, 0};

struct lockout *lockout_make(struct arena *arena, uint64_t key)
{
    struct lockout *made = ARENA_NEW(arena, struct lockout);

    if (made != NULL)
        made->key = key;
    return made;
}

/* The row of this hash: the one that is there, or the one that goes for it, emptied. */
static struct row *row_of(struct table *table, uint64_t of)
{
    struct row *set = table->rows[of % SETS], *oldest = &set[0];

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].of == of)
            return &set[i];
        if (set[i].of == 0 || set[i].last_us < oldest->last_us)
            oldest = set[i].of == 0 && oldest->of == 0 ? oldest : &set[i];
    }
    *oldest = (struct row){.of = of};
    return oldest;
}

/* Who has one IPv6 address has a network of them. */
static struct text place_of(struct text address, char room[NETWORK_HEX])
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr parsed;

    if (address.size >= sizeof(copy))
        return address;
    memcpy(copy, address.at, address.size);
    copy[address.size] = '\0';
    if (inet_pton(AF_INET6, copy, &parsed) != 1 || IN6_IS_ADDR_V4MAPPED(&parsed))
        return address;
    for (size_t i = 0; i < 8; i++)
        (void)snprintf(room + 2 * i, 3, "%02x", parsed.s6_addr[i]);
    return text_of(room);
}

struct rows {
    struct row *pair, *place, *user;
};

static struct rows rows_of(struct lockout *lockout, const struct lockout_try *attempt)
{
    char room[NETWORK_HEX];
    uint64_t place = text_hash(place_of(attempt->address, room), lockout->key) | 1;
    uint64_t user = text_hash(attempt->user, lockout->key ^ UINT64_C(0x5bd1e995a5b35705)) | 1;
    struct {
        uint64_t user, place;
    } both = {user, place};
    uint64_t pair = text_hash((struct text){(const char *)&both, sizeof(both)}, lockout->key) | 1;

    return (struct rows){row_of(&lockout->pairs, pair), row_of(&lockout->places, place),
                         row_of(&lockout->users, user)};
}

static void forget(struct row *row, int64_t now_us)
{
    if (now_us - row->last_us > FORGET_US)
        row->failures = 0;
}

static void count(struct row *row, int64_t now_us, struct slowness slowness)
{
    uint32_t over = row->failures >= slowness.free ? row->failures - slowness.free : 0;
    int64_t wait_us = 0;

    if (row->failures >= slowness.free)
        wait_us = over > 20 ? slowness.most_us : TIME_SECOND_US << over;
    if (wait_us > slowness.most_us)
        wait_us = slowness.most_us;
    row->failures += row->failures < UINT32_MAX;
    row->next_us = now_us + wait_us;
    row->last_us = now_us;
}

static int64_t left(const struct row *row, int64_t now_us, struct slowness slowness)
{
    int64_t wait_us = row->next_us - now_us;

    /* A clock that was set back does not make anybody wait longer than they ever would. */
    return wait_us <= 0 ? 0 : wait_us > slowness.most_us ? slowness.most_us : wait_us;
}

int64_t lockout_begin(struct lockout *lockout, const struct lockout_try *attempt)
{
    static const struct slowness new_place = {0, USER_WAIT_US};
    struct rows rows = rows_of(lockout, attempt);
    int64_t now_us = attempt->now_us;

    forget(rows.pair, now_us);
    forget(rows.place, now_us);
    forget(rows.user, now_us);
    bool known = rows.pair->known_us > 0 && now_us - rows.pair->known_us < KNOWN_US;
    bool is_new = rows.pair->last_us == 0;
    if (is_new && rows.user->failures > USER_FREE) {
        rows.pair->last_us = now_us; /* its turn is kept for it */
        rows.pair->next_us = now_us + USER_WAIT_US;
    }
    int64_t wait_us = left(rows.pair, now_us, is_new ? new_place : of_pair);
    int64_t place_us = known ? 0 : left(rows.place, now_us, of_place);
    if (place_us > wait_us)
        wait_us = place_us;
    if (wait_us > 0)
        return wait_us;
    count(rows.pair, now_us, of_pair);
    count(rows.place, now_us, of_place);
    count(rows.user, now_us, of_user);
    return 0;
}

void lockout_succeeded(struct lockout *lockout, const struct lockout_try *attempt)
{
    struct rows rows = rows_of(lockout, attempt);

    /* The place and the user lose this try only: who knows one password may not guess others' for it. */
    rows.place->failures -= rows.place->failures > 0;
    rows.user->failures -= rows.user->failures > 0;
    rows.place->next_us = attempt->now_us;
    rows.pair->failures = 0;
    rows.pair->next_us = attempt->now_us;
    rows.pair->last_us = attempt->now_us;
    rows.pair->known_us = attempt->now_us;
}
