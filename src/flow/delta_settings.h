/*
 * Where deltas come from, and whether they are used: what whoever runs the machine has set. No file: no source.
 *
 *     source: https://deltas.example/debian     # /etc/suture/deltas.yaml, or ~/.config/suture/deltas.yaml
 *     key: 8f40c5ad...                          # 64 digits: suture delta publish says which
 *     use: auto                                 # auto: by cost; always; never
 *     metered: no                               # bytes are paid for: they count tenfold
 *
 * The key is pinned here; on a machine that obeys a repository (doc/trust.md) it may be left out, for those of its role deltas are
 * believed as well. It keeps strangers from making this machine waste time; it gives nobody authority over what is
 * installed (acquire/delta_index.h).
 */
#ifndef FLOW_DELTA_SETTINGS_H
#define FLOW_DELTA_SETTINGS_H

#include "acquire/choice.h"
#include "trust/signature.h"

struct delta_settings {
    struct text source; /* http:, https: or file:///, ends in '/'; absent: no source is configured */
    struct public_key key;
    bool has_key; /* without it the keys of the pinned repository's role deltas alone are believed */
    enum choice_use use;
    bool metered;
};

/* Of this user (flow/config_path.h). Everything is in the arena. Mistakes are told with file, line and column. */
bool delta_settings_in_force(struct arena *arena, struct delta_settings *out, struct error *err) MUST_USE;
/* The same from bytes, for tests and the fuzzer. */
bool delta_settings_parse(struct bytes raw, struct text name, struct arena *arena, struct delta_settings *out,
                          struct error *err) MUST_USE;

#endif
