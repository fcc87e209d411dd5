#include "store/agent_state.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "base/reader.h"
#include "base/writer.h"

#define ENROLLED_MAX  (16 * KIB)
#define COUNTER_MAGIC "SUTRCNT1"
#define MEMORY_MAGIC  "SUTRAGM1"
#define MAGIC_SIZE    8

/* ---- the folder ---- */

char *agent_state_path(const struct state *state, struct arena *arena, const char *name)
{
    struct text path = text_format(arena, "%s/" AGENT_STATE_FOLDER "/%s", state->folder, name);

    return path.at == NULL ? NULL : text_string(arena, path);
}

bool agent_state_make(const struct state *state, struct arena *arena, struct error *err)
{
    const char *ignored;

    return state_make_folder(state, arena, AGENT_STATE_FOLDER, &ignored, err);
}

bool agent_state_is_enrolled(const struct state *state, struct arena *arena)
{
    const char *path = agent_state_path(state, arena, "enrolled");

    return path != NULL && file_exists(path);
}

/* ---- enrolled ---- */

enum line_kind { LINE_TEXT, LINE_HEX, LINE_RING, LINE_TIME };

static const struct line {
    const char *name;
    enum line_kind kind;
    size_t offset, size;
} lines[] = {
    {"server", LINE_TEXT, offsetof(struct agent_enrolled, server), LIMIT_URL},
    {"content", LINE_TEXT, offsetof(struct agent_enrolled, content), LIMIT_URL},
    {"fleet", LINE_HEX, offsetof(struct agent_enrolled, fleet), 32},
    {"host", LINE_HEX, offsetof(struct agent_enrolled, host), 16},
    {"chunk-key", LINE_HEX, offsetof(struct agent_enrolled, chunk_key), 32},
    {"plan-key", LINE_HEX, offsetof(struct agent_enrolled, plan_key), 32},
    {"ring", LINE_RING, offsetof(struct agent_enrolled, ring), 1},
    {"since", LINE_TIME, offsetof(struct agent_enrolled, since_us), 8},
};
#define LINES_COUNT (sizeof(lines) / sizeof(*lines))

static bool parse_ring(struct text text, uint8_t *out, struct error *err)
{
    uint64_t value;

    if (!text_to_u64(text, &value, err))
        return false;
    *out = (uint8_t)value;
    return value <= UINT8_MAX || error_set(err, ERROR_INPUT, "%llu is over 255", (unsigned long long)value);
}

static bool parse_value(const struct line *line, struct text value, uint8_t *at, struct error *err)
{
    int64_t us;

    if (line->kind == LINE_HEX)
        return text_to_hex(value, at, line->size, err);
    if (line->kind == LINE_RING)
        return parse_ring(value, at, err);
    if (line->kind == LINE_TEXT) {
        memcpy(at, &value, sizeof(value));
        return (value.size > 0 && value.size <= line->size) ||
               error_set(err, ERROR_INPUT, "is empty or too long");
    }
    if (!time_parse(value, &us, err))
        return false;
    memcpy(at, &us, sizeof(us));
    return true;
}

bool agent_enrolled_parse(struct bytes raw, struct agent_enrolled *out, struct error *err)
{
    struct agent_enrolled got = {0};
    struct text rest, line, name;

    if (!text_from_lines(raw, ENROLLED_MAX, &rest, err))
        return error_at(err, "enrolled");
    if (rest.size > 0 && !text_ends(rest, TEXT("\n")))
        return error_set(err, ERROR_INPUT, "enrolled: does not end with a line");
    if (!text_cut(&rest, '\n', &line) || !text_equal(line, TEXT("suture-agent 1")))
        return error_set(err, ERROR_INPUT, "enrolled: does not begin with suture-agent 1");
    for (size_t i = 0; i < LINES_COUNT; i++) {
        if (!text_cut(&rest, '\n', &line) || !text_cut(&line, ' ', &name) ||
            !text_equal(name, text_of(lines[i].name)))
            return error_set(err, ERROR_INPUT, "enrolled: %s is missing", lines[i].name);
        if (!parse_value(&lines[i], line, (uint8_t *)&got + lines[i].offset, err))
            return error_at(err, "enrolled: %s", lines[i].name);
    }
    if (rest.size > 0)
        return error_set(err, ERROR_INPUT, "enrolled: %zu bytes behind the end", rest.size);
    *out = got;
    return true;
}

static void write_value(struct writer *w, const struct line *line, const uint8_t *at)
{
    struct text text;
    int64_t us;

    if (line->kind == LINE_TEXT) {
        memcpy(&text, at, sizeof(text));
        writer_text(w, text);
    } else if (line->kind == LINE_HEX) {
        for (size_t i = 0; i < line->size; i++)
            writer_format(w, "%02x", at[i]);
    } else if (line->kind == LINE_RING) {
        writer_format(w, "%u", *at);
    } else {
        memcpy(&us, at, sizeof(us));
        time_write(w, us);
    }
}

void agent_enrolled_write(struct writer *w, const struct agent_enrolled *enrolled)
{
    writer_string(w, "suture-agent 1\n");
    for (size_t i = 0; i < LINES_COUNT; i++) {
        writer_format(w, "%s ", lines[i].name);
        write_value(w, &lines[i], (const uint8_t *)enrolled + lines[i].offset);
        writer_byte(w, '\n');
    }
}

bool agent_state_read(const struct state *state, struct arena *arena, struct agent_enrolled *out,
                      struct error *err)
{
    const char *path = agent_state_path(state, arena, "enrolled");
    struct bytes raw;

    if (path == NULL)
        return arena_full(arena, err);
    if (!file_exists(path))
        return error_set(err, ERROR_ABSENT, "this machine is in no fleet: suture agent enroll URL TOKEN");
    return (file_read(path, ENROLLED_MAX, arena, &raw, err) && agent_enrolled_parse(raw, out, err)) ||
           error_at(err, "%s", path);
}

bool agent_state_write(const struct state *state, struct arena *arena, const struct agent_enrolled *enrolled,
                       struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(ENROLLED_MAX);
    const char *path = agent_state_path(state, arena, "enrolled");
    struct bytes raw;

    if (path == NULL)
        return arena_full(arena, err);
    agent_enrolled_write(&w, enrolled);
    return writer_done(&w, &raw, err) && file_replace(path, raw, 0600, err);
}

/* ---- counter ---- */

static bool counter_read(const char *path, struct arena *arena, struct agent_counter *out, struct error *err)
{
    struct bytes raw;

    *out = (struct agent_counter){.answered = true};
    if (!file_exists(path))
        return true;
    if (!file_read(path, 64, arena, &raw, err))
        return false;
    struct reader r = reader_with(raw);
    struct bytes magic = reader_take(&r, MAGIC_SIZE);
    out->counter = reader_u64(&r);
    out->random = reader_u64(&r);
    out->answered = reader_u8(&r) != 0;
    return (reader_ok(&r) && reader_left(&r) == 0 && memcmp(magic.at, COUNTER_MAGIC, MAGIC_SIZE) == 0) ||
           error_set(err, ERROR_INPUT, "%s: is broken; the machine must be enrolled anew", path);
}

static bool counter_write(const char *path, const struct agent_counter *counter, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(64);
    struct bytes raw;

    writer_string(&w, COUNTER_MAGIC);
    writer_u64(&w, counter->counter);
    writer_u64(&w, counter->random);
    writer_byte(&w, counter->answered);
    return writer_done(&w, &raw, err) && file_replace(path, raw, 0600, err);
}

bool agent_counter_take(const struct state *state, struct arena *arena, struct agent_counter *out,
                        struct error *err)
{
    const char *path = agent_state_path(state, arena, "counter");
    struct agent_counter counter;

    if (path == NULL)
        return arena_full(arena, err);
    if (!counter_read(path, arena, &counter, err))
        return false;
    if (counter.answered) {
        counter = (struct agent_counter){.counter = counter.counter + 1};
        os_random(&counter.random, sizeof(counter.random));
        if (!counter_write(path, &counter, err))
            return false;
    }
    *out = counter;
    return true;
}

bool agent_counter_answered(const struct state *state, struct arena *arena, struct error *err)
{
    const char *path = agent_state_path(state, arena, "counter");
    struct agent_counter counter;

    if (path == NULL)
        return arena_full(arena, err);
    if (!counter_read(path, arena, &counter, err))
        return false;
    counter.answered = true;
    return counter_write(path, &counter, err);
}

/* ---- memory ---- */

/* It is of this program and this machine alone: a struct of another size is of another build, and is forgotten. */
void agent_memory_read(const struct state *state, struct arena *arena, struct agent_memory *out)
{
    const char *path = agent_state_path(state, arena, "memory");
    struct error ignored;
    struct bytes raw;

    *out = (struct agent_memory){0};
    if (path == NULL || !file_read(path, 4 * KIB, arena, &raw, &ignored) ||
        raw.size != MAGIC_SIZE + sizeof(*out) || memcmp(raw.at, MEMORY_MAGIC, MAGIC_SIZE) != 0)
        return;
    memcpy(out, raw.at + MAGIC_SIZE, sizeof(*out));
    out->pulse_etag[sizeof(out->pulse_etag) - 1] = 0;
}

bool agent_memory_write(const struct state *state, struct arena *arena, const struct agent_memory *memory,
                        struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(4 * KIB);
    const char *path = agent_state_path(state, arena, "memory");
    struct bytes raw;

    if (path == NULL)
        return arena_full(arena, err);
    writer_string(&w, MEMORY_MAGIC);
    writer_put(&w, (struct bytes){(const uint8_t *)memory, sizeof(*memory)});
    return writer_done(&w, &raw, err) && file_replace_cache(path, raw, 0600, err);
}
