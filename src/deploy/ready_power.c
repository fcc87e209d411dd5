#include "deploy/ready_power.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

struct look {
    const char *folder;
    struct arena *arena;
    bool battery, discharging, mains_online, unknown;
    uint32_t batteries, percents; /* how many, and the sum */
};

/* One attribute of one supply, without its newline; absent when it is not there or cannot be read (a driver may refuse). */
static struct text attribute(const struct look *look, struct text supply, const char *name)
{
    struct text path = text_format(look->arena, "%s/%.*s/%s", look->folder, TEXT_ARG(supply), name), got;
    struct bytes raw = {0};
    struct error ignored;

    if (path.at == NULL || !file_read_stream(path.at, LIMIT_POWER_FILE, look->arena, &raw, &ignored) ||
        !text_from_lines(raw, LIMIT_POWER_FILE, &got, &ignored))
        return (struct text){0};
    while (got.size > 0 && got.at[got.size - 1] == '\n')
        got.size--;
    return got;
}

static bool number_of(const struct look *look, struct text supply, const char *name, uint64_t *out)
{
    struct error ignored;

    return text_to_u64(attribute(look, supply, name), out, &ignored);
}

/* Some batteries tell a percentage, others what they hold and could hold. */
static bool percent_of(const struct look *look, struct text supply, uint32_t *out)
{
    static const char *const pairs[][2] = {{"energy_now", "energy_full"}, {"charge_now", "charge_full"}};
    uint64_t now, full;

    if (number_of(look, supply, "capacity", &now) && now <= 100) {
        *out = (uint32_t)now;
        return true;
    }
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
        if (number_of(look, supply, pairs[i][0], &now) && number_of(look, supply, pairs[i][1], &full) &&
            full > 0 && now <= UINT64_MAX / 100) {
            *out = now >= full ? 100 : (uint32_t)(now * 100 / full);
            return true;
        }
    return false;
}

static void look_at_battery(struct look *look, struct text supply)
{
    struct text status = attribute(look, supply, "status");
    uint32_t percent;

    if (text_equal(attribute(look, supply, "scope"), TEXT("Device")) ||
        text_equal(attribute(look, supply, "present"), TEXT("0")))
        return;
    look->battery = true;
    look->discharging =
        look->discharging || (!text_equal(status, TEXT("Charging")) && !text_equal(status, TEXT("Full")) &&
                              !text_equal(status, TEXT("Not charging")));
    if (percent_of(look, supply, &percent)) {
        look->batteries++;
        look->percents += percent;
    } else {
        look->unknown = true;
    }
}

static void look_at_supply(struct look *look, struct text supply)
{
    struct text type = attribute(look, supply, "type");

    if (text_equal(type, TEXT("Battery")) || text_equal(type, TEXT("UPS"))) {
        look_at_battery(look, supply);
        return;
    }
    /* A USB port may be online and yet give less than is used: there the batteries' status tells. */
    if (text_equal(type, TEXT("Mains")) && text_equal(attribute(look, supply, "online"), TEXT("1")))
        look->mains_online = true;
}

bool ready_power_look(const char *folder, struct ready_power *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_POWER_MEMORY);
    struct look look = {.folder = folder, .arena = &arena};
    struct file_names names;

    if (!file_list(folder, LIMIT_POWER_SUPPLIES, &arena, &names, err)) {
        if (err->kind != ERROR_ABSENT)
            return false;
        *err = (struct error){0};
        *out = (struct ready_power){.mains = true};
        return true;
    }
    for (size_t i = 0; i < names.count; i++)
        look_at_supply(&look, names.names[i]);
    *out = (struct ready_power){
        .battery = look.battery,
        .mains = !look.battery || look.mains_online || !look.discharging,
        .level_known = look.batteries > 0 && !look.unknown,
        .percent = look.batteries > 0 ? (uint8_t)(look.percents / look.batteries) : 0,
    };
    return true;
}

bool ready_power_check(const struct ready_power *power, uint8_t percent_min, struct error *err)
{
    if (power->mains || (power->level_known && power->percent >= percent_min))
        return true;
    if (!power->level_known)
        return error_set(err, ERROR_CONFLICT,
                         "on battery, and how full it is cannot be told; %u %% is asked for, or mains",
                         percent_min);
    return error_set(err, ERROR_CONFLICT, "on battery at %u %%, and %u %% is asked for, or mains",
                     power->percent, percent_min);
}
