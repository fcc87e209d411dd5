#include "store/manifest.h"

#include "base/limits.h"
#include "format/deb822.h"

/* ---- the fields of a document's paragraph ---- */

enum field {
    FIELD_FEED,
    FIELD_DOCUMENT,
    FIELD_FILE,
    FIELD_URL,
    FIELD_ETAG,
    FIELD_LAST_MODIFIED,
    FIELD_SHA256,
    FIELD_SIZE,
    FIELD_FETCHED,
    FIELD_CHECKED,
    FIELD_GENERATED,
    FIELD_RECORDS,
    FIELD_SKIPPED,
    FIELD_VERSION,
    FIELD_COMPLETE,
    FIELD_TRIED,
    FIELD_PROBLEM,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
    [FIELD_FEED] = "Feed",       [FIELD_DOCUMENT] = "Document",   [FIELD_FILE] = "File",
    [FIELD_URL] = "Url",         [FIELD_ETAG] = "Etag",           [FIELD_LAST_MODIFIED] = "Last-Modified",
    [FIELD_SHA256] = "Sha256",   [FIELD_SIZE] = "Size",           [FIELD_FETCHED] = "Fetched",
    [FIELD_CHECKED] = "Checked", [FIELD_GENERATED] = "Generated", [FIELD_RECORDS] = "Records",
    [FIELD_SKIPPED] = "Skipped", [FIELD_VERSION] = "Version",     [FIELD_COMPLETE] = "Complete",
    [FIELD_TRIED] = "Tried",     [FIELD_PROBLEM] = "Problem",
};

/* Where each kind of field stands in the struct. */
static const struct {
    enum field field;
    size_t offset;
    size_t limit;
} texts[] =
    {
        {FIELD_FEED, offsetof(struct manifest_document, feed), LIMIT_RELEASE_NAME},
        {FIELD_DOCUMENT, offsetof(struct manifest_document, key), LIMIT_RELEASE_NAME},
        {FIELD_FILE, offsetof(struct manifest_document, file), LIMIT_PACKAGE_NAME},
        {FIELD_URL, offsetof(struct manifest_document, url), LIMIT_URL},
        {FIELD_ETAG, offsetof(struct manifest_document, etag), LIMIT_HTTP_FIELD},
        {FIELD_LAST_MODIFIED, offsetof(struct manifest_document, last_modified), LIMIT_HTTP_FIELD},
        {FIELD_SHA256, offsetof(struct manifest_document, sha256), 64},
        {FIELD_VERSION, offsetof(struct manifest_document, version), LIMIT_VERSION},
        {FIELD_PROBLEM, offsetof(struct manifest_document, problem), LIMIT_NOTE},
},
  times[] =
      {
          {FIELD_FETCHED, offsetof(struct manifest_document, fetched_us), 0},
          {FIELD_CHECKED, offsetof(struct manifest_document, checked_us), 0},
          {FIELD_GENERATED, offsetof(struct manifest_document, generated_us), 0},
          {FIELD_TRIED, offsetof(struct manifest_document, tried_us), 0},
},
  numbers[] = {
      {FIELD_SIZE, offsetof(struct manifest_document, size), 0},
      {FIELD_RECORDS, offsetof(struct manifest_document, records), 0},
      {FIELD_SKIPPED, offsetof(struct manifest_document, skipped), 0},
};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

struct manifest_document manifest_document_with(struct text feed, struct text key)
{
    return (struct manifest_document){.feed = feed,
                                      .key = key,
                                      .fetched_us = TIME_ABSENT,
                                      .checked_us = TIME_ABSENT,
                                      .generated_us = TIME_ABSENT,
                                      .tried_us = TIME_ABSENT};
}

struct manifest_document *manifest_find(const struct manifest *manifest, struct text feed, struct text key)
{
    for (size_t i = 0; i < manifest->document_count; i++)
        if (text_equal(manifest->documents[i].feed, feed) && text_equal(manifest->documents[i].key, key))
            return &manifest->documents[i];
    return NULL;
}

/* ---- writing ---- */

static void write_time(struct writer *w, const char *name, int64_t us)
{
    if (us == TIME_ABSENT)
        return;
    writer_format(w, "%s: ", name);
    time_write(w, us);
    writer_string(w, "\n");
}

static void write_document(struct writer *w, const struct manifest_document *document)
{
    const char *base = (const char *)document;

    writer_string(w, "\n");
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct text text;
        memcpy(&text, base + texts[i].offset, sizeof(text));
        if (text.size > 0)
            writer_format(w, "%s: %.*s\n", field_names[texts[i].field], TEXT_ARG(text));
    }
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint64_t number;
        memcpy(&number, base + numbers[i].offset, sizeof(number));
        writer_format(w, "%s: %llu\n", field_names[numbers[i].field], (unsigned long long)number);
    }
    for (size_t i = 0; i < COUNT(times); i++) {
        int64_t us;
        memcpy(&us, base + times[i].offset, sizeof(us));
        write_time(w, field_names[times[i].field], us);
    }
    if (document->complete)
        writer_string(w, "Complete: yes\n");
}

void manifest_write(struct writer *w, const struct manifest *manifest)
{
    writer_string(w, "Format: 1\n");
    write_time(w, "Made", manifest->made_us);
    writer_string(w, "Releases:");
    for (size_t i = 0; i < manifest->release_count; i++)
        writer_format(w, " %.*s", TEXT_ARG(manifest->releases[i]));
    writer_string(w, "\n");
    for (size_t i = 0; i < manifest->document_count; i++)
        write_document(w, &manifest->documents[i]);
}

/* ---- reading ---- */

static bool read_text(struct bytes value, size_t limit, struct text *out, struct error *err)
{
    return value.at == NULL || text_from_bytes(value, limit, out, err);
}

static bool read_time(struct bytes value, int64_t *out, struct error *err)
{
    struct text text = {0};

    return value.at == NULL || (text_from_bytes(value, 64, &text, err) && time_parse(text, out, err));
}

static bool read_number(struct bytes value, uint64_t *out, struct error *err)
{
    struct text text = {0};

    return value.at == NULL || (text_from_bytes(value, 24, &text, err) && text_to_u64(text, out, err));
}

static bool read_document(const struct deb822_paragraph *paragraph, struct manifest_document *out,
                          struct error *err)
{
    struct manifest_document got = manifest_document_with((struct text){0}, (struct text){0});
    char *base = (char *)&got;

    for (size_t i = 0; i < COUNT(texts); i++) {
        struct text text = {0};
        if (!read_text(paragraph->values[texts[i].field], texts[i].limit, &text, err))
            return error_at(err, "%s", field_names[texts[i].field]);
        memcpy(base + texts[i].offset, &text, sizeof(text));
    }
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint64_t number = 0;
        if (!read_number(paragraph->values[numbers[i].field], &number, err))
            return error_at(err, "%s", field_names[numbers[i].field]);
        memcpy(base + numbers[i].offset, &number, sizeof(number));
    }
    for (size_t i = 0; i < COUNT(times); i++) {
        int64_t us = TIME_ABSENT;
        if (!read_time(paragraph->values[times[i].field], &us, err))
            return error_at(err, "%s", field_names[times[i].field]);
        memcpy(base + times[i].offset, &us, sizeof(us));
    }
    got.complete = paragraph->values[FIELD_COMPLETE].at != NULL;
    if (got.feed.size == 0)
        return error_set(err, ERROR_INPUT, "Feed is missing");
    /* It is put behind "feeds/". */
    if (text_find_byte(got.file, '/') != SIZE_MAX || text_starts(got.file, TEXT(".")))
        return error_set(err, ERROR_INPUT, "File: is no plain name");
    *out = got;
    return true;
}

static bool read_documents(struct bytes raw, size_t line, struct arena *arena, struct manifest *out,
                           struct error *err)
{
    struct deb822 rest = deb822_with(raw, (struct deb822_fields){field_names, FIELD_COUNT}, false);
    struct deb822_paragraph paragraph;
    size_t capacity = 0;
    bool found;

    rest.line = line;
    for (;;) {
        if (!deb822_next(&rest, &paragraph, &found, err))
            return false;
        if (!found)
            return true;
        if (out->document_count == LIMIT_FEED_DOCUMENTS)
            return error_set(err, ERROR_LIMIT, "more than %d documents", LIMIT_FEED_DOCUMENTS);
        out->documents = arena_grow(arena, out->documents, out->document_count, &capacity,
                                    out->document_count + 1, sizeof(*out->documents));
        if (out->documents == NULL)
            return arena_full(arena, err);
        if (!read_document(&paragraph, &out->documents[out->document_count++], err))
            return error_at(err, "line %zu", paragraph.line);
    }
}

static bool read_releases(struct bytes value, struct arena *arena, struct manifest *out, struct error *err)
{
    struct text rest = {0}, word;
    size_t capacity = 0;

    if (!read_text(value, LIMIT_LINE, &rest, err))
        return error_at(err, "Releases");
    while (text_cut_word(&rest, &word)) {
        if (word.size > LIMIT_RELEASE_NAME || text_find_byte(word, '/') != SIZE_MAX ||
            text_starts(word, TEXT(".")))
            return error_set(err, ERROR_INPUT, "Releases: \"%.*s\" is no release", TEXT_ARG(word));
        out->releases = arena_grow(arena, out->releases, out->release_count, &capacity,
                                   out->release_count + 1, sizeof(*out->releases));
        if (out->releases == NULL)
            return arena_full(arena, err);
        out->releases[out->release_count++] = word;
    }
    return true;
}

bool manifest_parse(struct bytes raw, struct arena *arena, struct manifest *out, struct error *err)
{
    static const char *const names[] = {"Format", "Made", "Releases"};
    struct deb822 head = deb822_with(raw, (struct deb822_fields){names, COUNT(names)}, false);
    struct deb822_paragraph paragraph;
    struct manifest got = {.made_us = TIME_ABSENT};
    struct text format = {0};
    bool found;

    if (!deb822_next(&head, &paragraph, &found, err))
        return false;
    if (!found || paragraph.values[0].at == NULL || !read_text(paragraph.values[0], 16, &format, err) ||
        !text_equal(format, TEXT("1")))
        return error_set(err, ERROR_INPUT, "is no manifest of format 1");
    if (!read_time(paragraph.values[1], &got.made_us, err))
        return error_at(err, "Made");
    if (!read_releases(paragraph.values[2], arena, &got, err))
        return false;
    if (!read_documents(head.left, head.line, arena, &got, err))
        return false;
    *out = got;
    return true;
}
