/*
 * What must hold when things break: what was acknowledged is there, once, whatever ended in the midst of what. On every row
 * of stores.c; those about connections only where there are some.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/testing.h"

#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "store/fleet_inside.h"
#include "store/fleet_read.h"
#include "store/fleet_schema.h"
#include "store/fleet_testing.h"

#define NOW FLEET_TESTING_NOW

/* ---- a batch that can be checked: ten events of one outbox, a check-in, and a row of the audit log ---- */

#define EVENTS 10

struct batch {
    struct fleet_event events[EVENTS];
    char bodies[EVENTS][24];
    struct fleet_audit audit;
    struct fleet_write writes[3];
};

static void batch_make(struct batch *batch, int64_t hid, uint64_t epoch, uint64_t number)
{
    batch->audit = (struct fleet_audit){.at_us = NOW, .actor = TEXT("sutured"), .deed = TEXT("test")};
    for (uint64_t i = 0; i < EVENTS; i++) {
        uint64_t seq = number * EVENTS + i + 1;
        (void)snprintf(batch->bodies[i], sizeof(batch->bodies[i]), "event %llu", (unsigned long long)seq);
        batch->events[i] = (struct fleet_event){
            .seq = seq, .kind = 1, .at_us = NOW, .body = bytes_of_text(text_of(batch->bodies[i]))};
    }
    batch->writes[0] = (struct fleet_write){
        .kind = FLEET_WRITE_EVENTS,
        .events = {.hid = hid, .epoch = epoch, .received_us = NOW, .events = batch->events, .count = EVENTS}};
    batch->writes[1] = (struct fleet_write){
        .kind = FLEET_WRITE_SEEN, .seen = {.hid = hid, .seen = {.counter = number + 1, .epoch = epoch}}};
    batch->writes[2] = (struct fleet_write){.kind = FLEET_WRITE_AUDIT, .audit = &batch->audit};
}

/* True when it is written. */
static bool batch_write(struct fleet_store *store, int64_t hid, uint64_t epoch, uint64_t number,
                        struct error *err)
{
    struct batch batch;
    struct fleet_result results[COUNT_OF(batch.writes)];

    batch_make(&batch, hid, epoch, number);
    if (!fleet_store_write(store, batch.writes, COUNT_OF(batch.writes), results, err))
        return false;
    for (size_t i = 0; i < COUNT_OF(results); i++)
        if (results[i].outcome != FLEET_OUTCOME_DONE)
            return error_set(err, ERROR_CONFLICT, "write %zu: %s", i, results[i].why);
    return results[0].ack == (number + 1) * EVENTS ||
           error_set(err, ERROR_CONFLICT, "ack %llu", (unsigned long long)results[0].ack);
}

/* How many events of this outbox there are; each must be itself, once, and none lacking. */
static uint64_t count_events(struct fleet_store *store, int64_t hid, uint64_t epoch)
{
    struct fleet_event_filter filter = {.hid = hid, .bodies = true, .limit = LIMIT_FLEET_PAGE};
    uint64_t count = 0, highest = 0;
    struct error err = {0};

    for (bool more = true; more;) {
        OWN(arena_end) struct arena arena = arena_with(64 * MIB);
        struct fleet_event_rows page;
        assert_done("events", fleet_store_events(store, &filter, &arena, &page, &err), &err);
        more = page.more;
        for (size_t i = 0; i < page.count; i++) {
            const struct fleet_event_row *row = &page.at[i];
            char expected[24];
            filter.before_us = row->received_us;
            filter.before_epoch = row->epoch;
            filter.before_seq = row->event.seq;
            if (row->epoch != epoch)
                continue;
            (void)snprintf(expected, sizeof(expected), "event %llu", (unsigned long long)row->event.seq);
            assert_true(row->event.body.size == strlen(expected) &&
                        memcmp(row->event.body.at, expected, strlen(expected)) == 0);
            count++;
            if (row->event.seq > highest)
                highest = row->event.seq;
        }
    }
    assert_true(count == highest);
    return count;
}

/* Rows of the audit log; their chain must hold. */
static uint64_t count_audits(struct fleet_store *store)
{
    uint8_t chain[32] = {0}, next[32];
    uint64_t count = 0;
    struct error err = {0};

    for (;;) {
        OWN(arena_end) struct arena arena = arena_with(64 * MIB);
        struct fleet_audits page;
        assert_done("audit", fleet_store_audits(store, count + 1, LIMIT_FLEET_PAGE, &arena, &page, &err),
                    &err);
        for (size_t i = 0; i < page.count; i++) {
            assert_true(page.at[i].seq == ++count);
            assert_done("chain", fleet_audit_chain(&page.at[i], chain, next, &err), &err);
            assert_memory_equal(next, page.at[i].chain, 32);
            memcpy(chain, next, 32);
        }
        if (page.count == 0)
            return count;
    }
}

/* ---- two writers ---- */

struct writer_thread {
    pthread_t thread;
    char where[FLEET_WHERE_MAX];
    int64_t hid;
    uint64_t epoch;
    struct error err; /* kind NONE: all was written */
};

#define THREAD_BATCHES 40

static void *write_much(void *self)
{
    struct writer_thread *writer = self;
    const struct fleet_store_options options = {.now_us = NOW};
    OWN(fleet_store_close) struct fleet_store *store = NULL;

    if (!fleet_store_open(writer->where, &options, &store, &writer->err))
        return NULL;
    for (uint64_t i = 0; i < THREAD_BATCHES; i++)
        while (!batch_write(store, writer->hid, writer->epoch, i, &writer->err)) {
            if (writer->err.kind != ERROR_CONFLICT)
                return NULL;
            writer->err = (struct error){0}; /* the other one won too often: as an agent, again */
        }
    return NULL;
}

/* Both write rows of one audit log, of which only one can be the next: each failure to be serialized is tried again. */
static void test_two_writers(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = NULL;
    struct writer_thread writers[2] = {0};

    fleet_testing_where(*state, NULL, writers[0].where);
    store = fleet_testing_open(writers[0].where);
    memcpy(writers[1].where, writers[0].where, FLEET_WHERE_MAX);
    int64_t hid = fleet_testing_host(store, 1);
    for (size_t i = 0; i < COUNT_OF(writers); i++) {
        writers[i].hid = hid;
        writers[i].epoch = i + 1;
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_much, &writers[i]), 0);
    }
    for (size_t i = 0; i < COUNT_OF(writers); i++) {
        assert_int_equal(pthread_join(writers[i].thread, NULL), 0);
        assert_done("writer", writers[i].err.kind == ERROR_NONE, &writers[i].err);
        assert_int_equal(count_events(store, hid, i + 1), THREAD_BATCHES * EVENTS);
    }
    assert_int_equal(count_audits(store), 2 * THREAD_BATCHES);
}

/* ---- connections that break ---- */

/* Ends every connection but its own, at the given place of the first batch. */
struct breaking {
    const struct fleet_testing *testing;
    const char *place;
    unsigned times;
};

static void break_connections(void *self, const char *place)
{
    struct breaking *breaking = self;
    char where[FLEET_WHERE_MAX];
    struct error err = {0};
    void *handle = NULL;

    if (breaking->times == 0 || strcmp(place, breaking->place) != 0)
        return;
    breaking->times--;
    (void)snprintf(where, sizeof(where), "host=%s dbname=postgres user=postgres",
                   breaking->testing->server->folder);
    assert_done("open", breaking->testing->kind->open(where, false, false, &handle, &err), &err);
    assert_done(
        "end",
        breaking->testing->kind->run(handle,
                                     "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                                     " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
                                     &err),
        &err);
    breaking->testing->kind->close(handle);
}

static void test_broken_before_commit(void **state)
{
    static const char *const places[] = {"begun", "commit"};

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        OWN(fleet_store_close) struct fleet_store *store = NULL;
        struct breaking breaking = {*state, places[i], 2};
        char where[FLEET_WHERE_MAX];
        struct error err = {0};
        fleet_testing_where(*state, NULL, where);
        store = fleet_testing_open(where);
        int64_t hid = fleet_testing_host(store, 1);
        store->at_place = break_connections;
        store->self = &breaking;
        assert_done(places[i], batch_write(store, hid, 1, 0, &err), &err);
        assert_int_equal(breaking.times, 0);
        assert_done(places[i], batch_write(store, hid, 1, 1, &err), &err);
        assert_int_equal(count_events(store, hid, 1), 2 * EVENTS);
        assert_int_equal(count_audits(store), 2);
    }
}

/* Between client and server, so that the answer to COMMIT can be lost behind what was committed. */
struct between {
    pthread_t thread;
    int listening;
    char server[FLEET_WHERE_MAX];
    atomic_int to_lose; /* answers */
    atomic_int lost;
    atomic_bool stopped;
};

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_true(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

static bool pass_on(int from, int to, char *buffer, size_t size, ssize_t *got)
{
    *got = read(from, buffer, size);
    for (ssize_t at = 0; at < *got;) {
        ssize_t put = write(to, buffer + at, (size_t)(*got - at));
        if (put <= 0)
            return false;
        at += put;
    }
    return *got > 0;
}

/* One connection, to its end: either's, or right behind a COMMIT that the server has carried out. */
static void stand_between(struct between *between, int client)
{
    OWN(own_fd) int own_client = client;
    OWN(own_fd) int server = connect_to(between->server);
    char buffer[65536];
    ssize_t got;

    for (;;) {
        struct pollfd fds[] = {{own_client, POLLIN, 0}, {server, POLLIN, 0}};
        if (poll(fds, 2, 100) < 0 || atomic_load(&between->stopped))
            return;
        if (fds[0].revents != 0) {
            if (!pass_on(own_client, server, buffer, sizeof(buffer), &got))
                return;
            if (atomic_load(&between->to_lose) > 0 && memmem(buffer, (size_t)got, "COMMIT", 6) != NULL) {
                assert_true(read(server, buffer, sizeof(buffer)) > 0); /* done */
                atomic_fetch_sub(&between->to_lose, 1);
                atomic_fetch_add(&between->lost, 1);
                return;
            }
        }
        if (fds[1].revents != 0 && !pass_on(server, own_client, buffer, sizeof(buffer), &got))
            return;
    }
}

static void *stand_all(void *self)
{
    struct between *between = self;

    while (!atomic_load(&between->stopped)) {
        struct pollfd fds = {between->listening, POLLIN, 0};
        if (poll(&fds, 1, 100) > 0) {
            int client = accept4(between->listening, NULL, NULL, SOCK_CLOEXEC);
            if (client >= 0)
                stand_between(between, client);
        }
    }
    return NULL;
}

static void between_begin(struct between *between, const struct fleet_testing *testing)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(between->server, sizeof(between->server), "%s/.s.PGSQL.5432", testing->server->folder);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/.s.PGSQL.5432", testing->folder);
    between->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(between->listening >= 0 &&
                bind(between->listening, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                listen(between->listening, 8) == 0);
    assert_int_equal(pthread_create(&between->thread, NULL, stand_all, between), 0);
}

static void test_lost_answer(void **state)
{
    const struct fleet_testing *testing = *state;
    struct between between = {0};
    OWN(fleet_store_close) struct fleet_store *store = NULL;
    OWN(fleet_store_close) struct fleet_store *reader = NULL;
    const struct fleet_store_options options = {.read_only = true};
    char where[FLEET_WHERE_MAX], direct[FLEET_WHERE_MAX];
    struct error err = {0};

    between_begin(&between, testing);
    fleet_testing_where(*state, testing->folder, where);
    store = fleet_testing_open(where);
    int64_t hid = fleet_testing_host(store, 1);
    for (uint64_t i = 0; i < 10; i++) {
        atomic_store(&between.to_lose, i % 2 == 0 ? 1 : 0);
        assert_done("write", batch_write(store, hid, 1, i, &err), &err);
    }
    assert_int_equal(atomic_load(&between.lost), 5);
    /* A use of a token is no write that could be told from its repetition: it counts once all the same. */
    atomic_store(&between.to_lose, 1);
    int64_t second = fleet_testing_host(store, 2);
    assert_true(second != 0);
    atomic_store(&between.stopped, true);
    fleet_store_close(&store);
    assert_int_equal(pthread_join(between.thread, NULL), 0);
    (void)close(between.listening);
    (void)snprintf(direct, sizeof(direct), "host=%s%s", testing->server->folder, strchr(where, ' '));
    assert_done("reader", fleet_store_open(direct, &options, &reader, &err), &err);
    assert_int_equal(count_events(reader, hid, 1), 10 * EVENTS);
    assert_int_equal(count_audits(reader), 10);
    char path[200];
    (void)snprintf(path, sizeof(path), "%s/.s.PGSQL.5432", testing->folder);
    (void)unlink(path);
}

/* ---- kill -9 ---- */

/* Writes batches for ever, and says each one's number when it is acknowledged; what fails is tried again as agents do. */
static void write_until_killed(const char *where, int64_t hid, uint64_t epoch, int out)
{
    const struct fleet_store_options options = {.now_us = NOW};
    struct fleet_store *store = NULL;
    struct error err = {0};

    while (!fleet_store_open(where, &options, &store, &err))
        ;
    for (uint64_t number = 0;; number++) {
        while (!batch_write(store, hid, epoch, number, &err))
            ;
        if (write(out, &number, sizeof(number)) != sizeof(number))
            _exit(1);
    }
}

struct killed {
    pid_t pid;
    int acks;
};

static struct killed start_writing(const char *where, int64_t hid, uint64_t epoch)
{
    int fds[2];

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        write_until_killed(where, hid, epoch, fds[1]);
        _exit(1);
    }
    (void)close(fds[1]);
    return (struct killed){pid, fds[0]};
}

/* Waits for so many more acknowledgements; the last. */
static uint64_t wait_for_acks(const struct killed *writing, unsigned count)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < count; i++)
        assert_int_equal(read(writing->acks, &number, sizeof(number)), sizeof(number));
    return number;
}

/* The last that it acknowledged. */
static uint64_t kill_writing(struct killed *writing, uint64_t number)
{
    (void)kill(writing->pid, SIGKILL);
    (void)waitpid(writing->pid, NULL, 0);
    for (uint64_t next; read(writing->acks, &next, sizeof(next)) == sizeof(next);)
        number = next;
    (void)close(writing->acks);
    return number;
}

#define KILLS 12

static void test_killed(void **state)
{
    char where[FLEET_WHERE_MAX];
    uint64_t audits = 0;
    int64_t hid;
    uint8_t chance[KILLS];

    fleet_testing_where(*state, NULL, where);
    {
        OWN(fleet_store_close) struct fleet_store *store = fleet_testing_open(where);
        hid = fleet_testing_host(store, 1);
    }
    os_random(chance, sizeof(chance));
    for (uint64_t i = 0; i < KILLS; i++) {
        struct killed writing = start_writing(where, hid, i + 1);
        uint64_t number = wait_for_acks(&writing, 1);
        (void)usleep((useconds_t)chance[i] * 40); /* anywhere within a batch or two */
        number = kill_writing(&writing, number);
        OWN(fleet_store_close) struct fleet_store *store = fleet_testing_open(where);
        uint64_t events = count_events(store, hid, i + 1);
        assert_true(events >= (number + 1) * EVENTS && events % EVENTS == 0);
        audits += events / EVENTS;
        /* PostgreSQL may have gone on with what its client had asked for. */
        uint64_t rows = count_audits(store);
        assert_true(rows >= audits && rows <= audits + 1);
        audits = rows;
    }
}

static void test_server_killed(void **state)
{
    const struct fleet_testing *testing = *state;
    char where[FLEET_WHERE_MAX];
    int64_t hid;

    fleet_testing_where(*state, NULL, where);
    {
        OWN(fleet_store_close) struct fleet_store *store = fleet_testing_open(where);
        hid = fleet_testing_host(store, 1);
    }
    struct killed writing = start_writing(where, hid, 1);
    uint64_t number = wait_for_acks(&writing, 5);
    for (unsigned i = 0; i < 3; i++) {
        fleet_server_kill(testing->server);
        fleet_server_start(testing->server);
        number = wait_for_acks(&writing, 5);
    }
    number = kill_writing(&writing, number);
    OWN(fleet_store_close) struct fleet_store *store = fleet_testing_open(where);
    assert_true(count_events(store, hid, 1) >= (number + 1) * EVENTS);
    (void)count_audits(store);
}

/* ---- disk full ---- */

/* No file may grow beyond this (0: any may): ours, or the server's, which is started anew for it. */
static void limit_files(const struct fleet_testing *testing, size_t size)
{
    struct rlimit limit;

    if (testing->server != NULL) {
        fleet_server_kill(testing->server);
        testing->server->file_limit = size;
        fleet_server_start(testing->server);
        return;
    }
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size == 0 ? limit.rlim_max : size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

#define FULL_SIZE (20 * MIB) /* above a segment of PostgreSQL's log */

static bool write_chunk(struct fleet_store *store, uint32_t number, uint8_t *body, struct error *err)
{
    struct fleet_write write = {.kind = FLEET_WRITE_CHUNK,
                                .chunk = {.body = {body, LIMIT_FLEET_CHUNK}, .at_us = NOW}};
    struct fleet_result result;

    os_random(body, LIMIT_FLEET_CHUNK); /* nothing that can be packed */
    memcpy(write.chunk.hash, &number, sizeof(number));
    return fleet_store_write(store, &write, 1, &result, err);
}

static void test_disk_full(void **state)
{
    const struct fleet_testing *testing = *state;
    OWN(own_memory) uint8_t *body = malloc(LIMIT_FLEET_CHUNK);
    char where[FLEET_WHERE_MAX];
    uint32_t written = 0;
    struct error err = {0};

    assert_non_null(body);
    (void)signal(SIGXFSZ, SIG_IGN);
    fleet_testing_where(*state, NULL, where);
    struct fleet_store *store = fleet_testing_open(where);
    int64_t hid = fleet_testing_host(store, 1);
    fleet_store_close(&store);
    limit_files(testing, FULL_SIZE);
    store = fleet_testing_open(where);
    while (written < 1000 && write_chunk(store, written, body, &err))
        written++;
    assert_true(written > 10 && written < 1000);
    assert_true(err.kind == ERROR_LIMIT || err.kind == ERROR_SYSTEM);
    print_message("after %u: %s\n", written, err.text);
    /* What is small may still fit, and must not be said to be stored unless it is. */
    bool small = batch_write(store, hid, 1, 0, &err);
    limit_files(testing, 0);
    for (uint64_t i = small ? 1 : 0; i < 3; i++)
        assert_done("goes on", batch_write(store, hid, 1, i, &err), &err);
    assert_int_equal(count_events(store, hid, 1), 3 * EVENTS);
    assert_int_equal(count_audits(store), 3);
    for (uint32_t i = 0; i < written; i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        uint8_t hash[FLEET_HASH_SIZE] = {0};
        struct bytes got;
        memcpy(hash, &i, sizeof(i));
        assert_done("kept", fleet_store_chunk(store, hash, &arena, &got, &err), &err);
        assert_int_equal(got.size, LIMIT_FLEET_CHUNK);
    }
    fleet_store_close(&store);
}

/* ---- schemas ---- */

/* A database as an older sutured left it. */
static void make_old(const struct fleet_testing *testing, const char *where, uint32_t version,
                     const char *more)
{
    struct error err = {0};
    void *handle = NULL;
    bool unknown;

    assert_done("open", testing->kind->open(where, true, false, &handle, &err), &err);
    assert_done("begin", testing->kind->begin(handle, STORE_WRITE, &err), &err);
    assert_done("schema", fleet_schema_upgrade(testing->kind, handle, 0, version, NOW, &err), &err);
    assert_done("more", testing->kind->run(handle, more, &err), &err);
    assert_done("commit", testing->kind->commit(handle, &unknown, &err), &err);
    testing->kind->close(handle);
}

static void test_upgrade(void **state)
{
    static const char one_host[] =
        "INSERT INTO host (hid, id, flags, enrolled_us, token, class, ring, name, facts, scanned_us,"
        " certificate_end_us, certificate, revision) SELECT 5, hash, 0, 1, 2, '', 0, 'old', 0, 0, 0, body, 1 "
        "FROM chunk;"
        "INSERT INTO host_seen (hid, counter, random, epoch, seen_us, agent, state, level, plan, advisories, "
        "repository,"
        " policy, due, late, open, unknown) VALUES (5, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);"
        "INSERT INTO inventory (hid, root, committed_us, chunks) SELECT 5, hash, 0, {empty} FROM chunk;";
    char insert[1200];

    for (uint32_t version = 1; version <= FLEET_SCHEMA; version++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        OWN(fleet_store_close) struct fleet_store *store = NULL;
        const struct fleet_store_options reading = {.read_only = true};
        char where[FLEET_WHERE_MAX];
        struct fleet_state now;
        struct fleet_host host;
        struct error err = {0};
        bool sqlite = ((const struct fleet_testing *)*state)->server == NULL;
        fleet_testing_where(*state, NULL, where);
        (void)snprintf(insert, sizeof(insert),
                       "INSERT INTO chunk (hash, first_us, body) VALUES (%s, 1, %s);%s%s",
                       sqlite ? "zeroblob(16)" : "decode(repeat('00', 16), 'hex')",
                       sqlite ? "zeroblob(32)" : "decode(repeat('00', 32), 'hex')", one_host,
                       version == 1 ? "" : "INSERT INTO host_finding (hid, generation) VALUES (5, 0);");
        make_old(*state, where, version, insert);
        if (version < FLEET_SCHEMA) {
            assert_false(fleet_store_open(where, &reading, &store, &err));
            assert_int_equal(err.kind, ERROR_ABSENT);
        }
        store = fleet_testing_open(where);
        assert_done("state", fleet_store_state(store, &now, &err), &err);
        assert_int_equal(now.schema, FLEET_SCHEMA);
        assert_done("host", fleet_store_host(store, 5, &arena, &host, &err), &err);
        assert_true(host.seen.counter == 9);
        assert_done("new tables", batch_write(store, 5, 1, 0, &err), &err);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *row, *sql, *text;
        uint32_t version;
    } rows[] = {
        {"newer", "UPDATE meta SET number = 99 WHERE name = 'schema'",
         "was written by a newer sutured (schema 99, this one knows 3): use that one, or a backup from "
         "before its first start",
         FLEET_SCHEMA},
        {"another's", "CREATE TABLE something (a BIGINT)", "there are tables in it, but not those of a fleet",
         0},
        {"no version", "DELETE FROM meta WHERE name = 'schema'",
         "there are tables in it, but not those of a fleet", FLEET_SCHEMA},
    };
    const struct fleet_store_options options = {.make = true};

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(fleet_store_close) struct fleet_store *store = NULL;
        char where[FLEET_WHERE_MAX];
        struct error err = {0};
        fleet_testing_where(*state, NULL, where);
        make_old(*state, where, rows[i].version, rows[i].sql);
        assert_false(fleet_store_open(where, &options, &store, &err));
        if (strstr(err.text, rows[i].text) == NULL)
            fail_msg("%s: %s", rows[i].row, err.text);
    }
}

#define ROW(test)                                                                                            \
    {                                                                                                        \
#test, test, false                                                                                   \
    }
#define SERVED(test)                                                                                         \
    {                                                                                                        \
#test, test, true                                                                                    \
    }

int main(void)
{
    static const struct fleet_test tests[] = {
        ROW(test_two_writers),      SERVED(test_broken_before_commit),
        SERVED(test_lost_answer),   ROW(test_killed),
        SERVED(test_server_killed), ROW(test_disk_full),
        ROW(test_upgrade),          ROW(test_refused),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return fleet_testing_run(tests, COUNT_OF(tests));
}
