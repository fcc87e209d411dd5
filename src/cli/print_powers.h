/*
 * New powers on a screen, and as JSON.
 *
 *     NEW POWERS: 1 setuid program, 2 maintainer scripts, 1 timer; 3 small changes. What they are:
 *      openssh-server   changed maintainer script postinst
 *         @@ -12,3 +12,3 @@
 *          ...
 */
#ifndef CLI_PRINT_POWERS_H
#define CLI_PRINT_POWERS_H

#include "cli/screen.h"
#include "flow/powers_of_plan.h"

/* `shown`: with what differs, line by line. */
void print_powers(const struct plan_powers *powers, bool shown, struct arena *arena, struct screen *screen);

/*
 * "schema": "suture.powers/1":
 *
 *     {"schema", "plan": ID, "unread": 0, "powers": [{"package", "arch", "kind", "change": "new|changed", "small",
 *      "path", "files", "what": null or text, "diff": null or lines}]}
 */
bool print_powers_json(const char *plan, const struct plan_powers *powers, struct writer *out,
                       struct error *err) MUST_USE;

#endif
