/* Indexes in a folder, a status file, and what is found; and the messages that carry it. */
#include "base/testing.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/offers_work.h"

struct place {
    char folder[64];
    struct arena arena;
    struct secret_key key;
    struct public_key other;
    size_t known; /* keys that are asked with: the other, then ours */
};

static const char *path_of(struct place *p, const char *name)
{
    return text_format(&p->arena, "%s/%s", p->folder, name).at;
}

static void put(struct place *p, const char *name, struct bytes content)
{
    struct error err = {0};

    assert_done(name, file_replace_cache(path_of(p, name), content, 0644, &err), &err);
}

static struct digest digest_of(const char *of)
{
    struct digest digest;
    struct error err = {0};

    assert_done("digest", digest_bytes(DIGEST_SHA256, bytes_of_text(text_of(of)), &digest, &err), &err);
    return digest;
}

static int begin_test(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    struct error err = {0};

    test_folder(p->folder);
    p->arena = arena_with(16 * MIB);
    assert_done("key", signature_make_key(&p->key, &err), &err);
    memset(&p->other, 7, sizeof(p->other)); /* somebody's */
    p->known = 2;
    assert_done("folder", file_make_folders(path_of(p, "var/lib/dpkg"), 0755, &err), &err);
    put(p, "var/lib/dpkg/status",
        BYTES("Package: oak\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\n\n"
              "Package: image-5\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.1\n\n"
              "Package: broken\nStatus: install ok half-configured\nArchitecture: amd64\nVersion: 1.0\n"));
    *state = p;
    return 0;
}

static int end_test(void **state)
{
    struct place *p = *state;
    struct error err = {0};

    assert_done("remove", file_remove_tree(p->folder, &err), &err);
    arena_end(&p->arena);
    free(p);
    return 0;
}

/* An index of `package` for version 2.0 with these bases. */
static void publish(struct place *p, const char *file, const char *package, const struct delta_base *bases,
                    size_t count)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    const struct delta_version version = {.version = TEXT("2.0"),
                                          .deb = {digest_of("2.0"), 1000},
                                          .packed = 5000,
                                          .bases = bases,
                                          .base_count = count};
    const struct delta_index index = {.package = text_of(package),
                                      .arch = TEXT("amd64"),
                                      .serial = 3,
                                      .versions = &version,
                                      .version_count = 1};
    struct error err = {0};

    assert_done("write", delta_index_write(&index, &p->key, &w, &err), &err);
    put(p, file, writer_bytes(&w));
}

static struct offers_answer ask(struct place *p, const char *name, const char *file, const char *deb)
{
    OWN(writer_end) struct writer w = writer_with(MIB), answer = writer_with(MIB);
    const struct offers_item item = {text_of(name), TEXT("amd64"), text_of(file), {digest_of(deb), 1000}};
    const struct offers_question question = {.root = text_of(p->folder),
                                             .folder = text_of(p->folder),
                                             .keys = {p->other, p->key.public_key},
                                             .key_count = p->known,
                                             .items = &item,
                                             .count = 1};
    const struct prove_head good = {.done = true, .confined = 7};
    struct offers_question read;
    struct offers_answer found, got;
    struct prove_head head;
    struct error err = {0};

    offers_question_write(&w, &question);
    assert_done("question", offers_question_read(writer_bytes(&w), &p->arena, &read, &err), &err);
    assert_done("work", offers_work(&read, &p->arena, &found, &err), &err);
    prove_head_write(&answer, "SOA1", &good);
    offers_answers_write(&answer, &found, 1);
    for (size_t i = 0; i < answer.size; i++)
        assert_false(offers_answer_read((struct bytes){answer.at, i}, 1, &p->arena, &head, &got, &err));
    struct text copy = text_copy(&p->arena, (struct text){(const char *)answer.at, answer.size});
    assert_done("answer", offers_answer_read(bytes_of_text(copy), 1, &p->arena, &head, &got, &err), &err);
    return got;
}

static struct delta_base base_of(const char *package, const char *version, uint64_t size)
{
    return (struct delta_base){.package = text_of(package),
                               .arch = TEXT("amd64"),
                               .version = text_of(version),
                               .identity = digest_of(version),
                               .delta = {digest_of(package), size},
                               .memory = 64};
}

static void test_finds_the_installed_base(void **state)
{
    struct place *p = *state;
    const struct delta_supplement docs = {'d', {digest_of("docs"), 12}};
    struct delta_base bases[] = {base_of("oak", "0.9", 5), base_of("oak", "1.0", 70),
                                 base_of("oak", "1.1", 3)};

    bases[1].supplements = &docs;
    bases[1].supplement_count = 1;
    publish(p, "oak_amd64", "oak", bases, COUNT_OF(bases));
    struct offers_answer got = ask(p, "oak", "oak_amd64", "2.0");
    assert_true(got.state == OFFERS_READ && got.serial == 3 && got.offer.found && got.offer.packed == 5000);
    assert_text("base", got.offer.base.version, "1.0");
    assert_true(got.offer.base.delta.size == 70 && got.offer.base.memory == 64);
    assert_true(got.offer.base.supplement_count == 1 && got.offer.base.supplements[0].class == 'd');
    assert_true(got.offer.base.supplements[0].file.size == 12);
    /* another file of the same version is another package */
    got = ask(p, "oak", "oak_amd64", "2.0 built elsewhere");
    assert_true(got.state == OFFERS_READ && !got.offer.found);
}

static void test_the_smallest_of_several_bases(void **state)
{
    struct place *p = *state;
    const struct delta_base bases[] = {base_of("broken", "1.0", 1), base_of("image-5", "5.1", 40),
                                       base_of("oak", "1.0", 60)};

    publish(p, "image-6_amd64", "image-6", bases, COUNT_OF(bases));
    struct offers_answer got = ask(p, "image-6", "image-6_amd64", "2.0");
    assert_true(got.offer.found);
    assert_text("base", got.offer.base.package, "image-5");
}

static void test_what_is_not_believed(void **state)
{
    static const char *const bad = "suture-delta-index 1\nsignature nothing";
    struct place *p = *state;
    const struct delta_base base = base_of("oak", "1.0", 70);
    struct secret_key other;
    struct error err = {0};

    assert_int_equal(ask(p, "oak", "oak_amd64", "2.0").state, OFFERS_ABSENT);
    put(p, "oak_amd64", (struct bytes){0});
    assert_int_equal(ask(p, "oak", "oak_amd64", "2.0").state, OFFERS_ABSENT);
    put(p, "oak_amd64", bytes_of_text(text_of(bad)));
    struct offers_answer got = ask(p, "oak", "oak_amd64", "2.0");
    assert_int_equal(got.state, OFFERS_BROKEN);
    assert_text("no index", got.problem, "is no index of deltas that this version knows");
    publish(p, "oak_amd64", "elm", &base, 1);
    got = ask(p, "oak", "oak_amd64", "2.0");
    assert_int_equal(got.state, OFFERS_BROKEN);
    assert_text("of another package", got.problem, "index: is of elm for amd64");
    assert_done("key", signature_make_key(&other, &err), &err);
    const struct secret_key mine = p->key;
    p->key = other;
    publish(p, "oak_amd64", "oak", &base, 1);
    p->key = mine;
    got = ask(p, "oak", "oak_amd64", "2.0");
    assert_true(got.state == OFFERS_BROKEN && !got.offer.found);
    assert_text("another key's", got.problem, "index: the signature does not hold");
    publish(p, "oak_amd64", "oak", &base, 1);
    assert_int_equal(ask(p, "oak", "oak_amd64", "2.0").state, OFFERS_READ); /* by the second of two keys */
    p->known = 1;
    assert_text("not the first", ask(p, "oak", "oak_amd64", "2.0").problem,
                "index: the signature does not hold");
    p->known = 0;
    assert_text("none is known", ask(p, "oak", "oak_amd64", "2.0").problem,
                "index: no key is known that may sign it");
}

static void test_questions_name_plain_files(void **state)
{
    static const char *const names[] = {"../x", "a/b", "", ".hidden"};
    struct place *p = *state;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        OWN(writer_end) struct writer w = writer_with(MIB);
        const struct offers_item item = {TEXT("oak"), TEXT("amd64"), text_of(names[i]), {digest_of("x"), 1}};
        const struct offers_question question = {.root = TEXT("/"),
                                                 .folder = TEXT("/x"),
                                                 .keys = {p->key.public_key},
                                                 .key_count = 1,
                                                 .items = &item,
                                                 .count = 1};
        struct offers_question read;
        struct error err = {0};
        offers_question_write(&w, &question);
        assert_false(offers_question_read(writer_bytes(&w), &p->arena, &read, &err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_finds_the_installed_base, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_the_smallest_of_several_bases, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_what_is_not_believed, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_questions_name_plain_files, begin_test, end_test),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
