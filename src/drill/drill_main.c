/*
 * suture-drill: attacks a machine that exists only in a scratch folder, and tells what came of it.
 *
 *     suture-drill list
 *     suture-drill run NAME... | --all
 *     suture-drill controls             each with its drill and what is off with it, for test/drill/controls.py
 *
 * It is started by `suture drill`. Exit status: 0 every drill held, 1 one did not, 2 wrong usage, 4 one could not be tried
 * here as a whole, which is never counted as held.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/control.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "base/time.h"
#include "drill/drills.h"

#define DRILL_MEMORY (512 * MIB)
#define DRILL_NOW    "2026-11-21T07:50:00Z"

enum verdict { HELD, NOT_HELD, WRONG_USAGE, NOT_TRIED = 4 };

/* ---- one drill ---- */

static void remove_scratch(const char **folder)
{
    struct error err;

    if (*folder != NULL && !file_remove_tree(*folder, &err))
        fprintf(stderr, "suture-drill: %s\n", err.text);
}

static bool make_scratch(struct arena *arena, const char **out, struct error *err)
{
    const char *temporary = os_environment("TMPDIR");
    struct text name = text_format(arena, "%s/suture-drill-XXXXXX",
                                   temporary != NULL && temporary[0] == '/' ? temporary : "/tmp");
    char *path = name.at == NULL ? NULL : text_string(arena, name);

    if (path == NULL)
        return arena_full(arena, err);
    if (mkdtemp(path) == NULL || chmod(path, 0755) != 0) /* helpers that leave root look into it */
        return error_system(err, "%s", path);
    *out = path;
    return true;
}

static void put_head(const struct drill *drill, FILE *page)
{
    const char *off = os_environment("SUTURE_CONTROLS_OFF");

    fprintf(page, "Suture drill · %s · in a scratch folder, removed at the end; nothing is sent; %s\n",
            drill->name, os_is_root() ? "run as root, which it does not need" : "run without root");
    if (control_switchable())
        fprintf(page, "(!) this is a test build in which controls can be switched off; off now: %s\n",
                off == NULL ? "none" : off);
    fprintf(page, "%s\n\n", drill->what);
}

static enum verdict put_verdict(const struct drill_run *run, int64_t took_us)
{
    enum verdict verdict = run->broken > 0 || run->attempts == 0 || !run->recovered ? NOT_HELD
                           : run->untried > 0                                       ? NOT_TRIED
                                                                                    : HELD;
    static const char *const words[] = {
        [HELD] = "HELD", [NOT_HELD] = "DID NOT HOLD", [NOT_TRIED] = "NOT ALL OF IT COULD BE TRIED"};

    fprintf(run->page, "%-20s%zu tried, %zu held as expected (%s)%s; %lld.%lld s\n\n", words[verdict],
            run->attempts, run->refused, run->drill->alarm,
            run->recovered ? ", and the machine recovered" : "", (long long)(took_us / TIME_SECOND_US),
            (long long)(took_us / 100000 % 10));
    return verdict;
}

static enum verdict run_drill(const struct drill *drill, const struct drill_tools *tools, FILE *page)
{
    OWN(arena_end) struct arena arena = arena_with(DRILL_MEMORY);
    OWN(remove_scratch) const char *folder = NULL;
    struct drill_run run = {.drill = drill, .tools = tools, .arena = &arena, .page = page};
    int64_t begun_us = time_now_us();
    struct error err = {0};

    put_head(drill, page);
    if (!time_parse(TEXT(DRILL_NOW), &run.now_us, &err) || !make_scratch(&arena, &folder, &err)) {
        fprintf(page, "%-20s%s\n\n", "COULD NOT BE TRIED", err.text);
        return NOT_TRIED;
    }
    run.folder = folder;
    if (!drill->run(&run, &err)) {
        fprintf(page, "%-20s%s\n", "STOPPED", err.text);
        fprintf(page, "%-20s%s\n\n", "NOTHING IS SHOWN",
                "the drill itself could not go on; this says nothing of the attack");
        return run.broken > 0 ? NOT_HELD : NOT_TRIED;
    }
    return put_verdict(&run, time_now_us() - begun_us);
}

/* ---- the command ---- */

static enum verdict list_all(void)
{
    for (size_t i = 0; drills[i] != NULL; i++)
        printf("%-18s %s\n%-18s refused as: %s\n", drills[i]->name, drills[i]->what, "", drills[i]->alarm);
    return HELD;
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

static enum verdict list_controls(void)
{
    for (enum control at = CONTROL_UNKNOWN + 1; at < CONTROL_COUNT; at++) {
        printf("%s\t%s\t", controls[at].name, controls[at].drill);
        put_chain(at);
        printf("\t%s\n", controls[at].what);
    }
    return HELD;
}

static enum verdict worse(enum verdict a, enum verdict b)
{
    return a == NOT_HELD || b == HELD ? a : b;
}

static bool find_tools(struct arena *arena, struct drill_tools *out, struct error *err)
{
    return os_helper(arena, "suture-prove", &out->prove, err) &&
           os_helper(arena, "suture-fetch", &out->fetch, err) &&
           os_helper(arena, "suture-rebuild", &out->rebuild, err) &&
           os_helper(arena, "suture-parse", &out->parse, err);
}

static enum verdict run_named(const struct drill_tools *tools, int count, char **names)
{
    enum verdict verdict = HELD;

    for (int i = 0; i < count; i++) {
        const struct drill *drill;
        struct error err;
        if (!drills_find(text_of(names[i]), &drill, &err)) {
            fprintf(stderr, "suture-drill: %s\n", err.text);
            return WRONG_USAGE;
        }
    }
    for (int i = 0; i < count; i++) {
        const struct drill *drill = NULL;
        struct error err;
        if (drills_find(text_of(names[i]), &drill, &err))
            verdict = worse(verdict, run_drill(drill, tools, stdout));
    }
    return verdict;
}

static enum verdict run_all(const struct drill_tools *tools)
{
    enum verdict verdict = HELD;
    size_t held = 0, count = 0;

    for (; drills[count] != NULL; count++) {
        enum verdict one = run_drill(drills[count], tools, stdout);
        held += one == HELD;
        verdict = worse(verdict, one);
    }
    printf("%zu of %zu drills held\n", held, count);
    return verdict;
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct drill_tools tools = {0};
    struct error err;

    if (!os_hold_standard_descriptors(&err))
        return NOT_HELD;
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return list_all();
    if (argc == 2 && strcmp(argv[1], "controls") == 0)
        return list_controls();
    if (argc < 3 || strcmp(argv[1], "run") != 0) {
        fprintf(stderr, "suture-drill: use suture drill list, or suture drill run NAME... or --all\n");
        return WRONG_USAGE;
    }
    if (!find_tools(&arena, &tools, &err)) {
        fprintf(stderr, "suture-drill: %s\n", err.text);
        return NOT_HELD;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* each line as it happens; children never see a buffer of ours */
    enum verdict verdict =
        strcmp(argv[2], "--all") == 0 ? run_all(&tools) : run_named(&tools, argc - 2, argv + 2);
    return fflush(stdout) == 0 ? (int)verdict : NOT_HELD;
}
