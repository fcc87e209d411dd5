/*
 * Which repository this machine obeys, and the root that is pinned for it: what whoever runs the machine has set. No file:
 * no repository; vendors' own signatures are all there is then.
 *
 *     repository: https://suture.example/repo     # /etc/suture/trust.yaml, or ~/.config/suture/trust.yaml
 *     root: trust-root.json                       # the first root: beside this file, or absolute
 *     ca_file: /etc/suture/ca.pem                 # certificates to trust instead of the system's; may be left out
 *
 * Below the repository's address are metadata/ and targets/, as `suture repo publish` lays them out. The root is the one
 * thing that nobody else can vouch for: `suture trust pin` shows its keys before it is believed.
 */
#ifndef FLOW_TRUST_SETTINGS_H
#define FLOW_TRUST_SETTINGS_H

#include "base/bytes.h"

struct trust_settings {
    struct text repository; /* http:, https: or file:///, ends in '/'; absent: none is configured */
    const char *root;       /* absolute */
    struct text ca_file;    /* absent: the system's */
};

/* Of this user (flow/config_path.h). Everything is in the arena. Mistakes are told with file, line and column. */
bool trust_settings_in_force(struct arena *arena, struct trust_settings *out, struct error *err) MUST_USE;
/* The same from bytes, for tests and the fuzzer; a root that is not absolute is one in `folder`. */
bool trust_settings_parse(struct bytes raw, struct text name, const char *folder, struct arena *arena,
                          struct trust_settings *out, struct error *err) MUST_USE;

#define TRUST_SETTINGS_FILE "trust.yaml"
#define TRUST_SETTINGS_ROOT "trust-root.json"

#endif
