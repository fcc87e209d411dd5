/*
 * What one check-in costs the server behind TLS and HTTP: the message parsed, held against the table of hosts, answered.
 *
 *     checkin_speed [HOSTS [SECONDS]]                   without any: 100000 hosts, 2 seconds for each row
 *
 * One row for each number of threads; every thread checks in hosts of its own, in an order that no cache likes. The table also says what a host
 * takes in memory.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/own.h"
#include "server/agent_call.h"
#include "server/server.h"

#define THREADS_MAX 4

extern const struct route route_agent_checkin;

static int64_t now_us(void *self)
{
    struct timespec now;

    (void)self;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void draw(void *self, void *out, size_t size)
{
    static _Thread_local uint64_t state = 1;

    (void)self;
    for (size_t i = 0; i < size; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ((uint8_t *)out)[i] = (uint8_t)(state >> 33);
    }
}

static void make_id(uint32_t number, struct host_id *out)
{
    uint64_t parts[2] = {(number + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15), number};

    memcpy(out->at, parts, sizeof(out->at));
}

struct load {
    struct server *server;
    uint32_t hosts, first, step;
    double seconds;
    uint64_t done;
    pthread_t thread;
    bool failed;
};

static bool one(struct load *load, struct arena *arena, uint32_t number, uint64_t counter)
{
    struct request request = request_with(arena, &route_agent_checkin, now_us(NULL));
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);
    struct agent_checkin checkin = {.protocol_min = 1,
                                    .protocol_max = 1,
                                    .counter = counter,
                                    .random = counter,
                                    .level = AGENT_LEVEL_NORMAL};
    struct error err;

    make_id(number, &checkin.host);
    agent_checkin_write(&w, &checkin);
    request.body = writer_bytes(&w);
    request.peer.kind = REQUEST_PEER_HOST;
    request.peer.host = checkin.host;
    return route_agent_checkin.handle(load->server, &request, &err) && request.answer.status == 200;
}

static void *run(void *self)
{
    struct load *load = self;
    int64_t end = now_us(NULL) + (int64_t)(load->seconds * 1e6);

    for (uint64_t counter = 1; now_us(NULL) < end && !load->failed; counter++)
        for (uint32_t i = 0; i < load->hosts / load->step; i++) {
            OWN(arena_end) struct arena arena = arena_with(64 * KIB);
            uint32_t number = (uint32_t)(((uint64_t)i * 7919 * load->step + load->first) % load->hosts);
            load->failed = load->failed || !one(load, &arena, number, counter + load->done);
            load->done++;
            if (i % 256 == 0 && now_us(NULL) >= end)
                break;
        }
    return NULL;
}

/* What the server does every five seconds; the rows go nowhere. */
static void drain(struct host_table *hosts)
{
    static struct fleet_write writes[4096];

    while (host_table_take_seen(hosts, writes, 4096) > 0)
        ;
}

static bool measure(struct server *server, uint32_t hosts, uint32_t threads, double seconds)
{
    struct load loads[THREADS_MAX];
    struct timespec before, after;
    uint64_t done = 0;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    for (uint32_t i = 0; i < threads; i++) {
        loads[i] = (struct load){.server = server,
                                 .hosts = hosts,
                                 .first = i,
                                 .step = threads,
                                 .seconds = seconds,
                                 .done = (uint64_t)threads << 40};
        if (pthread_create(&loads[i].thread, NULL, run, &loads[i]) != 0)
            return false;
    }
    for (uint32_t i = 0; i < threads; i++) {
        (void)pthread_join(loads[i].thread, NULL);
        done += loads[i].done - ((uint64_t)threads << 40);
        if (loads[i].failed)
            return false;
    }
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    double cpu = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
    printf("%7u  %12.0f  %8.2f\n", threads, (double)done / seconds, cpu * 1e6 / (double)done);
    drain(server->hosts);
    return true;
}

int main(int argc, char **argv)
{
    uint32_t hosts = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100000;
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 2;
    struct server server = {.world = {.now_us = now_us, .random = draw}};
    struct error err;

    if (!host_table_make(99, &server.hosts, &err))
        return 1;
    for (uint32_t i = 0; i < hosts; i++) {
        struct fleet_host host = {.hid = (int64_t)i * 77 + 1};
        struct host_id id;
        uint32_t number;
        make_id(i, &id);
        memcpy(host.id, id.at, sizeof(host.id));
        if (!host_table_add(server.hosts, &host, &number, &err)) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
    }
    printf("%u hosts, %zu bytes each in the table\n", hosts, host_table_memory(server.hosts) / hosts);
    printf("threads  check-ins/s  us of CPU each\n");
    for (uint32_t threads = 1; threads <= THREADS_MAX; threads *= 2)
        if (!measure(&server, hosts, threads, seconds)) {
            fprintf(stderr, "a check-in was refused\n");
            return 1;
        }
    host_table_end(&server.hosts);
    return 0;
}
