#include "base/own.h"
#include "base/testing.h"
#include "identify/kernel.h"
#include "identify/keys.h"

static void sources(void **state)
{
    static const char *const kernels[] = {
        "linux",          "linux-6.1",        "linux-6.12",          "linux-aws",    "linux-aws-5.15",
        "linux-hwe-edge", "linux-lts-xenial", "linux-source-2.6.15", "linux-raspi2", "linux-azure-fde-5.19",
        "linux-oem-osp1"};
    static const char *const others[] = {
        "linux-firmware",           "linux-atm", "linux-base", "linux-ftpd",   "linuxptp",
        "linux-restricted-modules", "linux-",    "util-linux", "linux-awsome", ""};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(kernels); i++)
        if (!kernel_is_source(text_of(kernels[i])))
            fail_msg("%s is a kernel", kernels[i]);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (kernel_is_source(text_of(others[i])))
            fail_msg("%s is no kernel", others[i]);
}

static void twins(void **state)
{
    static const struct {
        const char *source;
        enum kernel_twin twin;
        const char *kernel;
    } rows[] = {
        {"linux-signed-amd64", KERNEL_TWIN_SIGNED, "linux"},
        {"linux-signed-6.12-arm64", KERNEL_TWIN_SIGNED, "linux-6.12"},
        {"linux-signed", KERNEL_TWIN_SIGNED, "linux"},
        {"linux-signed-hwe-5.15", KERNEL_TWIN_SIGNED, "linux-hwe-5.15"},
        {"linux-meta", KERNEL_TWIN_META, "linux"},
        {"linux-meta-aws", KERNEL_TWIN_META, "linux-aws"},
        {"linux", KERNEL_TWIN_NONE, ""},
        {"linux-signedness", KERNEL_TWIN_NONE, ""},
        {"linux-metal", KERNEL_TWIN_NONE, ""},
    };
    OWN(arena_end) struct arena arena = arena_with(4096);
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct text kernel = TEXT("");
        assert_int_equal(kernel_twin(text_of(rows[i].source), &arena, &kernel), rows[i].twin);
        assert_text(rows[i].source, kernel, rows[i].kernel);
    }
}

static void packages(void **state)
{
    static const struct {
        const char *package, *release;
    } rows[] = {
        {"linux-image-6.1.0-18-amd64", "6.1.0-18-amd64"},
        {"linux-image-6.12.117+deb12-amd64-unsigned", "6.12.117+deb12-amd64"},
        {"linux-image-unsigned-5.15.0-91-generic", "5.15.0-91-generic"},
        {"linux-modules-5.15.0-91-generic", "5.15.0-91-generic"},
        {"linux-modules-extra-5.15.0-91-generic", "5.15.0-91-generic"},
        {"linux-image-6.1.0-18-amd64-dbg", ""},
        {"linux-image-amd64", ""},
        {"linux-modules-nvidia-535-generic", ""},
        {"linux-headers-6.1.0-18-amd64", ""},
        {"linux-perf", ""},
        {"linux-libc-dev", ""},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_text(rows[i].package, kernel_package_release(text_of(rows[i].package)), rows[i].release);
        assert_int_equal(kernel_has_code(text_of(rows[i].package)), rows[i].release[0] != '\0');
    }
}

static void meta_versions(void **state)
{
    static const struct {
        const char *version, *kernel;
    } rows[] = {
        {"5.15.0.91.88", "5.15.0-91.65535"},
        {"6.5.0.14.14~22.04.7", "6.5.0-14.65535"},
        {"5.15.0.91", "5.15.0-91.65535"},
        {"5.15.0", ""},
        {"5.15.0.x", ""},
        {"", ""},
    };
    OWN(arena_end) struct arena arena = arena_with(4096);
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_text(rows[i].version, kernel_meta_version(text_of(rows[i].version), &arena), rows[i].kernel);
}

static void keys_are_sorted(void **state)
{
    struct keyed keys[300], scratch[300];
    uint64_t seed = 1;
    (void)state;

    for (uint32_t count = 0; count < 300; count++) {
        for (uint32_t i = 0; i < count; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1;
            keys[i] = (struct keyed){.key = seed >> 40 & (count % 2 ? 0xf : 0xffff), .value = i};
        }
        keys_sort(keys, count, scratch);
        for (uint32_t i = 1; i < count; i++)
            assert_true(keys[i - 1].key < keys[i].key ||
                        (keys[i - 1].key == keys[i].key && keys[i - 1].value < keys[i].value));
    }
    assert_true(key_of_text(TEXT("a")) < key_of_text(TEXT("aa")));
    assert_true(key_of_text(TEXT("aaaaaaaa")) == key_of_text(TEXT("aaaaaaaab")));
    assert_true(key_of_text(TEXT("a\xff")) > key_of_text(TEXT("az")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources),       cmocka_unit_test(twins),           cmocka_unit_test(packages),
        cmocka_unit_test(meta_versions), cmocka_unit_test(keys_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
