/*
 * Drills against fetching: servers that never end, and a fetching process that belongs to the attacker.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "drill/drill_data.h"
#include "drill/drill_tuf.h"
#include "drill/hostile_server.h"
#include "drill/victim.h"

#define SIZE_MAX_HERE (64 * KIB)
#define TIME_MS       8000
#define STALL_MS      1000

static bool make_spool(struct drill_run *run, const char **out, struct error *err)
{
    *out = file_path(run->arena, run->folder, "spool");
    return *out == NULL ? arena_full(run->arena, err) : file_make_folders(*out, 0700, err);
}

static bool fetch(struct drill_run *run, const char *program, const char *spool, struct text url,
                  const char *name, struct fetch_result *out, struct error *err)
{
    const struct fetch_request request = {.program = program,
                                          .spool = spool,
                                          .name = name,
                                          .url = url,
                                          .size_limit = SIZE_MAX_HERE,
                                          .time_ms = TIME_MS,
                                          .stall_ms = STALL_MS,
                                          .connect_ms = TIME_MS};

    return fetch_run(&request, run->arena, out, err);
}

/* Bytes in the spool, whatever they are called. */
static uint64_t spooled(struct drill_run *run, const char *spool)
{
    struct file_names names;
    struct file_identity identity;
    struct error err;
    uint64_t all = 0;

    if (!file_list(spool, 100, run->arena, &names, &err))
        return UINT64_MAX;
    for (size_t i = 0; i < names.count; i++) {
        const char *path = file_path(run->arena, spool, names.names[i].at);
        if (path != NULL && file_identify(path, &identity, &err))
            all += identity.size;
    }
    return all;
}

struct behaviour {
    const char *path, *what;
};

/* Ended by itself, soon, and with no more on the disk than was allowed. */
static bool try_server(struct drill_run *run, const struct hostile_server *server,
                       const struct behaviour *rows, size_t count, struct error *err)
{
    const char *spool;

    if (!make_spool(run, &spool, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct fetch_result result;
        struct error refusal = {0};
        struct text url = text_format(run->arena, "http://127.0.0.1:%u/%s", server->port, rows[i].path);
        if (url.at == NULL)
            return arena_full(run->arena, err);
        drill_attempt(run, "%s", rows[i].what);
        int64_t begun_us = time_now_us();
        bool done = fetch(run, run->tools->fetch, spool, url, rows[i].path, &result, &refusal);
        int64_t took_ms = (time_now_us() - begun_us) / 1000;
        uint64_t size = spooled(run, spool);
        drill_held(run, !done && size <= SIZE_MAX_HERE + FETCH_MESSAGE_MAX && took_ms < TIME_MS,
                   "%s (after %lld.%lld s, with %llu bytes on the disk)",
                   done ? "it was taken" : refusal.text, (long long)(took_ms / 1000),
                   (long long)(took_ms / 100 % 10), (unsigned long long)size);
        if (!fetch_drop(spool, rows[i].path, err))
            return false;
    }
    return true;
}

/* The same fetcher, and the same server: now it is honest, and a whole update goes through it. */
static bool end_with_a_fetch(struct drill_run *run, const struct hostile_server *server, struct error *err)
{
    const char *spool;
    struct fetch_result result;
    struct error refusal = {0};
    struct text url = text_format(run->arena, "http://127.0.0.1:%u/honest", server->port);
    struct victim victim;

    if (url.at == NULL)
        return arena_full(run->arena, err);
    if (!make_spool(run, &spool, err) || !victim_make(run, "victim", &victim, err))
        return false;
    if (!fetch(run, run->tools->fetch, spool, url, "honest", &result, &refusal)) {
        drill_recovered(run, false, "an honest server's document could not be fetched: %s", refusal.text);
        return true;
    }
    drill_note(run,
               "Behind it an honest server's document was fetched; what held the fetching process: user%s%s.",
               result.confined & 2 ? ", files" : "", result.confined & 4 ? ", system calls" : "");
    victim_recover(&victim);
    return true;
}

/* ---- endless-data ---- */

static bool run_endless(struct drill_run *run, struct error *err)
{
    static const struct behaviour rows[] = {
        {"endless", "a document that does not end"},
        {"longer", "a document that says it has a terabyte"},
        {"heads", "heads of an answer that do not end"},
        {"around", "a redirect that leads to itself"},
    };
    OWN(hostile_server_end) struct hostile_server server = {0};

    drill_attacker(run, "the server, or the line to it: whatever is asked for, he answers");
    if (!hostile_server_start(drill_data("honest.packages"), &server, err) ||
        !try_server(run, &server, rows, sizeof(rows) / sizeof(*rows), err))
        return false;
    drill_nothing_bad(run, run->broken == 0, "the disk never had more than the %zu bytes that were allowed",
                      SIZE_MAX_HERE);
    return end_with_a_fetch(run, &server, err) && tuf_part_endless(run, err);
}

const struct drill drill_endless_data = {
    .name = "endless-data",
    .what = "Answers that do not end, until the disk is full.",
    .alarm = "endless-data: more than was signed, or than was allowed",
    .run = run_endless,
};

/* ---- slow-drip ---- */

static bool run_drip(struct drill_run *run, struct error *err)
{
    static const struct behaviour rows[] = {
        {"drip", "twenty bytes a second: enough to keep a connection alive for days"},
        {"silent", "an answer that begins, and then nothing"},
    };
    OWN(hostile_server_end) struct hostile_server server = {0};

    drill_attacker(
        run,
        "the server, or the line to it; he wants the machine to wait for ever instead of asking elsewhere");
    drill_note(run, "A machine gives a slow server a minute; the drill gives it a second.");
    if (!hostile_server_start(drill_data("honest.packages"), &server, err) ||
        !try_server(run, &server, rows, sizeof(rows) / sizeof(*rows), err))
        return false;
    drill_nothing_bad(run, run->broken == 0,
                      "each fetch ended by itself, so that another mirror can be asked");
    return end_with_a_fetch(run, &server, err);
}

const struct drill drill_slow_drip = {
    .name = "slow-drip",
    .what = "Answers that are so slow that an update never comes.",
    .alarm = "too slow",
    .run = run_drip,
};

/* ---- owned-fetcher ---- */

/* A fetcher of the attacker's: it does `deed` with the part file, and says `answer`. */
static bool put_fetcher(struct drill_run *run, const char *name, const char *deed,
                        const struct fetch_answer *answer, const char **out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(256 * KIB);
    struct text script =
        text_format(run->arena,
                    "#!/bin/sh\npart=$(cat | tr -c '[:print:]' '\\n' | grep -o '/[^ ]*\\.part' | head -n 1)\n"
                    "cd '%s'\n%s\nexec cat '%s.answer'\n",
                    run->folder, deed, name);
    struct text path = text_format(run->arena, "%s/%s", run->folder, name);
    struct text said = text_format(run->arena, "%s/%s.answer", run->folder, name);

    if (script.at == NULL || path.at == NULL || said.at == NULL)
        return arena_full(run->arena, err);
    size_t place = fetch_frame_begin(&w);
    fetch_answer_write(&w, answer);
    fetch_frame_end(&w, place);
    *out = path.at;
    return file_replace_cache(path.at, bytes_of_text(script), 0755, err) &&
           file_replace_cache(said.at, writer_bytes(&w), 0644, err);
}

static const struct {
    const char *name, *what, *deed;
    uint64_t says;
    const char *alarm;
} fetchers[] = {
    {"longer", "it fills the spool with more than was allowed, and says that all is well",
     "head -c 300000 /dev/zero >\"$part\"; : >\"${part%.part}.note\"", 300000, "suture-fetch said"},
    {"lies", "it writes less than it says", "echo x >\"$part\"; : >\"${part%.part}.note\"", 4096,
     "suture-fetch said"},
    {"nothing", "it says \"complete\", and wrote nothing", "rm -f \"$part\"", 10, "No such file"},
    {"ends", "it ends in the middle of its answer", "printf 'x'; exit 0", 0, "ended"},
    {"babbles", "it answers with something that is no answer",
     "head -c 100000 /dev/zero | tr '\\0' '\\377'; exit 0", 0, ""},
};

static bool try_fetchers(struct drill_run *run, struct error *err)
{
    const char *spool, *program;

    if (!make_spool(run, &spool, err))
        return false;
    for (size_t i = 0; i < sizeof(fetchers) / sizeof(*fetchers); i++) {
        const struct fetch_answer answer = {
            .outcome = FETCH_COMPLETE, .status = 200, .size = fetchers[i].says};
        struct fetch_result result;
        struct error refusal = {0};
        if (!put_fetcher(run, fetchers[i].name, fetchers[i].deed, &answer, &program, err))
            return false;
        drill_attempt(run, "%s", fetchers[i].what);
        bool done =
            fetch(run, program, spool, TEXT("http://127.0.0.1:9/x"), fetchers[i].name, &result, &refusal);
        drill_refused(run, done, &refusal, fetchers[i].alarm);
        if (!fetch_drop(spool, fetchers[i].name, err))
            return false;
    }
    return true;
}

/* The file has the size that was asked for, and the answer is right: only the hash tells. */
static bool try_package(struct drill_run *run, const struct hostile_server *server, struct error *err)
{
    struct bytes bad = drill_data("lantern_2.0_bad.deb");
    const struct fetch_answer answer = {.outcome = FETCH_COMPLETE, .status = 200, .size = bad.size};
    const char *path = file_path(run->arena, run->folder, "package.deb"), *program;
    struct text uri = text_format(run->arena, "http://127.0.0.1:%u/", server->port);
    struct drill_tools owned = *run->tools;
    struct drill_run theirs = *run;
    struct victim victim;
    struct error refusal = {0};

    if (path == NULL || uri.at == NULL)
        return arena_full(run->arena, err);
    if (!file_replace_cache(path, bad, 0644, err) ||
        !put_fetcher(run, "package", "cat package.deb >\"$part\"; : >\"${part%.part}.note\"", &answer,
                     &program, err) ||
        !victim_make_at(run, "victim", uri, &victim, err))
        return false;
    owned.fetch = program;
    theirs.tools = &owned;
    const struct plan_change change = victim_change(&victim, "2.0", drill_data("lantern_2.0.deb"));
    victim.run = &theirs;
    drill_attempt(run, "it brings his own package, of the right name and size, as the vendor's");
    bool believed = victim_update(&victim, &change, &refusal);
    victim.run = run;
    drill_refused(run, believed, &refusal, "sent something else than what was signed");
    victim_judge(&victim);
    victim_recover(&victim);
    return true;
}

static bool run_owned(struct drill_run *run, struct error *err)
{
    OWN(hostile_server_end) struct hostile_server server = {0};

    drill_attacker(
        run,
        "the process that fetches: he broke into it from the network, and says and writes what he likes");
    drill_note(
        run,
        "The real one has no right to write anywhere but into the files that it was given (base/confine.h).");
    return try_fetchers(run, err) && hostile_server_start(drill_data("lantern_2.0.deb"), &server, err) &&
           try_package(run, &server, err);
}

const struct drill drill_owned_fetcher = {
    .name = "owned-fetcher",
    .what = "The process that talks to the network belongs to the attacker.",
    .alarm = "what it says does not fit what is there",
    .run = run_owned,
};
