#include "base/testing.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/own.h"

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    uint8_t *before = NULL;
    (void)state;

    for (size_t size = 0; size < 3000; size += 7) {
        uint8_t *at = arena_take(&arena, size);
        assert_non_null(at);
        assert_int_equal((uintptr_t)at % 16, 0);
        assert_ptr_not_equal(at, before);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(at[i], 0);
        memset(at, 0xff, size);
        before = at;
    }
}

static void the_limit_holds(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(10000);
    struct error err;
    size_t taken = 0;
    (void)state;

    assert_null(arena_take(&arena, 10001));
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_null(arena_take_array(&arena, SIZE_MAX / 2, 3));
    while (arena_take(&arena, 100) != NULL)
        taken += 100;
    assert_in_range(taken, 5000, 10000);
    assert_in_range(arena.used, 1, 10000);
    assert_false(arena_full(&arena, &err));
    assert_failed("full", &err, ERROR_LIMIT, "out of memory (10000 bytes allowed)");
}

static void arrays_grow_and_keep(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    uint32_t *array = NULL;
    size_t capacity = 0;
    (void)state;

    for (uint32_t i = 0; i < 1000; i++) {
        array = arena_grow(&arena, array, i, &capacity, i + 1, sizeof(*array));
        assert_non_null(array);
        array[i] = i;
    }
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(array[i], i);
    assert_null(arena_grow(&arena, array, 1000, &capacity, SIZE_MAX / 2, sizeof(*array)));
}

static void a_map_finds_what_was_put(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct map map = map_with(&arena);
    struct error err;
    (void)state;

    assert_int_equal(map_get(&map, TEXT("expat")), MAP_NONE);
    for (uint32_t i = 0; i < 3000; i++) {
        struct text key = text_format(&arena, "package-%u", i);
        assert_true(map_put(&map, key, i, &err));
    }
    assert_int_equal(map.count, 3000);
    for (uint32_t i = 0; i < 3000; i++)
        assert_int_equal(map_get(&map, text_format(&arena, "package-%u", i)), i);
    assert_int_equal(map_get(&map, TEXT("package-3000")), MAP_NONE);
    assert_true(map_put(&map, TEXT("package-7"), 70, &err));
    assert_int_equal(map_get(&map, TEXT("package-7")), 70);
    assert_int_equal(map.count, 3000);
    assert_true(map_put(&map, (struct text){NULL, 0}, 5, &err));
    assert_int_equal(map_get(&map, TEXT("")), 5);
}

static void a_map_says_when_memory_is_out(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1000);
    struct map map = map_with(&arena);
    struct error err;
    (void)state;

    assert_false(map_put(&map, TEXT("expat"), 1, &err));
    assert_failed("map", &err, ERROR_LIMIT, "out of memory (1000 bytes allowed)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(arrays_grow_and_keep),
        cmocka_unit_test(a_map_finds_what_was_put),
        cmocka_unit_test(a_map_says_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
