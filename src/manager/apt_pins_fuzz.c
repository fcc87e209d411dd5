#include <stdint.h>

#include "base/own.h"
#include "manager/apt_pins.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct archive oak = {
        .site = {"mirror.example", 14},
        .origin = {"Example", 7},
        .archive = {"stable", 6},
        .codename = {"oak", 3},
        .version = {"7.1", 3},
        .component = {"main", 4},
        .arch = {"amd64", 5},
    };
    static const struct archive *const archives[] = {&oak, NULL};
    OWN(arena_end) struct arena arena = arena_with(1 << 24);
    OWN(apt_pins_end) struct apt_pins pins = {.native = TEXT("amd64")};
    const struct apt_pin_version version = {TEXT("libssl3"), TEXT("amd64"), TEXT("3.0.1-1"),
                                            TEXT("openssl"), archives,      2};
    struct error err;

    (void)!apt_pins_parse(&pins, (struct bytes){data, size}, "fuzz", &arena, &err);
    (void)apt_pins_archive_priority(&pins, &(struct apt_pin_target){.archive = &oak});
    (void)apt_pins_archive_priority(&pins, &(struct apt_pin_target){0});
    const struct apt_pin *pin = apt_pins_of_version(&pins, &version);
    if (pin != NULL && pin->package.string == NULL)
        __builtin_trap(); /* that one is for whole archives */
    return 0;
}
