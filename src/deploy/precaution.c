#include "deploy/precaution.h"

#include <stdio.h>

#include "base/child.h"
#include "base/limits.h"
#include "base/own.h"
#include "format/json.h"

#define WORDS_MAX  32 /* of a command */
#define SAID_MAX   120
#define GATE_MS    60000 /* a backup over a slow line answers in seconds */
#define MEMORY_MAX (8 * MIB)

static const char *const environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                          "HOME=/root", "LC_ALL=C.UTF-8", "TZ=UTC", NULL};

/* ---- when the last backup was made ---- */

/* A time without a zone (borg's) is UTC: that is the zone that the command was given. */
static bool parse_time(struct text text, int64_t *out, struct error *err)
{
    struct error ignored;
    char with_zone[80];

    if (time_parse(text, out, &ignored))
        return true;
    int size =
        snprintf(with_zone, sizeof(with_zone), "%.*sZ", (int)(text.size < 70 ? text.size : 70), text.at);
    return time_parse((struct text){with_zone, size < 0 ? 0 : (size_t)size}, out, err);
}

/* The newest of one member of the objects in an array. */
static bool newest(struct json array, const char *name, int64_t *out, struct error *err)
{
    struct json_walk walk = json_walk_with(array);

    while (json_walk_next(&walk)) {
        struct text text = {0};
        int64_t us;
        if (!json_is_object(walk.value))
            return error_set(err, ERROR_INPUT, "element %zu is no object", walk.index);
        if (!json_get_text(walk.value, name, false, 64, &text, err))
            return false;
        if (text.size == 0)
            continue;
        if (!parse_time(text, &us, err))
            return false;
        *out = *out == TIME_ABSENT || us > *out ? us : *out;
    }
    return true;
}

static bool read_restic(struct json root, int64_t *out, struct error *err)
{
    if (!json_is_array(root))
        return error_set(err, ERROR_INPUT, "is no list of snapshots");
    return newest(root, "time", out, err);
}

static bool read_borg(struct json root, int64_t *out, struct error *err)
{
    static const char *const names[] = {"end", "start", "time"};
    struct json archives = json_member(root, "archives");

    if (!json_is_array(archives))
        return error_set(err, ERROR_INPUT, "has no list of archives");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && *out == TIME_ABSENT; i++)
        if (!newest(archives, names[i], out, err))
            return false;
    return true;
}

static bool read_line(struct bytes answer, int64_t *out, struct error *err)
{
    struct text rest = {(const char *)answer.at, answer.size}, line, text;

    if (!text_cut(&rest, '\n', &line) || text_trim(line).size == 0)
        return true;
    return text_from_bytes(bytes_of_text(text_trim(line)), 64, &text, err) && parse_time(text, out, err);
}

bool precaution_backup_time(enum backup_kind kind, struct bytes answer, struct arena *arena, int64_t *out,
                            struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    int64_t us = TIME_ABSENT;
    bool done;

    (void)arena;
    if (kind == BACKUP_COMMAND)
        done = read_line(answer, &us, err);
    else
        done = json_parse(answer, LIMIT_CHILD_OUTPUT, &document, err) &&
               (kind == BACKUP_RESTIC ? read_restic : read_borg)(json_root(&document), &us, err);
    if (!done)
        return error_at(err, "the answer");
    if (us == TIME_ABSENT)
        return error_set(err, ERROR_ABSENT, "it knows of no backup");
    *out = us;
    return true;
}

/* ---- running ---- */

static bool run(struct text command, uint32_t limit_ms, struct arena *arena, struct child_result *out,
                struct error *err)
{
    const char *argv[WORDS_MAX + 1] = {NULL};
    struct text rest = command, word;

    for (size_t count = 0; text_cut_word(&rest, &word); count++) {
        if (count == WORDS_MAX)
            return error_set(err, ERROR_LIMIT, "has more than %d words", WORDS_MAX);
        argv[count] = text_string(arena, word);
        if (argv[count] == NULL)
            return arena_full(arena, err);
    }
    if (argv[0] == NULL || argv[0][0] != '/')
        return error_set(err, ERROR_INPUT, "begins with no absolute path");
    const struct child_command child = {
        .argv = argv, .environment = environment, .timeout_ms = limit_ms, .output_limit = LIMIT_CHILD_OUTPUT};
    return child_run(&child, arena, out, err);
}

/* The last line that it wrote, as far as it is text. */
static struct text last_words(const struct child_result *result)
{
    struct bytes raw = result->errors.size > 0 ? result->errors : result->output;
    struct text rest = {(const char *)raw.at, raw.size}, line, last = TEXT("it said nothing");

    while (text_cut(&rest, '\n', &line))
        if (text_trim(line).size > 0)
            last = text_part(text_trim(line), 0, SAID_MAX);
    return last;
}

static bool run_hook(const struct precaution_hook *hook, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MEMORY_MAX);
    struct child_result result;

    if (!run(hook->command, hook->limit_ms, &arena, &result, err))
        return error_at(err, "%.*s", TEXT_ARG(text_part(hook->command, 0, 80)));
    return result.status == 0 ||
           error_set(err, ERROR_CONFLICT, "%.*s: ended with %d: %.*s",
                     TEXT_ARG(text_part(hook->command, 0, 80)), result.status, TEXT_ARG(last_words(&result)));
}

static bool check_backup(const struct precautions *p, int64_t now_us, int64_t *age_us, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MEMORY_MAX);
    struct child_result result;
    int64_t made_us;

    if (!run(p->backup_command, GATE_MS, &arena, &result, err))
        return false;
    if (result.status != 0)
        return error_set(err, ERROR_CONFLICT, "ended with %d: %.*s", result.status,
                         TEXT_ARG(last_words(&result)));
    if (!precaution_backup_time(p->backup, result.output, &arena, &made_us, err))
        return false;
    *age_us = now_us - made_us;
    if (*age_us < -TIME_DAY_US)
        return error_set(err, ERROR_CONFLICT,
                         "says that the last backup is of the future: one clock is wrong");
    if (*age_us > p->backup_age_max_us)
        return error_set(err, ERROR_CONFLICT, "the last backup is %lld hours old, the policy allows %lld",
                         (long long)(*age_us / TIME_HOUR_US),
                         (long long)(p->backup_age_max_us / TIME_HOUR_US));
    return true;
}

bool precaution_take(const struct precautions *precautions, int64_t now_us, struct arena *arena,
                     struct text *note, struct error *err)
{
    struct text said = {0};
    int64_t age_us = 0;

    if (precautions->backup != BACKUP_NONE) {
        if (!check_backup(precautions, now_us, &age_us, err))
            return error_at(err, "backup (%s)", backup_kind_name(precautions->backup));
        said = text_format(arena, "the last backup is %lld hours old",
                           (long long)(age_us > 0 ? age_us / TIME_HOUR_US : 0));
        if (said.at == NULL)
            return arena_full(arena, err);
    }
    for (size_t i = 0; i < precautions->hook_count; i++)
        if (!run_hook(&precautions->hooks[i], err))
            return error_at(err, "hook %zu", i + 1);
    if (precautions->hook_count > 0)
        said = text_format(arena, "%.*s%s%zu hooks ran", TEXT_ARG(said), said.size > 0 ? "; " : "",
                           precautions->hook_count);
    if (precautions->hook_count > 0 && said.at == NULL)
        return arena_full(arena, err);
    *note = said;
    return true;
}
