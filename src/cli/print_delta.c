#include "cli/print_delta.h"

#include "cli/words.h"
#include "format/json.h"

/* "1.3 %": of tenths of a percent, where there is anything to be a share of. */
static void write_share(struct writer *w, uint64_t part, uint64_t whole)
{
    uint64_t tenths = whole == 0 ? 0 : (part * 1000 + whole / 2) / whole; /* sizes are below 2^40 */

    writer_format(w, "%llu.%llu %%", (unsigned long long)(tenths / 10), (unsigned long long)(tenths % 10));
}

static void write_size(struct writer *w, uint64_t size, struct arena *arena)
{
    struct text said = words_size(arena, size);

    writer_format(w, "%.*s", TEXT_ARG(said));
}

/* A delta is small: to the byte, while that is easily read. */
static void write_delta_size(struct writer *w, uint64_t size, struct arena *arena)
{
    if (size < 100000)
        writer_format(w, "%llu bytes", (unsigned long long)size);
    else
        write_size(w, size, arena);
}

static void open_json(struct json_writer *j, const char *schema)
{
    json_open_object(j);
    json_name(j, "schema");
    json_put_string(j, schema);
}

static void put_number(struct json_writer *j, const char *name, uint64_t value)
{
    json_name(j, name);
    json_put_u64(j, value);
}

static void put_ms(struct json_writer *j, const char *name, int64_t us)
{
    put_number(j, name, (uint64_t)(us < 0 ? 0 : us) / 1000);
}

static void close_json(struct json_writer *j)
{
    json_close_object(j);
    writer_byte(j->out, '\n');
}

/* ---- create, apply ---- */

void print_delta_created(struct writer *w, const char *out, const struct create_result *result,
                         struct arena *arena)
{
    writer_format(w, "%s: ", out);
    write_delta_size(w, result->delta_size, arena);
    writer_string(w, ", ");
    write_share(w, result->delta_size, result->new_size);
    writer_string(w, " of the new ");
    write_size(w, result->new_size, arena);
    writer_string(w, "; proved\n");
}

void print_delta_created_json(struct writer *w, const struct create_result *result)
{
    struct json_writer j = json_writer_with(w, true);

    open_json(&j, "suture.delta-create/1");
    json_name(&j, "kind");
    json_put_string(&j, delta_kind_name(result->kind));
    put_number(&j, "delta_size", result->delta_size);
    put_number(&j, "new_size", result->new_size);
    put_number(&j, "raw_size", result->encode.raw_size);
    put_number(&j, "windows", result->encode.windows);
    put_ms(&j, "unpack_cpu_ms", result->apart_us);
    put_ms(&j, "open_old_cpu_ms", result->encode.open_old_us);
    put_ms(&j, "open_new_cpu_ms", result->encode.open_new_us);
    put_ms(&j, "encode_cpu_ms", result->encode.encode_us);
    put_ms(&j, "prove_cpu_ms", result->encode.prove_us);
    close_json(&j);
}

void print_delta_applied(struct writer *w, const char *out, const struct apply_result *result,
                         struct arena *arena)
{
    writer_format(w, "%s: ", out);
    write_size(w, result->output_size, arena);
    writer_string(w, " from a delta of ");
    write_delta_size(w, result->delta_size, arena);
    writer_string(w, "; its SHA-256 is the announced one\n");
}

void print_delta_applied_json(struct writer *w, const struct apply_result *result)
{
    struct json_writer j = json_writer_with(w, true);

    open_json(&j, "suture.delta-apply/1");
    json_name(&j, "kind");
    json_put_string(&j, delta_kind_name(result->kind));
    put_number(&j, "delta_size", result->delta_size);
    put_number(&j, "new_size", result->output_size);
    put_number(&j, "raw_size", result->raw_size);
    put_number(&j, "windows", result->windows);
    put_number(&j, "windows_kept", result->cost.windows_kept);
    put_ms(&j, "unpack_cpu_ms", result->apart_us);
    put_ms(&j, "open_old_cpu_ms", result->cost.open_us);
    put_ms(&j, "decode_cpu_ms", result->cost.decode_us);
    put_ms(&j, "pack_cpu_ms", result->cost.pack_us);
    close_json(&j);
}

/* ---- info ---- */

static const char *base_word(enum base_kind kind)
{
    static const char *const words[BASE_KIND_COUNT] = {[BASE_KIND_UNKNOWN] = "unknown",
                                                       [BASE_KIND_FILE] = "file",
                                                       [BASE_KIND_FOLDER] = "folder",
                                                       [BASE_KIND_PACKAGE] = "deb"};

    return words[kind];
}

struct counts {
    size_t copies, news, opened;
};

static struct counts count_parts(const struct delta *delta)
{
    struct counts counts = {0};

    for (size_t i = 0; i < delta->part_count; i++) {
        counts.copies += delta->parts[i].same != DELTA_NEW;
        counts.news += delta->parts[i].same == DELTA_NEW;
        counts.opened += delta->parts[i].same == DELTA_NEW && delta->parts[i].opener != OPENER_NONE;
    }
    return counts;
}

static void write_name(struct writer *w, const char *label, const char *kind, const struct delta_name *name)
{
    writer_format(w, "%-9s %s", label, kind);
    if (name->package.size > 0)
        writer_format(w, " %.*s %.*s %.*s", TEXT_ARG(name->package), TEXT_ARG(name->version),
                      TEXT_ARG(name->arch));
    writer_byte(w, '\n');
}

static void write_line(struct writer *w, const char *label, uint64_t size, const char *more,
                       struct arena *arena)
{
    writer_format(w, "%-9s ", label);
    write_size(w, size, arena);
    writer_format(w, "%s\n", more);
}

void print_delta_info(struct writer *w, const struct delta *delta, uint64_t file_size, struct arena *arena)
{
    struct counts counts = count_parts(delta);
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(&delta->output, hex);
    write_name(w, "makes", delta_kind_name(delta->kind), &delta->made);
    write_name(w, "from", base_word(delta->base_kind), &delta->base);
    writer_format(w, "%-9s ", "size");
    write_delta_size(w, delta->file_size, arena);
    writer_string(w, ", ");
    write_share(w, delta->file_size, delta->output_size);
    writer_string(w, file_size == delta->file_size ? "\n" : "; not all of it is here\n");
    write_line(w, "output", delta->output_size, "", arena);
    writer_format(w, "%-9s %s\n", "SHA-256", hex);
    writer_format(w, "%-9s %zu as they were, %zu new or changed (%zu opened)\n", "parts", counts.copies,
                  counts.news, counts.opened);
    writer_format(w, "%-9s %zu\n", "windows", delta->window_count);
    write_line(w, "memory", delta_memory(delta), " to apply it, and what packing takes", arena);
    write_line(w, "disk", delta_room(delta), " meanwhile", arena);
}

static void put_name(struct json_writer *j, const char *label, const char *kind,
                     const struct delta_name *name)
{
    static const char *const names[] = {"package", "version", "arch"};
    const struct text *texts[] = {&name->package, &name->version, &name->arch};

    json_name(j, label);
    json_open_object(j);
    json_name(j, "kind");
    json_put_string(j, kind);
    for (size_t i = 0; i < 3; i++) {
        json_name(j, names[i]);
        if (texts[i]->size > 0)
            json_put_text(j, *texts[i]);
        else
            json_put_null(j);
    }
    json_close_object(j);
}

void print_delta_info_json(struct writer *w, const struct delta *delta, uint64_t file_size)
{
    struct json_writer j = json_writer_with(w, true);
    struct counts counts = count_parts(delta);
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(&delta->output, hex);
    open_json(&j, "suture.delta-info/1");
    put_name(&j, "makes", delta_kind_name(delta->kind), &delta->made);
    put_name(&j, "from", base_word(delta->base_kind), &delta->base);
    put_number(&j, "delta_size", delta->file_size);
    json_name(&j, "complete");
    json_put_bool(&j, file_size == delta->file_size);
    put_number(&j, "output_size", delta->output_size);
    json_name(&j, "output_sha256");
    json_put_string(&j, hex);
    put_number(&j, "parts_kept", counts.copies);
    put_number(&j, "parts_new", counts.news);
    put_number(&j, "parts_opened", counts.opened);
    put_number(&j, "windows", delta->window_count);
    put_number(&j, "memory", delta_memory(delta));
    put_number(&j, "disk", delta_room(delta));
    put_number(&j, "raw_size", delta->image_size);
    close_json(&j);
}
