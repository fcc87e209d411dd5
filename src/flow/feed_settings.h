/*
 * What people may set about feeds: a mirror instead of a feed's own address, feeds that are switched off, and releases
 * besides this machine's own. All of it is optional; most machines have no such file.
 *
 *     feeds:                                        # /etc/suture/feeds.yaml, or ~/.config/suture/feeds.yaml
 *       - name: debian-tracker
 *         url: https://mirror.example/tracker.json  # http:, https: or file:///; {part} {year} {ecosystem} as the feed has it
 *       - name: epss
 *         disabled: yes
 *     releases: [debian-11]
 */
#ifndef FLOW_FEED_SETTINGS_H
#define FLOW_FEED_SETTINGS_H

#include "identify/feed.h"

struct feed_setting {
    const char *name;
    const char *url; /* NULL: the feed's own */
    bool disabled;
};

struct feed_settings {
    struct feed_setting *feeds;
    uint32_t feed_count;
    const char **releases;
    uint32_t release_count;
};

/*
 * The file of this user: $XDG_CONFIG_HOME/suture/feeds.yaml (by default ~/.config/suture), for root and where a user has none
 * /etc/suture/feeds.yaml. *out is NULL when there is none.
 */
bool feed_settings_path(struct arena *arena, const char **out, struct error *err) MUST_USE;

/* Everything in the arena. Mistakes are told with file, line and column. */
bool feed_settings_read(const char *path, struct arena *arena, struct feed_settings *out, struct error *err)
    MUST_USE;
/* The same from bytes, for tests and the fuzzer. */
bool feed_settings_parse(struct bytes raw, struct text name, struct arena *arena, struct feed_settings *out,
                         struct error *err) MUST_USE;

/* NULL: nothing is set for this feed. */
const struct feed_setting *feed_settings_find(const struct feed_settings *settings, const struct feed *feed);

#endif
