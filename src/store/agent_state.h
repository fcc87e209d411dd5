/*
 * What the agent keeps of itself, in the folder "agent" of the state folder (mode 0700).
 *
 *     enrolled       that this machine is in a fleet, which, and as whom; others look whether it is there
 *     ca.pem         the fleet's CA: the only one that is believed
 *     identity.pem   certificate and key, 0600
 *     counter        the check-in's counter, durable before it is used
 *     memory         what the last turns left: when the next is due, what the server wants and knows; a loss costs time, no more
 *     plan           the plan of the fleet that was believed last, sealed as it came (wire/fleet_plan.h)
 *     inventory      names of the 256 chunks that the server has
 *     outbox.db      store/outbox.h
 *     spool/         downloads
 *     lock           held by the daemon
 *
 * enrolled, exactly; the order of the lines is fixed, texts end with the line:
 *
 *     suture-agent 1
 *     server https://sutured.example:8440
 *     content http://sutured.example:8442
 *     fleet 3b1c...                    64 hexadecimal digits
 *     host 9f86...                     32
 *     chunk-key 5d41...                64
 *     plan-key 8f40...                 64
 *     ring 2
 *     since 2026-11-22T04:00:00Z
 */
#ifndef STORE_AGENT_STATE_H
#define STORE_AGENT_STATE_H

#include "base/time.h"
#include "store/state.h"

#define AGENT_STATE_FOLDER "agent"

struct agent_enrolled {
    struct text server, content;
    uint8_t fleet[32], host[16], chunk_key[32], plan_key[32];
    uint8_t ring;
    int64_t since_us;
};

/* The grammar, for tests and fuzzing. Texts point into raw. */
bool agent_enrolled_parse(struct bytes raw, struct agent_enrolled *out, struct error *err) MUST_USE;
void agent_enrolled_write(struct writer *w, const struct agent_enrolled *enrolled);

/* "STATE/agent/NAME" in the arena; NULL when memory is out. */
char *agent_state_path(const struct state *state, struct arena *arena, const char *name);
/* Makes the folder. */
bool agent_state_make(const struct state *state, struct arena *arena, struct error *err) MUST_USE;

/* Whether this machine is in a fleet: the file is there. */
bool agent_state_is_enrolled(const struct state *state, struct arena *arena);
/* ERROR_ABSENT: it is in none. In the arena. */
bool agent_state_read(const struct state *state, struct arena *arena, struct agent_enrolled *out,
                      struct error *err) MUST_USE;
bool agent_state_write(const struct state *state, struct arena *arena, const struct agent_enrolled *enrolled,
                       struct error *err) MUST_USE;

/* The check-in's counter. */
struct agent_counter {
    uint64_t counter, random;
    bool answered; /* no answer came to it yet: it is said again */
};
/* The one to use now: a new one when the last was answered, durable when this returns. */
bool agent_counter_take(const struct state *state, struct arena *arena, struct agent_counter *out,
                        struct error *err) MUST_USE;
/* An answer came. A crash before this is on the disk only says the same again. */
bool agent_counter_answered(const struct state *state, struct arena *arena, struct error *err) MUST_USE;

/* What turns leave to each other. Zero where nothing is known. */
struct agent_memory {
    int64_t turned_us; /* the last check-in that was answered */
    int64_t tried_us;  /* the last one that was tried */
    uint32_t next_s;   /* as the server paces */
    uint32_t retry_s;  /* Retry-After of the last refusal */
    uint32_t failures; /* behind each other */
    uint32_t wishes;   /* the last pace's flags */
    uint64_t plan_wanted, advisories_wanted, repository_wanted;
    uint64_t plan, advisories; /* generations held */
    uint64_t pulse;            /* the last pulse's generation */
    int64_t pulsed_us;         /* when it was made */
    uint8_t pulse_etag[64];    /* NUL-terminated */
    uint64_t day;              /* since 1970, of the bytes below */
    uint64_t bytes_down, bytes_up;
    int64_t clock_off_us;        /* the server's time less ours */
    uint8_t inventory_root[16];  /* the server's, as far as we know */
    uint64_t status_identity[4]; /* of dpkg's status when the inventory was made: inode, size, mtime, ctime */
    uint64_t alarm;              /* hash of the last alarm that turns keep finding, and when it was told */
    int64_t alarmed_us;
    uint8_t metered; /* 1: yes */
    uint8_t safe_lane;
    uint8_t too_old; /* the server no longer speaks this protocol */
};
/* All zero when there is none, or it is broken. */
void agent_memory_read(const struct state *state, struct arena *arena, struct agent_memory *out);
bool agent_memory_write(const struct state *state, struct arena *arena, const struct agent_memory *memory,
                        struct error *err) MUST_USE;

#endif
