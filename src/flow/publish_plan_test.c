#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "flow/publish_plan.h"

#define PACKAGES_MAX 16

/* "name arch version source", and what deltas lead where: "new<old,old new<old", each "name/version". */
static const struct {
    const char *name, *select;
    const char *packages[PACKAGES_MAX];
    const char *plan;
} rows[] = {
    {"nothing", "5", {NULL}, ""},
    {"one", "5", {"oak amd64 1.0 oak"}, ""},
    {"two, in whatever order", "5", {"oak amd64 1.1 oak", "oak amd64 1.0 oak"}, "oak/1.1<oak/1.0"},
    {"dpkg's order, not that of letters",
     "5",
     {"oak amd64 1.10 oak", "oak amd64 1.9 oak", "oak amd64 1:0.1 oak", "oak amd64 1.10~rc1 oak"},
     "oak/1:0.1<oak/1.10,oak/1.10~rc1,oak/1.9"},
    {"the last two",
     "2",
     {"oak amd64 1 oak", "oak amd64 2 oak", "oak amd64 3 oak", "oak amd64 4 oak"},
     "oak/4<oak/3,oak/2"},
    {"by pattern",
     "1,2.*",
     {"oak amd64 1 oak", "oak amd64 2.1 oak", "oak amd64 2.2 oak", "oak amd64 3 oak", "oak amd64 4 oak"},
     "oak/4<oak/2.2,oak/2.1,oak/1"},
    {"a pattern that nothing fits", "9*", {"oak amd64 1 oak", "oak amd64 2 oak"}, ""},
    {"another architecture is another package", "5", {"oak amd64 1 oak", "oak i386 2 oak"}, ""},
    {"two packages of a source",
     "5",
     {"oak amd64 1 oak", "oak amd64 2 oak", "oak-doc all 1 oak", "oak-doc all 2 oak"},
     "oak/2<oak/1 oak-doc/2<oak-doc/1"},
    {"kernels are renamed",
     "5",
     {"image-6.1.0-25-amd64 amd64 6.1.106-3 linux", "image-6.1.0-26-amd64 amd64 6.1.112-1 linux",
      "image-6.1.0-23-amd64 amd64 6.1.99-1 linux"},
     "image-6.1.0-26-amd64/6.1.112-1<image-6.1.0-25-amd64/6.1.106-3,image-6.1.0-23-amd64/6.1.99-1"},
    {"an older name keeps its own",
     "5",
     {"image-6.1.0-25-amd64 amd64 6.1.106-3 linux", "image-6.1.0-26-amd64 amd64 6.1.112-1 linux",
      "image-6.1.0-25-amd64 amd64 6.1.106-1 linux"},
     "image-6.1.0-25-amd64/6.1.106-3<image-6.1.0-25-amd64/6.1.106-1 "
     "image-6.1.0-26-amd64/6.1.112-1<image-6.1.0-25-amd64/6.1.106-3,image-6.1.0-25-amd64/6.1.106-1"},
    {"another flavour is no cousin",
     "5",
     {"image-6.1.0-25-cloud-amd64 amd64 6.1.106-3 linux", "image-6.1.0-26-amd64 amd64 6.1.112-1 linux"},
     ""},
    {"another source is no cousin", "5", {"gcc-11 amd64 11.4 gcc-11", "gcc-12 amd64 12.2 gcc-12"}, ""},
    {"two names of one version", "5", {"lib1 amd64 2 lib", "lib2 amd64 2 lib"}, ""},
};

static void put_one(struct publish_package *into, const char *line, size_t index, struct arena *arena)
{
    struct text rest = text_of(line), word[4];
    struct error err = {0};

    for (size_t i = 0; i < 4; i++) {
        assert_true(text_cut_word(&rest, &word[i]));
        word[i] = text_copy(arena, word[i]);
    }
    *into = (struct publish_package){.name = word[0],
                                     .arch = word[1],
                                     .version = word[2],
                                     .source = word[3],
                                     .path = text_format(arena, "/pool/%zu.deb", index).at};
    assert_done("digest", digest_bytes(DIGEST_SHA256, bytes_of_text(text_of(line)), &into->deb.digest, &err),
                &err);
}

static void test_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        OWN(writer_end) struct writer w = writer_with(MIB);
        struct publish_package packages[PACKAGES_MAX];
        struct publish_select select;
        struct publish_targets targets;
        size_t count = 0;
        struct error err = {0};
        for (; rows[i].packages[count] != NULL; count++)
            put_one(&packages[count], rows[i].packages[count], count, &arena);
        assert_done(rows[i].name, publish_select_parse(text_of(rows[i].select), &arena, &select, &err), &err);
        assert_done(rows[i].name, publish_plan(packages, &count, &select, &arena, &targets, &err), &err);
        for (size_t k = 0; k < targets.count; k++) {
            const struct publish_target *target = &targets.at[k];
            const struct publish_package *new = &packages[target->package];
            writer_format(&w, "%s%.*s/%.*s", k > 0 ? " " : "", TEXT_ARG(new->name), TEXT_ARG(new->version));
            for (size_t b = 0; b < target->base_count; b++) {
                const struct publish_package *old = &packages[target->bases[b]];
                writer_format(&w, "%s%.*s/%.*s", b > 0 ? "," : "<", TEXT_ARG(old->name),
                              TEXT_ARG(old->version));
            }
        }
        assert_text(rows[i].name, (struct text){(const char *)w.at, w.size}, rows[i].plan);
    }
}

static void test_doubles(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct publish_package packages[3];
    const struct publish_select select = {.last = 5};
    struct publish_targets targets;
    size_t count = 3;
    struct error err = {0};

    (void)state;
    put_one(&packages[0], "oak amd64 1 oak", 0, &arena);
    put_one(&packages[1], "oak amd64 2 oak", 1, &arena);
    put_one(&packages[2], "oak amd64 2 oak", 2, &arena);
    assert_done("same file twice", publish_plan(packages, &count, &select, &arena, &targets, &err), &err);
    assert_true(count == 2 && targets.count == 1);
    put_one(&packages[2], "oak amd64 2 acorn", 2, &arena);
    count = 3;
    assert_false(publish_plan(packages, &count, &select, &arena, &targets, &err));
    assert_failed("another file", &err, ERROR_CONFLICT,
                  "/pool/1.deb and /pool/2.deb are different files of one version");
}

static void test_select(void **state)
{
    static const struct {
        const char *text, *problem;
    } bad[] = {
        {"0", "\"0\": from 1 to 256 versions"},
        {"257", "\"257\": from 1 to 256 versions"},
        {"1.0,,2", "\"1.0,,2\": a version is empty"},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct publish_select select;
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(publish_select_parse(text_of(bad[i].text), &arena, &select, &err));
        assert_failed(bad[i].text, &err, ERROR_INPUT, bad[i].problem);
    }
    assert_text("family", publish_family(TEXT("linux-image-6.1.0-26-amd64"), &arena),
                "linux-image-#.#.#-#-amd#");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_select),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
