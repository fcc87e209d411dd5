#include "server/roles.h"

#include "base/own.h"
#include "base/testing.h"

#define BIT(permission) (1U << (permission))
#define READ_SELF       (BIT(PERMISSION_NONE) | BIT(PERMISSION_SELF) | BIT(PERMISSION_READ))

/* Who may do what, whole: a permission that moves to another role fails here. */
static void test_table(void **state)
{
    static const struct {
        uint32_t roles;
        const char *name;
        uint32_t may;
    } rows[] = {
        {ROLE_NONE, "nobody", BIT(PERMISSION_NONE)},
        {ROLE_VIEWER, "viewer", READ_SELF},
        {ROLE_OPERATOR, "operator", READ_SELF | BIT(PERMISSION_OPERATE)},
        {ROLE_APPROVER, "approver", READ_SELF | BIT(PERMISSION_APPROVE)},
        {ROLE_AUDITOR, "auditor", READ_SELF | BIT(PERMISSION_AUDIT)},
        {ROLE_ENROLLER, "enroller", BIT(PERMISSION_NONE) | BIT(PERMISSION_SELF) | BIT(PERMISSION_ENROL)},
        {ROLE_ADMINISTRATOR, "administrator", READ_SELF | BIT(PERMISSION_MANAGE)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (unsigned p = PERMISSION_NONE; p < PERMISSION_COUNT; p++)
            if (roles_permit(rows[i].roles, p) != ((rows[i].may & BIT(p)) != 0))
                fail_msg("%s: %s", rows[i].name, permission_name(p));
    assert_false(roles_permit(ROLE_ALL, PERMISSION_UNKNOWN));
    for (size_t i = 0; i < ROLE_COUNT; i++)
        assert_false(roles_permit(roles[i].role, PERMISSION_OPERATE) &&
                     roles_permit(roles[i].role, PERMISSION_APPROVE));
}

static void test_names(void **state)
{
    static const struct {
        const char *names;
        uint32_t roles;
        const char *back, *error;
    } rows[] = {
        {"viewer", ROLE_VIEWER, "viewer", NULL},
        {"auditor, operator", ROLE_OPERATOR | ROLE_AUDITOR, "operator,auditor", NULL},
        {"viewer,operator,approver,auditor,enroller,administrator", ROLE_ALL,
         "viewer,operator,approver,auditor,enroller,administrator", NULL},
        {"", 0, NULL, "no role is named"},
        {"root", 0, NULL,
         "there is no role \"root\"; there is: viewer, operator, approver, auditor, enroller, administrator"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(4096);
        uint32_t found = 0;
        struct error err = {0};
        bool holds = roles_parse(text_of(rows[i].names), &found, &err);
        if (rows[i].error != NULL) {
            assert_false(holds);
            assert_failed(rows[i].names, &err, ERROR_INPUT, rows[i].error);
            continue;
        }
        assert_done(rows[i].names, holds, &err);
        assert_int_equal(found, rows[i].roles);
        assert_text(rows[i].names, roles_names(found, &arena), rows[i].back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
