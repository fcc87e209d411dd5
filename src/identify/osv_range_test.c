#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "identify/osv_range.h"

/* "INTRODUCED FIXED LAST|..." of the spans; '-' where it is absent. */
static struct text written(struct arena *arena, const struct osv_spans *spans)
{
    struct text all = {"", 0};

    for (size_t i = 0; i < spans->count; i++) {
        const struct text parts[] = {spans->at[i].introduced, spans->at[i].fixed, spans->at[i].last_affected};
        for (size_t j = 0; j < COUNT_OF(parts); j++)
            all = text_format(arena, "%.*s%s%.*s", TEXT_ARG(all),
                              j > 0   ? " "
                              : i > 0 ? "|"
                                      : "",
                              TEXT_ARG(parts[j].size > 0 ? parts[j] : TEXT("-")));
    }
    return all;
}

static bool read_spans(struct arena *arena, const char *document, enum version_order order,
                       struct osv_spans *spans, struct error *err)
{
    OWN(json_end) struct json_document parsed = {0};

    if (!json_parse(bytes_of_text(text_of(document)), 16 * MIB, &parsed, err))
        return false;
    struct json root = json_root(&parsed);
    bool done = osv_range_read(json_member(root, "ranges"), json_member(root, "versions"), order, spans, err);
    /* The texts point into the document. */
    for (size_t i = 0; done && i < spans->count && i < 16; i++) {
        spans->at[i].introduced = text_copy(arena, spans->at[i].introduced);
        spans->at[i].fixed = text_copy(arena, spans->at[i].fixed);
        spans->at[i].last_affected = text_copy(arena, spans->at[i].last_affected);
    }
    return done;
}

#define SEMVER(events) "{\"ranges\": [{\"type\": \"SEMVER\", \"events\": [" events "]}]}"
#define OTHER(events)  "{\"ranges\": [{\"type\": \"ECOSYSTEM\", \"events\": [" events "]}]}"
#define I(version)     "{\"introduced\": \"" version "\"}"
#define F(version)     "{\"fixed\": \"" version "\"}"
#define L(version)     "{\"last_affected\": \"" version "\"}"

static void events_make_spans(void **state)
{
    static const struct {
        const char *document;
        enum version_order order;
        const char *expected;
    } rows[] = {
        {SEMVER(I("0") "," F("1.0.0")), VERSION_ORDER_UNKNOWN, "0 1.0.0 -"},
        {SEMVER(I("0")), VERSION_ORDER_UNKNOWN, "0 - -"},
        {SEMVER(I("1.0.0") "," L("1.5.0")), VERSION_ORDER_UNKNOWN, "1.0.0 - 1.5.0"},
        {SEMVER(I("0") "," F("1.0.0") "," I("2.0.0") "," F("2.1.0")), VERSION_ORDER_UNKNOWN,
         "0 1.0.0 -|2.0.0 2.1.0 -"},
        {SEMVER(F("2.1.0") "," I("2.0.0") "," F("1.0.0") "," I("0")), VERSION_ORDER_UNKNOWN,
         "0 1.0.0 -|2.0.0 2.1.0 -"},
        {SEMVER(I("1.10.0") "," F("1.9.0") "," I("1.2.0")), VERSION_ORDER_UNKNOWN,
         "1.2.0 1.9.0 -|1.10.0 - -"},
        {SEMVER(I("0") "," F("1.0.0") "," F("1.2.0")), VERSION_ORDER_UNKNOWN, "0 1.0.0 -"},
        {SEMVER(I("0") "," I("1.0.0") "," F("1.2.0")), VERSION_ORDER_UNKNOWN, "0 1.2.0 -"},
        {SEMVER(F("1.2.0")), VERSION_ORDER_UNKNOWN, "- 1.2.0 -"},
        {SEMVER(I("1.0.0") "," L("1.0.0")), VERSION_ORDER_UNKNOWN, "1.0.0 - 1.0.0"},
        {SEMVER(I("0") "," F("1.0.0") "," I("1.0.0") "," F("1.1.0")), VERSION_ORDER_UNKNOWN,
         "0 1.0.0 -|1.0.0 1.1.0 -"},
        {SEMVER("{\"introduced\": \"0\", \"fixed\": \"1.0.0\"}"), VERSION_ORDER_UNKNOWN, "0 1.0.0 -"},
        {SEMVER(I("0") ",{\"limit\": \"2.0.0\"}"), VERSION_ORDER_UNKNOWN, "0 - -"},
        {SEMVER(""), VERSION_ORDER_UNKNOWN, ""},
        {OTHER(F("1:0.9-1") "," I("2.0~rc1-1") "," F("2.0-1") "," I("0")), VERSION_DEB, "0 2.0-1 -"},
        {OTHER(F("1:0.9-1") "," I("1:2.0~rc1-1") "," F("1:2.0-1") "," I("0")), VERSION_DEB,
         "0 1:0.9-1 -|1:2.0~rc1-1 1:2.0-1 -"},
        {OTHER(I("z") "," F("a")), VERSION_ORDER_UNKNOWN, "z a -"},
        {"{\"versions\": [\"1.0\", \"1.1\"]}", VERSION_SEMVER, "1.0 - 1.0|1.1 - 1.1"},
        {"{}", VERSION_SEMVER, "- - -"},
        {"{\"ranges\": [], \"versions\": []}", VERSION_SEMVER, "- - -"},
        {"{\"ranges\": [{\"type\": \"GIT\", \"events\": []}]}", VERSION_SEMVER, ""},
        {"{\"ranges\": [{\"type\": \"GIT\", \"events\": []}], \"versions\": [\"1.0\"]}", VERSION_SEMVER,
         "1.0 - 1.0"},
        {"{\"ranges\": [{\"type\": \"SEMVER\", \"events\": [{\"introduced\": \"0\"}]}], \"versions\": "
         "[\"1.0\"]}",
         VERSION_SEMVER, "0 - -"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct osv_spans spans = {.arena = &arena};
        struct error err = {0};
        assert_done(rows[i].document, read_spans(&arena, rows[i].document, rows[i].order, &spans, &err),
                    &err);
        assert_text(rows[i].document, written(&arena, &spans), rows[i].expected);
    }
}

/* One element, many times. */
static struct text repeated(struct writer *w, const char *begin, const char *element, size_t count,
                            const char *end)
{
    writer_string(w, begin);
    for (size_t i = 0; i < count; i++)
        writer_format(w, "%s%s", i > 0 ? "," : "", element);
    writer_string(w, end);
    writer_byte(w, 0);
    return (struct text){(const char *)writer_bytes(w).at, writer_bytes(w).size - 1};
}

static void counts_have_limits(void **state)
{
    static const struct {
        const char *begin, *element, *end, *text;
    } rows[] = {
        {"{\"ranges\": [{\"type\": \"SEMVER\", \"events\": [", I("0"), "]}]}",
         "ranges: 0: events: 65536: more than 65536 events"},
        {"{\"ranges\": [", "{\"type\": \"SEMVER\", \"events\": [" I("0") "]}", "]}",
         "ranges: 65536: more than 65536 ranges of one package"},
        {"{\"versions\": [", "\"1.0\"", "]}", "versions: more than 65536 ranges of one package"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(64 * MIB);
        OWN(writer_end) struct writer w = writer_with(16 * MIB);
        struct osv_spans spans = {.arena = &arena};
        struct error err = {0};
        struct text document = repeated(&w, rows[i].begin, rows[i].element, 65537, rows[i].end);
        assert_false(read_spans(&arena, document.at, VERSION_SEMVER, &spans, &err));
        assert_failed(rows[i].begin, &err, ERROR_LIMIT, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_make_spans),
        cmocka_unit_test(counts_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
