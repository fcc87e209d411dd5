/*
 * What a policy file may hold: libcyaml's schema of it, the structs that it is mapped to, and what each text must be.
 * Only policy_read.c and the test of all keys include this.
 */
#ifndef EVALUATE_POLICY_FORM_H
#define EVALUATE_POLICY_FORM_H

#include "evaluate/policy.h"
#include "format/yaml.h"

struct list {
    const char **at;
    uint32_t count;
};

struct file_window {
    uint32_t days;
    const char *start, *length;
};

struct file_busy {
    uint32_t days;
    const char *from, *to;
    uint16_t weight;
};

struct file_cost {
    uint32_t *users, *downtime, *restore;
    uint8_t *breaking;
    struct file_busy *busy;
};

struct file_asset {
    struct list hosts, packages, sources, ids;
};

struct file_class {
    struct file_asset asset;
    const char *name;
    uint32_t exposure, impact, safety, mission;
    bool dispensable;
    struct file_window *window;
    struct file_cost *cost;
};

struct file_exception {
    struct file_asset asset;
    const char *end, *reason, *measure;
    struct list signers;
};

struct file_decide {
    const char *table, *functional, *minimum_age, *vendor_after;
};

struct file_unattended {
    uint32_t powers, reboot;
    struct list held_powers, new_packages;
    uint8_t *battery;
};

struct file_check {
    const char *unit, *tcp, *http, *command; /* one of them */
    const char *within;
    uint16_t *status;
    uint8_t *exit;
};

struct file_after {
    struct file_check *checks;
    uint32_t check_count;
};

struct file_hook {
    const char *command, *within;
};

struct file_backup {
    uint32_t kind;
    const char *command, *age;
};

struct file_before {
    struct file_hook *hooks;
    uint32_t hook_count;
    struct file_backup *backup;
};

struct file_policy {
    const char *name, *zone;
    uint32_t version;
    struct list profiles, trust;
    struct file_decide *decide;
    struct file_unattended *unattended;
    struct file_window *window;
    struct file_cost *cost;
    struct file_class *classes;
    uint32_t class_count;
    struct file_exception *exceptions;
    uint32_t exception_count;
    struct file_before *before;
    struct file_after *after;
};

/* What checks and conversion need. */
struct policy_reader {
    struct text name; /* of the file, for errors */
    const char *folder, *zone_folder;
    struct arena *arena;
};

/* The file's own bytes are checked against this; `self` of the form is a struct policy_reader. */
extern const cyaml_schema_value_t policy_form_schema;
extern const struct yaml_check policy_form_checks[];

enum file_powers { FILE_POWERS_UNKNOWN, FILE_POWERS_HOLD, FILE_POWERS_TAKE };
enum file_reboot { FILE_REBOOT_UNKNOWN, FILE_REBOOT_NEVER, FILE_REBOOT_IN_WINDOW };

/* What the checks accept, as values. */
enum score_source policy_form_source(struct text name);
enum power_kind policy_form_power(struct text name); /* UNKNOWN: it is none */
bool policy_form_minute(struct text value, uint16_t max, uint16_t *out, struct error *err);
bool policy_form_length(struct text value, uint16_t *out, struct error *err);
bool policy_form_functional(struct text value, struct duration *out, struct error *err);
bool policy_form_vendor_after(struct text value, struct duration *out, struct error *err);
bool policy_form_age(struct text value, struct duration *out, struct error *err);
bool policy_form_within(struct text value, uint32_t *out_ms, struct error *err);
/* The checks as values; in policy_checks.c. */
bool policy_form_take_checks(const struct policy_reader *reader, const struct file_after *from,
                             struct policy *policy, struct error *err);
bool policy_form_take_before(const struct policy_reader *reader, const struct file_before *from,
                             struct policy *policy, struct error *err);
/* NAME in the policy's folder, with ".yaml" for a profile; NULL when memory is out. */
char *policy_form_profile_path(const struct policy_reader *reader, struct text id);
char *policy_form_beside(const struct policy_reader *reader, struct text name);

#endif
