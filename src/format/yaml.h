/*
 * YAML files that people write: checked strictly, then mapped to structs by libcyaml.
 *
 * What a file may hold is one schema of libcyaml. Before libcyaml sees the file it is walked event by event beside
 * that schema, because libcyaml's own messages name neither the nearest key nor always the place. So every mistake
 * is told in the same form:
 *
 *     policy.yaml:12:3: unknown key "profils"; did you mean "profiles"?
 *
 * Refused besides what the schema does not allow: aliases, anchors and tags (a file must mean what it shows), keys
 * given twice, a second document, LIMIT_YAML_FILE bytes, LIMIT_YAML_DEPTH levels, texts that are not UTF-8 or have
 * control bytes, and characters that turn the direction of writing, in comments too. A list is a list: one value alone is not taken for it.
 */
#ifndef FORMAT_YAML_H
#define FORMAT_YAML_H

#include <cyaml/cyaml.h>

#include "base/bytes.h"

/*
 * What a text must be besides text: for the values of this key, and for each entry when they are lists. On failure
 * err says what is wrong with the value; the place is put in front.
 */
struct yaml_check {
    const char *key;
    bool (*check)(void *self, struct text value, struct error *err);
};

struct yaml_form {
    const struct cyaml_schema_value *schema; /* of the whole file: a mapping behind a pointer */
    const struct yaml_check *checks;         /* ends in a row without key; or NULL */
    void *self;                              /* handed to the checks */
};

/*
 * Reads the file into what the schema describes, all of it in the arena. `name` is what errors call the file. Fields
 * that are not in the file are zero.
 */
bool yaml_read(struct bytes file, struct text name, const struct yaml_form *form, struct arena *arena,
               void **out, struct error *err) MUST_USE;

/* "; did you mean \"profiles\"?" with the nearest of the names, for error texts. names ends in NULL; empty for no name at all. */
#define YAML_HINT_MAX 96
void yaml_hint(struct text wrong, const char *const *names, char out[YAML_HINT_MAX]);

#endif
