#include "delta/deb_runs.h"

/* Entries are told one by one, runs are written behind one another; the count in front of them needs them counted first. */
struct runs_writer {
    struct writer *out;
    uint64_t value;
    size_t expected, size; /* entries before the run, and in it */
    size_t count;
};

static void end_run(struct runs_writer *runs)
{
    if (runs->size == 0)
        return;
    if (runs->out != NULL) {
        writer_varint(runs->out, runs->expected);
        writer_varint(runs->out, runs->size - 1);
        writer_varint(runs->out, runs->value);
    }
    runs->count++;
    runs->expected = runs->size = 0;
}

static void put_in_run(struct runs_writer *runs, uint64_t value)
{
    if (runs->size > 0 && value != runs->value)
        end_run(runs);
    if (value == 0) {
        runs->expected++;
        return;
    }
    runs->value = value;
    runs->size++;
}

void deb_runs_put(const uint64_t *values, size_t count, struct writer *out)
{
    for (int pass = 0; pass < 2; pass++) {
        struct runs_writer runs = {.out = pass == 0 ? NULL : out};
        for (size_t i = 0; i < count; i++)
            put_in_run(&runs, values[i]);
        end_run(&runs);
        if (pass == 0)
            writer_varint(out, runs.count);
    }
}

struct runs_reader {
    struct reader *numbers;
    uint64_t left; /* runs behind this one */
    uint64_t expected, size, value;
    bool open;
};

static struct runs_reader runs_with(struct reader *numbers, size_t count)
{
    return (struct runs_reader){.numbers = numbers, .left = reader_varint_max(numbers, count)};
}

/* All runs must lie within the entries. */
static uint64_t take_from_run(struct runs_reader *runs, size_t entries_left)
{
    if (runs->size == 0 && runs->left > 0) {
        runs->left--;
        runs->expected = reader_varint_max(runs->numbers, entries_left - 1);
        runs->size = 1 + reader_varint_max(runs->numbers, entries_left - 1);
        runs->value = reader_varint(runs->numbers);
        if (runs->size > entries_left - runs->expected || runs->value == 0)
            reader_fail(runs->numbers);
    }
    if (runs->expected > 0) {
        runs->expected--;
        return 0;
    }
    if (runs->size == 0)
        return 0;
    runs->size--;
    return runs->value;
}

/* The whole column; the runs' own bytes are bounded by what is left to read. */
bool deb_runs_take(struct reader *numbers, uint64_t *values, size_t count)
{
    struct runs_reader runs = runs_with(numbers, count);

    for (size_t i = 0; i < count && reader_ok(numbers); i++)
        values[i] = take_from_run(&runs, count - i);
    if (runs.left > 0 || runs.size > 0)
        reader_fail(numbers);
    return reader_ok(numbers);
}
