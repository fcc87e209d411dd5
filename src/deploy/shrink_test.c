#include "base/testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "deploy/shrink.h"
#include "manager/deb_plain.h"
#include "store/kept_delta.h"

/* A run that put newer.deb in the place of usual.deb, and removed another. */
struct run_folder {
    struct arena arena;
    char top[64];
    const char *kept, *packages;
    struct bytes old, new;
    struct kept_change changes[2];
    struct plan_change planned[2];
    struct plan plan;
    struct rollback_store store;
    struct digest seal;
};

static struct bytes golden(struct arena *arena, const char *name)
{
    struct bytes bytes;
    struct error err = {0};
    struct text path = text_format(arena, "%s/delta/deb/%s", getenv("SUTURE_GOLDEN"), name);

    assert_done(path.at, file_read(path.at, MIB, arena, &bytes, &err), &err);
    return bytes;
}

static struct kept_content content_of(struct bytes bytes)
{
    struct kept_content content = {.size = bytes.size};
    struct error err = {0};

    assert_done("digest", digest_bytes(DIGEST_SHA256, bytes, &content.digest, &err), &err);
    return content;
}

static void put(const char *path, struct bytes bytes)
{
    struct error err = {0};

    assert_done(path, file_replace_cache(path, bytes, 0600, &err), &err);
}

static struct kept_change change_of(struct bytes deb, const char *name, enum change_kind kind)
{
    struct kept_change change = {.kind = kind,
                                 .origin = KEPT_REBUILT,
                                 .name = text_of(name),
                                 .arch = TEXT("amd64"),
                                 .from = TEXT("1"),
                                 .to = kind == CHANGE_REMOVE ? (struct text){0} : TEXT("2"),
                                 .deb = content_of(deb),
                                 .paragraph = BYTES("Package: x\n")};
    struct error err = {0};

    assert_done(name, deb_plain_digest(deb, &change.plain.size, &change.plain.digest, &err), &err);
    return change;
}

static int set_up(void **state)
{
    struct run_folder *f = calloc(1, sizeof(*f));
    struct error err = {0};

    f->arena = arena_with(256 * MIB);
    test_folder(f->top);
    f->kept = file_path(&f->arena, f->top, "rollback");
    f->packages = file_path(&f->arena, f->top, "packages");
    f->old = golden(&f->arena, "usual.deb");
    f->new = golden(&f->arena, "newer.deb");
    f->changes[0] = change_of(f->old, "oak", CHANGE_UPGRADE);
    f->changes[1] = change_of(f->new, "pine", CHANGE_REMOVE);
    f->planned[0] = (struct plan_change){.kind = CHANGE_UPGRADE,
                                         .name = TEXT("oak"),
                                         .to = TEXT("2"),
                                         .size = f->new.size,
                                         .digest = content_of(f->new).digest};
    f->planned[1] = (struct plan_change){.kind = CHANGE_REMOVE, .name = TEXT("pine")};
    f->plan = (struct plan){.changes = f->planned, .change_count = 2};
    f->store = (struct rollback_store){.changes = f->changes, .change_count = 2};
    assert_int_equal(mkdir(f->packages, 0700), 0);
    assert_done("begin", rollback_store_begin(f->kept, &err), &err);
    put(rollback_store_deb_path(f->kept, &f->changes[0].deb, &f->arena), f->old);
    put(rollback_store_deb_path(f->kept, &f->changes[1].deb, &f->arena), f->new);
    const struct kept_content new = content_of(f->new);
    put(rollback_store_deb_path(f->packages, &new, &f->arena), f->new);
    assert_done("seal", rollback_store_seal(f->kept, &f->store, &f->seal, &err), &err);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct run_folder *f = *state;
    struct error err = {0};

    assert_done("remove", file_remove_tree(f->top, &err), &err);
    arena_end(&f->arena);
    free(f);
    return 0;
}

static struct shrink_result shrink(struct run_folder *f)
{
    const struct shrink_request request = {
        .folder = f->kept, .packages = f->packages, .seal = &f->seal, .plan = &f->plan};
    struct shrink_result result = {0};
    struct error err = {0};

    assert_done("shrink", shrink_way_back(&request, &f->arena, &result, &err), &err);
    return result;
}

static bool opens(struct run_folder *f, struct error *err)
{
    OWN(arena_end) struct arena scratch = arena_with(8 * MIB);
    struct rollback_store got;

    *err = (struct error){0};
    return rollback_store_open(f->kept, &f->seal, &scratch, &got, err);
}

static bool has_parts(struct run_folder *f)
{
    struct file_names names;
    struct error err = {0};

    assert_done("list", file_list(f->kept, 100, &f->arena, &names, &err), &err);
    for (size_t i = 0; i < names.count; i++)
        if (text_ends(names.names[i], TEXT(".part")))
            return true;
    return false;
}

static char *named(struct run_folder *f, const char *ending)
{
    return rollback_store_path(f->kept, &f->changes[0].plain, ending, &f->arena);
}

static void a_package_becomes_a_delta_and_back(void **state)
{
    struct run_folder *f = *state;
    struct error err = {0};

    struct shrink_result result = shrink(f);
    assert_text("why", result.why, "pine: the run put nothing in its place");
    assert_true(result.made == 1 && result.left == 1 && result.after < result.before);
    assert_int_equal(rollback_store_form(f->kept, &f->changes[0]), KEPT_DELTA);
    assert_int_equal(rollback_store_form(f->kept, &f->changes[1]), KEPT_PACKED);
    assert_false(has_parts(f));
    assert_done("open", opens(f, &err), &err);
    assert_int_equal(shrink(f).made, 0);
    for (int i = 0; i < 2; i++) { /* done twice it is as done once */
        assert_done("unpack", kept_delta_unpack_all(f->kept, &f->store, &f->arena, &err), &err);
        assert_int_equal(rollback_store_form(f->kept, &f->changes[0]), KEPT_PLAIN);
        assert_done("open", opens(f, &err), &err);
    }
    assert_done("pack", kept_delta_pack_all(f->kept, &f->store, &f->arena, &err), &err);
    assert_int_equal(rollback_store_form(f->kept, &f->changes[0]), KEPT_DELTA);
    assert_done("open", opens(f, &err), &err);
}

/* A byte of either file, an end, or all of it: no rollback begins. */
static void what_does_not_hold_is_refused(void **state)
{
    static const char *const endings[] = {".delta", ".base"};
    struct run_folder *f = *state;
    struct bytes content;
    struct error err = {0};

    assert_int_equal(shrink(f).made, 1);
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        const char *path = named(f, endings[i]);
        assert_done(path, file_read(path, MIB, &f->arena, &content, &err), &err);
        size_t step = content.size / 60 + 1;
        for (size_t at = 0; at < content.size; at += step) {
            char *other = text_string(&f->arena, (struct text){(const char *)content.at, content.size});
            other[at] ^= 32;
            put(path, (struct bytes){(const uint8_t *)other, content.size});
            /* What a changed byte does not reach (a checksum of an archive) may stay as it is: but never are other bytes given. */
            if (!opens(f, &err)) {
                assert_int_equal(err.kind, ERROR_TRUST);
                assert_false(kept_delta_unpack_all(f->kept, &f->store, &f->arena, &err));
            }
            put(path, (struct bytes){content.at, at});
            assert_false(opens(f, &err));
            assert_int_equal(err.kind, ERROR_TRUST);
        }
        assert_int_equal(unlink(path), 0);
        assert_false(opens(f, &err));
        assert_int_equal(err.kind, ERROR_TRUST);
        put(path, content);
    }
    assert_false(has_parts(f));
    assert_done("open", opens(f, &err), &err);
}

/* What a stop at each line leaves: the way back stands, and the next attempt comes to the end. */
static void stopped_anywhere(void **state)
{
    struct run_folder *f = *state;
    struct bytes delta, base;
    struct error err = {0};

    assert_int_equal(shrink(f).made, 1);
    assert_done("delta", file_read(named(f, ".delta"), MIB, &f->arena, &delta, &err), &err);
    assert_done("base", file_read(named(f, ".base"), MIB, &f->arena, &base, &err), &err);
    const struct {
        const char *name;
        struct bytes plain, delta_part, base_part, base, delta;
    } rows[] = {
        {.name = "nothing yet"},
        {.name = "half unpacked", .plain = {f->old.at, 100}},
        {.name = "half encoded", .plain = f->old, .delta_part = {delta.at, delta.size / 2}},
        {.name = "encoded", .plain = f->old, .delta_part = delta},
        {.name = "base linked", .plain = f->old, .delta_part = delta, .base_part = base},
        {.name = "base named", .plain = f->old, .delta_part = delta, .base = base},
        {.name = "delta named, not proved", .plain = f->old, .delta = delta, .base = base},
        {.name = "delta named and broken", .plain = f->old, .delta = {delta.at, 20}, .base = base},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct {
            const char *ending;
            struct bytes bytes;
        } files[] = {{".plain.part", rows[i].plain},
                     {".delta.part", rows[i].delta_part},
                     {".base.part", rows[i].base_part},
                     {".base", rows[i].base},
                     {".delta", rows[i].delta}};
        for (size_t k = 0; k < COUNT_OF(files); k++) {
            assert_done(rows[i].name, file_remove(named(f, files[k].ending), &err), &err);
            if (files[k].bytes.size > 0)
                put(named(f, files[k].ending), files[k].bytes);
        }
        put(rollback_store_deb_path(f->kept, &f->changes[0].deb, &f->arena), f->old);
        assert_int_equal(rollback_store_form(f->kept, &f->changes[0]), KEPT_PACKED);
        assert_done(rows[i].name, opens(f, &err), &err);
        assert_int_equal(shrink(f).made, 1);
        assert_false(has_parts(f));
        assert_int_equal(rollback_store_form(f->kept, &f->changes[0]), KEPT_DELTA);
        assert_done(rows[i].name, opens(f, &err), &err);
    }
}

/* Nothing is touched where something is not as it must be. */
static void what_stays_whole(void **state)
{
    struct run_folder *f = *state;
    const struct kept_content new = content_of(f->new);
    const char *base = rollback_store_deb_path(f->packages, &new, &f->arena);
    struct shrink_result result;

    put(base, f->old); /* another file under its name: what it would make is proved, not believed */
    result = shrink(f);
    assert_true(result.made == 1 || result.left == 2);
    put(rollback_store_deb_path(f->kept, &f->changes[0].deb, &f->arena), f->old);
    assert_int_equal(unlink(base), 0);
    result = shrink(f);
    assert_text("gone", result.why, "oak: what the run installed is not there any more");
    f->changes[0].plain = (struct kept_content){0};
    struct error err = {0};
    assert_done("seal", rollback_store_seal(f->kept, &f->store, &f->seal, &err), &err);
    result = shrink(f);
    assert_text("old", result.why, "oak: an older suture kept it");
    assert_int_equal(rollback_store_form(f->kept, &f->changes[0]), KEPT_PACKED);
    f->seal.at[0] ^= 1;
    const struct shrink_request request = {
        .folder = f->kept, .packages = f->packages, .seal = &f->seal, .plan = &f->plan};
    assert_false(shrink_way_back(&request, &f->arena, &result, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_package_becomes_a_delta_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_hold_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stopped_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_stays_whole, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
