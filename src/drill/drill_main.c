/*
 * suture-drill: attacks a machine that exists only in a scratch folder, and tells what came of it.
 *
 *     suture-drill [--json] list
 *     suture-drill [--json] run NAME... | --all
 *     suture-drill controls             each with its drill and what is off with it, for test/drill/controls.py
 *
 * It is started by `suture drill`. Exit status: 0 every drill held, 1 one did not, 2 wrong usage, 4 one could not be tried
 * here, which is never counted as held.
 */
#include <stdlib.h>
#include <string.h>

#include "base/control.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "drill/drill_runner.h"
#include "drill/drills.h"
#include "format/json.h"

enum { DONE, FAILED, WRONG_USAGE, NOT_TRIED = 4 };

/* ---- list ---- */

static int put_json(const struct writer *w)
{
    struct bytes all;
    struct error err;

    if (!writer_done(w, &all, &err)) {
        fprintf(stderr, "suture-drill: %s\n", err.text);
        return FAILED;
    }
    printf("%.*s\n", (int)all.size, (const char *)all.at);
    return fflush(stdout) == 0 ? DONE : FAILED;
}

static int list_json(void)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct json_writer j = json_writer_with(&w, true);

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.drills/1");
    json_name(&j, "drills");
    json_open_array(&j);
    for (size_t i = 0; drills[i] != NULL; i++) {
        json_open_object(&j);
        json_name(&j, "name");
        json_put_string(&j, drills[i]->name);
        json_name(&j, "what");
        json_put_string(&j, drills[i]->what);
        json_name(&j, "alarm");
        json_put_string(&j, drills[i]->alarm);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    return put_json(&w);
}

static int list_all(bool json)
{
    if (json)
        return list_json();
    for (size_t i = 0; drills[i] != NULL; i++)
        printf("%-18s %s\n%-18s refused as: %s\n", drills[i]->name, drills[i]->what, "", drills[i]->alarm);
    return fflush(stdout) == 0 ? DONE : FAILED;
}

/* A control and those behind it, each once. */
static void put_chain(enum control first)
{
    bool put[CONTROL_COUNT] = {false};

    for (enum control at = first; at != CONTROL_UNKNOWN && !put[at]; at = controls_behind[at]) {
        printf("%s%s", at == first ? "" : ",", controls[at].name);
        put[at] = true;
    }
}

static int list_controls(void)
{
    for (enum control at = CONTROL_UNKNOWN + 1; at < CONTROL_COUNT; at++) {
        printf("%s\t%s\t", controls[at].name, controls[at].drill);
        put_chain(at);
        printf("\t%s\n", controls[at].what);
    }
    return fflush(stdout) == 0 ? DONE : FAILED;
}

/* ---- run ---- */

static bool find_tools(struct arena *arena, struct drill_tools *out, struct error *err)
{
    return os_helper(arena, "suture-prove", &out->prove, err) &&
           os_helper(arena, "suture-fetch", &out->fetch, err) &&
           os_helper(arena, "suture-rebuild", &out->rebuild, err) &&
           os_helper(arena, "suture-parse", &out->parse, err);
}

static void put_result(struct json_writer *j, const struct drill *drill, const struct drill_result *result)
{
    json_open_object(j);
    json_name(j, "name");
    json_put_string(j, drill->name);
    json_name(j, "verdict");
    json_put_string(j, drill_verdict_name(result->verdict));
    json_name(j, "tried");
    json_put_u64(j, result->attempts);
    json_name(j, "held");
    json_put_u64(j, result->refused);
    json_name(j, "recovered");
    json_put_bool(j, result->recovered);
    json_name(j, "milliseconds");
    json_put_u64(j, (uint64_t)(result->took_us > 0 ? result->took_us / 1000 : 0));
    json_name(j, "problem");
    if (result->problem[0] != 0)
        json_put_string(j, result->problem);
    else
        json_put_null(j);
    json_close_object(j);
}

/* The worst of all: one that did not hold is worse than one that was not tried. */
static int run_list(const struct drill *const *list, bool json)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct json_writer j = json_writer_with(&w, true);
    struct drill_tools tools = {0};
    size_t counts[DRILL_NOT_TRIED + 1] = {0}, count = 0;
    bool stopped = false;
    struct error err;

    if (!find_tools(&arena, &tools, &err)) {
        fprintf(stderr, "suture-drill: %s\n", err.text);
        return FAILED;
    }
    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.drill/1");
    json_name(&j, "drills");
    json_open_array(&j);
    for (; list[count] != NULL && !stopped; count++) {
        struct drill_result result = drill_runner_run(list[count], &tools, json ? NULL : stdout);
        counts[result.verdict]++;
        stopped = result.stopped;
        put_result(&j, list[count], &result);
    }
    json_close_array(&j);
    json_close_object(&j);
    if (json ? put_json(&w) != DONE
             : count > 1 && printf("%zu of %zu drills held\n", counts[DRILL_HELD], count) < 0)
        return FAILED;
    if (fflush(stdout) != 0)
        return FAILED;
    return counts[DRILL_NOT_HELD] > 0 ? FAILED : counts[DRILL_NOT_TRIED] > 0 ? NOT_TRIED : DONE;
}

static int run_named(int count, char **names, bool json)
{
    OWN(own_memory) const struct drill **list = calloc((size_t)count + 1, sizeof(*list));
    struct error err = {.text = "out of memory"};

    for (int i = 0; i < count; i++)
        if (list == NULL || !drills_find(text_of(names[i]), &list[i], &err)) {
            fprintf(stderr, "suture-drill: %s\n", err.text);
            return list == NULL ? FAILED : WRONG_USAGE;
        }
    return run_list(list, json);
}

int main(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    char **words = argv + 1 + json;
    int count = argc - 1 - json;
    struct error err;

    if (!os_hold_standard_descriptors(&err))
        return FAILED;
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* each line as it happens */
    if (count == 1 && strcmp(words[0], "list") == 0)
        return list_all(json);
    if (count == 1 && strcmp(words[0], "controls") == 0)
        return list_controls();
    if (count == 2 && strcmp(words[0], "run") == 0 && strcmp(words[1], "--all") == 0)
        return run_list(drills, json);
    if (count >= 2 && strcmp(words[0], "run") == 0)
        return run_named(count - 1, words + 1, json);
    fprintf(stderr, "suture-drill: use suture drill list, or suture drill run NAME... or --all\n");
    return WRONG_USAGE;
}
