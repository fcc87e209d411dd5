/*
 * What people may set about the agent of one machine. All of it is optional; most machines have no such file.
 *
 *     work: no                        # /etc/suture/agent.yaml: only report, install nothing; yes
 *     metered: auto                   # yes, no; auto asks NetworkManager
 *     proxy: http://proxy.example:3128
 *     rate: 500k                      # bytes a second of what is fetched in the background
 *     rate_hours: 08:00-18:00         # the rate holds then, by the machine's zone; absent: always
 *     metered_budget: 20M             # bytes a day on a metered network, besides check-ins
 */
#ifndef AGENT_SETTINGS_H
#define AGENT_SETTINGS_H

#include "base/bytes.h"

enum agent_metered { METERED_AUTO, METERED_YES, METERED_NO };

struct agent_settings {
    bool watch_only;
    enum agent_metered metered;
    const char *proxy;                         /* NULL: the environment's */
    uint64_t rate_max;                         /* 0: as fast as it goes */
    uint16_t rate_from_minute, rate_to_minute; /* the same: all day */
    uint64_t metered_budget;
};

/* The file of this user (flow/config_path.h). Mistakes are told with file, line and column. */
bool agent_settings_read(struct arena *arena, struct agent_settings *out, struct error *err) MUST_USE;
/* The same from bytes, for tests and the fuzzer. */
bool agent_settings_parse(struct bytes raw, struct text name, struct arena *arena, struct agent_settings *out,
                          struct error *err) MUST_USE;

/* What holds at this minute of the day. */
uint64_t agent_settings_rate(const struct agent_settings *settings, unsigned minute);
/* What holds now, by the machine's zone. */
uint64_t agent_settings_rate_now(const struct agent_settings *settings, int64_t now_us);

#endif
