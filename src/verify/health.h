/*
 * Health checks: asked before a change and after it, and compared (verify/verdict.h): what failed before is not blamed on
 * the change.
 *
 * A list is what the policy names, and one unit check for each service that runs code of the packages. Such a unit that
 * was not active before is not asked for: somebody had stopped it. Which check is asked is a place in this list, never a
 * text from somewhere else, so that whoever may run programs can do the asking for whoever decides.
 *
 * Each answer comes within the check's time limit. After a change a service may need some time to be there again, so
 * what does not answer yet is asked again until the limit; before a change once, and once what failed before. A command runs once, as who runs
 * this, with PATH and LC_ALL alone, without a shell. HTTP is one GET over a plain socket: no library is loaded for it, and
 * redirects are answers like others.
 *
 * systemctl that is missing, or that has no systemd to talk to, is no answer: the check was not asked.
 */
#ifndef VERIFY_HEALTH_H
#define VERIFY_HEALTH_H

#include "model/evidence.h"

/* A list to be asked. */
struct health {
    struct evidence_check *checks;
    size_t count;
    size_t named; /* the first so many are the policy's */
};

/*
 * `services` are units or, where there is none, names of processes (identify/running.h): what is no unit's name is left
 * out. Everything in the arena.
 */
bool health_list(const struct check *named, size_t named_count, const struct text *services,
                 size_t service_count, struct arena *arena, struct health *out, struct error *err) MUST_USE;

/* The services of all changes of a plan, sorted, each once. */
struct health_services {
    struct text *names;
    size_t count;
};
bool health_services(const struct plan *plan, struct arena *arena, struct health_services *out,
                     struct error *err) MUST_USE;

enum health_time { HEALTH_BEFORE, HEALTH_AFTER };

/* The answer of one check. Fails only when memory is out: what goes wrong otherwise is the answer. */
bool health_ask(const struct check *check, enum health_time time, struct arena *arena,
                struct check_answer *out, struct error *err) MUST_USE;

/* Asks all, into `before` or `after`; before drops the units that follow from the packages and were not active. */
bool health_ask_all(struct health *health, enum health_time time, struct arena *arena, struct error *err)
    MUST_USE;

/* True when a check that passed before fails now: what a run goes back for. */
bool health_broke(const struct health *health);

#endif
