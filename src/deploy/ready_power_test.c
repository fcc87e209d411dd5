#include "base/testing.h"

#include "base/file.h"
#include "deploy/ready_power.h"

#define SUPPLIES_MAX 4
#define FILES_MAX    6

struct supply {
    const char *name;
    struct {
        const char *name, *content;
    } files[FILES_MAX];
};

struct row {
    const char *name;
    struct supply supplies[SUPPLIES_MAX];
    struct ready_power power;
    const char *refused; /* at 50 %; NULL: allowed */
};

#define TYPE(value)                                                                                          \
    {                                                                                                        \
        "type", value "\n"                                                                                   \
    }
#define FILE_OF(name, value)                                                                                 \
    {                                                                                                        \
        name, value "\n"                                                                                     \
    }

static const struct row rows[] = {
    {"a server", {{0}}, {false, true, false, 0}, NULL},
    {"a laptop on mains, nearly empty",
     {{"AC", {TYPE("Mains"), FILE_OF("online", "1")}},
      {"BAT0",
       {TYPE("Battery"), FILE_OF("status", "Charging"), FILE_OF("capacity", "3"), FILE_OF("present", "1")}}},
     {true, true, true, 3},
     NULL},
    {"on battery, above half",
     {{"AC", {TYPE("Mains"), FILE_OF("online", "0")}},
      {"BAT0", {TYPE("Battery"), FILE_OF("status", "Discharging"), FILE_OF("capacity", "50")}}},
     {true, false, true, 50},
     NULL},
    {"on battery, below half",
     {{"AC", {TYPE("Mains"), FILE_OF("online", "0")}},
      {"BAT0", {TYPE("Battery"), FILE_OF("status", "Discharging"), FILE_OF("capacity", "49")}}},
     {true, false, true, 49},
     "on battery at 49 %, and 50 % is asked for, or mains"},
    {"two batteries",
     {{"BAT0", {TYPE("Battery"), FILE_OF("status", "Discharging"), FILE_OF("capacity", "90")}},
      {"BAT1", {TYPE("Battery"), FILE_OF("status", "Full"), FILE_OF("capacity", "30")}}},
     {true, false, true, 60},
     NULL},
    {"energy instead of percent",
     {{"BAT0",
       {TYPE("Battery"), FILE_OF("status", "Discharging"), FILE_OF("energy_now", "10000000"),
        FILE_OF("energy_full", "40000000")}}},
     {true, false, true, 25},
     "on battery at 25 %, and 50 % is asked for, or mains"},
    {"a level that nobody tells",
     {{"BAT0", {TYPE("Battery"), FILE_OF("status", "Discharging")}}},
     {true, false, false, 0},
     "on battery, and how full it is cannot be told; 50 % is asked for, or mains"},
    {"a level that is nonsense",
     {{"BAT0", {TYPE("Battery"), FILE_OF("status", "Discharging"), FILE_OF("capacity", "250")}}},
     {true, false, false, 0},
     "on battery, and how full it is cannot be told; 50 % is asked for, or mains"},
    {"one of two is not known",
     {{"BAT0", {TYPE("Battery"), FILE_OF("status", "Discharging"), FILE_OF("capacity", "100")}},
      {"BAT1", {TYPE("Battery"), FILE_OF("status", "Unknown")}}},
     {true, false, false, 100},
     "on battery, and how full it is cannot be told; 50 % is asked for, or mains"},
    {"a status that is not known is no charger",
     {{"BAT0", {TYPE("Battery"), FILE_OF("status", "Unknown"), FILE_OF("capacity", "20")}}},
     {true, false, true, 20},
     "on battery at 20 %, and 50 % is asked for, or mains"},
    {"no charger is listed, yet it charges",
     {{"BAT0", {TYPE("Battery"), FILE_OF("status", "Charging"), FILE_OF("capacity", "20")}}},
     {true, true, true, 20},
     NULL},
    {"a USB port that gives too little",
     {{"BAT0", {TYPE("Battery"), FILE_OF("status", "Discharging"), FILE_OF("capacity", "20")}},
      {"ucsi-1", {TYPE("USB"), FILE_OF("online", "1")}}},
     {true, false, true, 20},
     "on battery at 20 %, and 50 % is asked for, or mains"},
    {"a mouse",
     {{"hidpp_0",
       {TYPE("Battery"), FILE_OF("scope", "Device"), FILE_OF("status", "Discharging"),
        FILE_OF("capacity", "5")}}},
     {false, true, false, 0},
     NULL},
    {"an empty bay", {{"BAT1", {TYPE("Battery"), FILE_OF("present", "0")}}}, {false, true, false, 0}, NULL},
    {"a supply of another type", {{"x", {TYPE("\x1b[2J")}}}, {false, true, false, 0}, NULL},
};

static void make(const char *folder, const struct supply *supply)
{
    char path[256];
    struct error err = {0};

    (void)snprintf(path, sizeof(path), "%s/%s", folder, supply->name);
    assert_done("folder", file_make_folders(path, 0755, &err), &err);
    for (size_t i = 0; i < FILES_MAX && supply->files[i].name != NULL; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s/%s", folder, supply->name, supply->files[i].name);
        assert_done("file",
                    file_replace_cache(path, bytes_of_text(text_of(supply->files[i].content)), 0644, &err),
                    &err);
    }
}

static void test_supplies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ready_power power = {0};
        struct error err = {0};
        char folder[64];
        test_folder(folder);
        for (size_t s = 0; s < SUPPLIES_MAX && rows[i].supplies[s].name != NULL; s++)
            make(folder, &rows[i].supplies[s]);
        assert_done(rows[i].name, ready_power_look(folder, &power, &err), &err);
        if (power.battery != rows[i].power.battery || power.mains != rows[i].power.mains ||
            power.level_known != rows[i].power.level_known || power.percent != rows[i].power.percent)
            fail_msg("%s: battery %d, mains %d, known %d, %u %%", rows[i].name, power.battery, power.mains,
                     power.level_known, power.percent);
        bool allowed = ready_power_check(&power, READY_POWER_PERCENT, &err);
        if (allowed != (rows[i].refused == NULL))
            fail_msg("%s: %s", rows[i].name, allowed ? "was allowed" : err.text);
        if (!allowed)
            assert_failed(rows[i].name, &err, ERROR_CONFLICT, rows[i].refused);
        assert_done("remove", file_remove_tree(folder, &err), &err);
    }
}

static void test_no_list_is_mains(void **state)
{
    struct ready_power power = {0};
    struct error err = {0};

    (void)state;
    assert_done("absent", ready_power_look("/nothing/here", &power, &err), &err);
    assert_true(power.mains);
    assert_false(power.battery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_supplies),
        cmocka_unit_test(test_no_list_is_mains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
