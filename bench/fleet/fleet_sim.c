/*
 * Simulated agents of a fleet: the real protocol over real TLS, as many as 100,000 in one process. fleet.py starts it and
 * reads what it prints: one line of JSON.
 *
 *     fleet_sim STATE enrol   token=T ca=FILE port=N count=N connections=N
 *     fleet_sim STATE once    ca=FILE port=N from=N count=N connections=N [inventories=1] [events=N]    a round of each, as fast as it goes
 *     fleet_sim STATE kept    ca=FILE port=N count=N seconds=N [events=N]    each checks in again on its connection at once
 *     fleet_sim STATE paced   ca=FILE port=N from=N count=N seconds=N spread=N [prime=1] [interval=N]    as often as the server says, or so
 *     fleet_sim STATE pulse   plain=N count=N seconds=N                      each asks once in 60 s
 *     fleet_sim STATE patch   count=N                                        every machine gets one level newer packages; nothing is sent
 *
 * STATE is the file of what the agents remember (population.h); beside it lies their one key.
 */
#include <errno.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/pace.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "rounds.h"
#include "wire/enrol_token.h"

#define SECONDS_MAX 7200

/* ---- words ---- */

struct words {
    int count;
    char **at;
};

static const char *word(const struct words *words, const char *name, const char *absent)
{
    const size_t size = strlen(name);

    for (int i = 0; i < words->count; i++)
        if (strncmp(words->at[i], name, size) == 0 && words->at[i][size] == '=')
            return words->at[i] + size + 1;
    return absent;
}

static size_t number(const struct words *words, const char *name, size_t absent)
{
    const char *value = word(words, name, NULL);

    return value == NULL ? absent : (size_t)strtoull(value, NULL, 10);
}

/* ---- when each is due ---- */

struct due {
    int64_t at_us;
    uint64_t agent;
};

struct queue {
    struct due *heap;
    size_t count;
};

static void queue_put(struct queue *queue, struct due due)
{
    size_t at = queue->count++;

    for (; at > 0 && queue->heap[(at - 1) / 2].at_us > due.at_us; at = (at - 1) / 2)
        queue->heap[at] = queue->heap[(at - 1) / 2];
    queue->heap[at] = due;
}

static struct due queue_take(struct queue *queue)
{
    const struct due first = queue->heap[0], last = queue->heap[--queue->count];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < queue->count && queue->heap[child + 1].at_us < queue->heap[child].at_us)
            child++;
        if (child >= queue->count || queue->heap[child].at_us >= last.at_us)
            break;
        queue->heap[at] = queue->heap[child];
        at = child;
    }
    queue->heap[at] = last;
    return first;
}

/* ---- a run ---- */

struct second {
    unsigned began, done, failed;
};

struct run {
    struct words words;
    struct population population;
    struct rounds *rounds;
    struct engine *engine;
    gnutls_privkey_t key;
    gnutls_x509_privkey_t file_key;
    struct arena arena;
    struct queue queue;
    int64_t begun_us, ends_us;
    struct second *series;
    uint32_t *interval_s; /* of each agent, as the server last said */
    uint32_t *failures;   /* and in a row */
    bool again;           /* rounds go on until the end */
    bool paced;
    uint32_t interval_s_fixed; /* whatever the server says; 0: as it says */
    bool pulse;
    size_t under_way;
    uint64_t done, failed, tries;
    bool enrolling;
};

static void fail(const char *what)
{
    fprintf(stderr, "fleet_sim: %s\n", what);
    exit(1);
}

static struct second *this_second(struct run *run)
{
    const int64_t at = (engine_now_us() - run->begun_us) / 1000000;

    return &run->series[at < 0 ? 0 : at >= SECONDS_MAX ? SECONDS_MAX - 1 : at];
}

/* As the agent itself reckons it (agent/pace.h). */
static int64_t next_us(struct run *run, uint64_t agent, uint32_t next_s, unsigned after_s)
{
    struct pace pace = {.now_us = time_now_us(), .random = population_mix(agent, (uint64_t)engine_now_us())};

    memcpy(pace.host, run->population.agents[agent].host.at, sizeof(pace.host));
    if (next_s > 0) {
        run->failures[agent] = 0;
        return engine_now_us() + (int64_t)pace_delay_us(&pace, next_s);
    }
    run->failures[agent]++;
    return engine_now_us() +
           (int64_t)pace_retry_us(&pace, run->interval_s[agent], run->failures[agent], after_s);
}

static void start(struct run *run, uint64_t agent)
{
    struct error err;

    this_second(run)->began++;
    run->under_way++;
    if (!(run->pulse ? rounds_start_pulse(run->rounds, agent, 0, &err)
                     : rounds_start(run->rounds, agent, &err)))
        fail(err.text);
}

static void ended(void *self, uint64_t agent, bool done, uint32_t next_s, unsigned after_s)
{
    struct run *run = self;

    run->under_way--;
    *(done ? &run->done : &run->failed) += 1;
    *(done ? &this_second(run)->done : &this_second(run)->failed) += 1;
    if (!done)
        run->tries++;
    if (!run->again && !done &&
        run->tries < 10 * run->population.count) /* not now: again in the slot it was given */
        queue_put(&run->queue,
                  (struct due){engine_now_us() + (after_s > 0 ? after_s : 1) * INT64_C(1000000), agent});
    if (!run->again)
        return;
    if (run->interval_s_fixed > 0 && next_s > 0)
        next_s = run->interval_s_fixed;
    if (next_s > 0 && run->paced)
        run->interval_s[agent] = next_s;
    if (run->pulse)
        next_s = 60; /* whatever came of it */
    if (!run->paced)
        queue_put(&run->queue, (struct due){engine_now_us() + (done ? 0 : 100000), agent});
    else
        queue_put(&run->queue, (struct due){next_us(run, agent, next_s, after_s), agent});
}

/* Until all have ended, or the time is over. limit: so many at once. */
static void work(struct run *run, size_t limit)
{
    while (engine_now_us() < run->ends_us && (run->queue.count > 0 || run->under_way > 0)) {
        const int64_t now_us = engine_now_us();
        while (run->queue.count > 0 && run->queue.heap[0].at_us <= now_us && run->under_way < limit)
            start(run, queue_take(&run->queue).agent);
        int64_t wait_us = 20000;
        if (run->queue.count > 0 && run->under_way < limit && run->queue.heap[0].at_us - now_us < wait_us)
            wait_us = run->queue.heap[0].at_us - now_us;
        engine_turn(run->engine, wait_us);
    }
}

/* ---- set up ---- */

static void make_key(struct run *run, const char *state)
{
    char path[4096];
    struct bytes raw;
    struct error err;
    gnutls_datum_t out = {0};

    snprintf(path, sizeof(path), "%s.key", state);
    if (gnutls_x509_privkey_init(&run->file_key) != 0 || gnutls_privkey_init(&run->key) != 0)
        fail("no key");
    if (access(path, R_OK) == 0) {
        if (!file_read(path, 65536, &run->arena, &raw, &err))
            fail(err.text);
        const gnutls_datum_t in = {(unsigned char *)(uintptr_t)raw.at, (unsigned)raw.size};
        if (gnutls_x509_privkey_import(run->file_key, &in, GNUTLS_X509_FMT_PEM) != 0)
            fail("the key's file has none");
    } else if (gnutls_x509_privkey_generate(run->file_key, GNUTLS_PK_ECDSA,
                                            GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) != 0 ||
               gnutls_x509_privkey_export2(run->file_key, GNUTLS_X509_FMT_PEM, &out) != 0 ||
               !file_replace_cache(path, (struct bytes){out.data, out.size}, 0600, &err)) {
        fail("the key cannot be made");
    }
    gnutls_free(out.data);
    if (gnutls_privkey_import_x509(run->key, run->file_key, 0) != 0)
        fail("the key cannot be used");
}

static struct bytes make_request(void *self, uint64_t agent)
{
    const struct run *run = self;
    char name[32];
    const int name_size = snprintf(name, sizeof(name), "agent-%llu", (unsigned long long)agent);
    gnutls_x509_crq_t crq;
    gnutls_datum_t der = {0};

    if (gnutls_x509_crq_init(&crq) != 0 || gnutls_x509_crq_set_version(crq, 1) != 0 ||
        gnutls_x509_crq_set_dn_by_oid(crq, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)name_size) != 0 ||
        gnutls_x509_crq_set_key(crq, run->file_key) != 0 ||
        gnutls_x509_crq_sign2(crq, run->file_key, GNUTLS_DIG_SHA256, 0) != 0 ||
        gnutls_x509_crq_export2(crq, GNUTLS_X509_FMT_DER, &der) != 0)
        fail("no request for a certificate can be made");
    gnutls_x509_crq_deinit(crq);
    return (struct bytes){der.data, der.size};
}

static void begin(struct run *run, const char *state)
{
    const struct words *words = &run->words;
    struct error err;
    struct bytes authority = {0};

    run->arena = arena_with(64 * MIB);
    if (!population_open(state, number(words, "total", 100000), &run->population, &err))
        fail(err.text);
    make_key(run, state);
    const struct rounds_settings settings = {.population = &run->population,
                                             .inventories = number(words, "inventories", 0) != 0,
                                             .keep = number(words, "keep", 0) != 0,
                                             .events = (unsigned)number(words, "events", 0),
                                             .ended = ended,
                                             .request = make_request,
                                             .self = run};
    if (settings.inventories && !population_begin_inventories(&run->population, &err))
        fail(err.text);
    run->rounds = rounds_begin(&settings);
    if (word(words, "ca", NULL) != NULL &&
        !file_read(word(words, "ca", NULL), 65536, &run->arena, &authority, &err))
        fail(err.text);
    const struct engine_settings engine = {.address = word(words, "address", "127.0.0.1"),
                                           .port = (uint16_t)number(words, "port", 8440),
                                           .plain_port = (uint16_t)number(words, "plain", 8442),
                                           .authority = authority,
                                           .key = run->key,
                                           .timeout_us = (int64_t)number(words, "timeout", 60) * 1000000,
                                           .done = rounds_answered,
                                           .self = run->rounds};
    run->engine = engine_begin(&engine, &err);
    if (run->rounds == NULL || run->engine == NULL)
        fail(err.text);
    rounds_use(run->rounds, run->engine);
    run->queue.heap = calloc(run->population.count, sizeof(struct due));
    run->interval_s = calloc(run->population.count, sizeof(uint32_t));
    run->failures = calloc(run->population.count, sizeof(uint32_t));
    run->series = calloc(SECONDS_MAX, sizeof(struct second));
    if (run->queue.heap == NULL || run->interval_s == NULL || run->failures == NULL || run->series == NULL)
        fail("out of memory");
    run->begun_us = engine_now_us();
    run->ends_us = run->begun_us + (int64_t)number(words, "seconds", 3600) * 1000000;
}

/* ---- what it prints ---- */

static void print_kind(const struct run *run, enum round_kind kind)
{
    const struct round_counts *counts = rounds_counts(run->rounds, kind);

    printf(",\"%s\":{\"sent\":%llu,\"answered\":%llu,\"failed\":%llu,\"429\":%llu,\"503\":%llu,\"refused\":%"
           "llu,\"p50_us\":%lld,"
           "\"p99_us\":%lld}",
           round_names[kind], (unsigned long long)counts->sent, (unsigned long long)counts->answered,
           (unsigned long long)counts->failed, (unsigned long long)counts->refused[0],
           (unsigned long long)counts->refused[1], (unsigned long long)counts->refused[2],
           (long long)round_took_us(counts, 500), (long long)round_took_us(counts, 990));
}

static void print_all(const struct run *run)
{
    const struct engine_counts *counts = engine_counts(run->engine);
    const double took_s = (double)(engine_now_us() - run->begun_us) / 1e6;
    size_t last = SECONDS_MAX;

    printf("{\"seconds\":%.3f,\"done\":%llu,\"failed\":%llu,\"safe_lane\":%llu,\"full\":%llu,\"resumed\":%"
           "llu,\"handshakes_failed\":%llu,"
           "\"sent_bytes\":%llu,\"taken_bytes\":%llu",
           took_s, (unsigned long long)run->done, (unsigned long long)run->failed,
           (unsigned long long)rounds_safe_lane(run->rounds), (unsigned long long)counts->handshakes_full,
           (unsigned long long)counts->handshakes_resumed, (unsigned long long)counts->handshakes_failed,
           (unsigned long long)counts->bytes_sent, (unsigned long long)counts->bytes_taken);
    for (enum round_kind kind = 0; kind < ROUND_KIND_COUNT; kind++)
        if (rounds_counts(run->rounds, kind)->sent > 0)
            print_kind(run, kind);
    while (last > 0 && run->series[last - 1].began == 0 && run->series[last - 1].done == 0 &&
           run->series[last - 1].failed == 0)
        last--;
    printf(",\"series\":[");
    for (size_t i = 0; i < last; i++)
        printf("%s[%u,%u,%u]", i == 0 ? "" : ",", run->series[i].began, run->series[i].done,
               run->series[i].failed);
    printf("],\"problem\":\"");
    for (const char *at = rounds_problem(run->rounds); *at != 0; at++)
        putchar(*at == '"' || *at == '\\' || (unsigned char)*at < 32 ? '\'' : *at);
    printf("\"}\n");
}

/* ---- modes ---- */

static void run_enrol(struct run *run)
{
    const size_t count = number(&run->words, "count", 1), connections = number(&run->words, "connections", 8);
    struct enrol_token token;
    struct error err;

    if (!enrol_token_parse(text_of(word(&run->words, "token", "")), &token, &err))
        fail(err.text);
    struct agent_enrol enrol = {.protocol_min = AGENT_PROTOCOL_MIN,
                                .protocol_max = AGENT_PROTOCOL,
                                .fleet = token.fleet,
                                .version = TEXT("0.1.0")};
    memcpy(enrol.secret, token.secret, sizeof(enrol.secret));
    for (size_t i = 0; i < connections; i++)
        if (!rounds_start_enrolling(run->rounds, &enrol, count, &err))
            fail(err.text);
    run->enrolling = true;
    run->under_way = count;
    work(run, SIZE_MAX);
}

static void run_once(struct run *run)
{
    const size_t from = number(&run->words, "from", 0), count = number(&run->words, "count", 1);

    for (size_t i = from; i < from + count; i++)
        queue_put(&run->queue, (struct due){run->begun_us, i});
    work(run, number(&run->words, "connections", 64));
}

static void run_kept(struct run *run)
{
    run->again = true;
    run_once(run);
}

/* Everybody has been here before, and has a session to take up: then the run is only begun when a line comes. */
static void prime(struct run *run)
{
    char line[16];

    run->ends_us = INT64_MAX;
    run_once(run);
    printf("{\"primed\":%llu,\"failed\":%llu,\"problem\":\"%s\"}\n", (unsigned long long)run->done,
           (unsigned long long)run->failed, rounds_problem(run->rounds));
    fflush(stdout);
    if (fgets(line, sizeof(line), stdin) == NULL)
        fail("nobody said go");
    rounds_forget(run->rounds);
    engine_forget(run->engine);
    run->done = run->failed = 0;
    memset(run->series, 0, SECONDS_MAX * sizeof(*run->series));
    run->begun_us = engine_now_us();
    run->ends_us = run->begun_us + (int64_t)number(&run->words, "seconds", 3600) * 1000000;
}

static void run_paced(struct run *run)
{
    const size_t from = number(&run->words, "from", 0), count = number(&run->words, "count", 1);
    const size_t spread = number(&run->words, "spread", 600);

    if (number(&run->words, "prime", 0) != 0)
        prime(run);
    run->again = true;
    run->paced = true;
    run->interval_s_fixed = (uint32_t)number(&run->words, "interval", 0);
    for (size_t i = from; i < from + count; i++) {
        run->interval_s[i] = (uint32_t)spread;
        queue_put(&run->queue,
                  (struct due){run->begun_us + (int64_t)(population_mix(i, 9) % (spread * 1000000)), i});
    }
    work(run, number(&run->words, "connections", 8000));
}

static void run_pulse(struct run *run)
{
    run->pulse = true;
    run_paced(run);
}

static void run_patch(struct run *run)
{
    for (size_t i = number(&run->words, "from", 0); i < number(&run->words, "count", 1); i++)
        if (run->population.agents[i].level > 0)
            run->population.agents[i].level--;
}

int main(int argc, char **argv)
{
    static const struct mode {
        const char *name;
        void (*run)(struct run *run);
    } modes[] = {{"enrol", run_enrol}, {"once", run_once},   {"kept", run_kept},
                 {"paced", run_paced}, {"pulse", run_pulse}, {"patch", run_patch}};
    struct run run = {.words = {argc - 3, argv + 3}};
    struct rlimit files = {1 << 20, 1 << 20};

    if (argc < 3)
        fail("fleet_sim STATE MODE name=value...; the head of fleet_sim.c says which");
    (void)setrlimit(RLIMIT_NOFILE, &files);
    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
        if (strcmp(argv[2], modes[i].name) == 0) {
            begin(&run, argv[1]);
            modes[i].run(&run);
            print_all(&run);
            engine_end(&run.engine);
            rounds_end(&run.rounds);
            population_end(&run.population);
            return 0;
        }
    fail("no such mode");
}
