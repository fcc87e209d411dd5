/*
 * suture-agent: what `suture agent` becomes. It is a program of its own so that the daemon has in memory what it needs and no more.
 *
 *     suture-agent enroll URL TOKEN [replace]
 *     suture-agent run [once]
 *     suture-agent pulse
 *     suture-agent status [collected] [json]
 *
 * Exit status: 0 done, 1 failed, with one line on standard error.
 */
#include <stdio.h>
#include <string.h>

#include "agent/enroll.h"
#include "agent/loop.h"
#include "agent/status.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/os.h"
#include "base/own.h"

/* The words behind the first. */
struct words {
    char **at;
    int count;
};

static bool has(const struct words *words, const char *word)
{
    for (int i = 0; i < words->count; i++)
        if (strcmp(words->at[i], word) == 0)
            return true;
    return false;
}

static bool run_enroll(const struct words *words, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(AGENT_TURN_MEMORY);
    struct enroll_request request;
    struct enroll_result result;
    char hex[FLEET_ID_HEX + 1];
    struct fleet_id fleet;
    struct host_id host;

    if (words->count < 2)
        return error_set(err, ERROR_INPUT, "an address and a token are due");
    request = (struct enroll_request){words->at[0], words->at[1],
                                      words->count > 2 && strcmp(words->at[2], "replace") == 0};
    if (!enroll(&request, &arena, &result, err))
        return false;
    memcpy(fleet.at, result.enrolled.fleet, sizeof(fleet.at));
    memcpy(host.at, result.enrolled.host, sizeof(host.at));
    host_id_hex(&host, hex);
    printf("This machine is %s\n", hex);
    fleet_id_hex(&fleet, hex);
    printf("of the fleet    %s\nat              %.*s\n", hex, TEXT_ARG(result.enrolled.server));
    if (!result.pinned)
        printf("(!) The fleet's repository is not pinned yet, and is tried again with each check-in: %s\n",
               result.pin_why.text);
    printf("Next: suture agent run, or systemctl enable --now suture-agent\n");
    return true;
}

static bool run_run(const struct words *words, struct error *err)
{
    return has(words, "once") ? loop_once(err) : loop_run(err);
}

static bool run_pulse(const struct words *words, struct error *err)
{
    (void)words;
    return loop_pulse(err);
}

static bool run_status(const struct words *words, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_SCAN_OUTPUT);
    const struct agent_status_wish wish = {.collected = has(words, "collected"), .json = has(words, "json")};
    struct bytes page;

    if (!agent_status_write(&wish, &w, err) || !writer_done(&w, &page, err))
        return false;
    return (fwrite(page.at, 1, page.size, stdout) == page.size && fflush(stdout) == 0) ||
           error_system(err, "standard output");
}

static const struct {
    const char *name;
    bool (*run)(const struct words *words, struct error *err);
} deeds[] = {{"enroll", run_enroll}, {"run", run_run}, {"pulse", run_pulse}, {"status", run_status}};

int main(int argc, char **argv)
{
    const struct words words = {argv + 2, argc - 2};
    struct error err = {0};

    if (!os_hold_standard_descriptors(&err))
        return 1;
    for (size_t i = 0; argc >= 2 && i < sizeof(deeds) / sizeof(*deeds); i++) {
        if (strcmp(argv[1], deeds[i].name) != 0)
            continue;
        if (deeds[i].run(&words, &err))
            return fflush(stdout) == 0 ? 0 : 1;
        fprintf(stderr, "suture: %s\n", err.text);
        return 1;
    }
    fprintf(stderr, "suture-agent is started by suture: it has no use by hand\n");
    return 2;
}
