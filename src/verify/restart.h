/*
 * Restarting what runs old code, by systemd.
 *
 * All units are restarted in one call: systemd makes one transaction of it and keeps the units' own order, what others
 * need first. Which units may be restarted without a person is old_code_restart's to say (verify/old_code.h); what is
 * no unit's name is refused here once more. The service manager itself executes itself anew, keeping all it manages.
 */
#ifndef VERIFY_RESTART_H
#define VERIFY_RESTART_H

#include "base/bytes.h"

#define RESTART_SYSTEMCTL "/usr/bin/systemctl"

struct restart {
    const char *systemctl; /* RESTART_SYSTEMCTL but for tests */
    const struct text *units;
    size_t count;
    bool reexec; /* the service manager runs old code itself */
};

/* ERROR_SYSTEM says what systemctl said; what it restarted until then stays restarted, and the next look tells. */
bool restart_run(const struct restart *restart, struct arena *arena, struct error *err) MUST_USE;

#endif
