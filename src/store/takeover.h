/*
 * What was changed under /etc so that only Suture installs updates: the record by which all of it is given back exactly.
 *
 * It is written before the first change and says everything that will be made, so that at any instruction after a crash it
 * is known what may be ours. A thing that stood in the way is moved aside with TAKEOVER_ASIDE behind its name, as it is. deb822:
 *
 *     Format: 1
 *     Phase: taken                    taking while changes are being made, giving while they are taken back
 *     Begun: 2026-11-21T07:50:00Z
 *     By: root (sudo: anna)
 *
 *     Kind: link                      one paragraph for each, in the order in which they are made; also folder, file
 *     Path: /etc/systemd/system/apt-daily-upgrade.timer
 *     Group: unattended-upgrades      what it is done for, as people know it
 *     Target: /dev/null               of a link
 *     Sha256: 9f86d081...             of a file, with
 *     Mode: 644
 *     Aside: yes                      something stood there
 *     Unit: apt-daily-upgrade.timer   that was stopped, and is started again
 */
#ifndef STORE_TAKEOVER_H
#define STORE_TAKEOVER_H

#include "base/digest.h"
#include "base/time.h"
#include "base/writer.h"

#define TAKEOVER_ASIDE ".suture-aside"

enum takeover_phase { TAKEOVER_NONE, TAKEOVER_TAKING, TAKEOVER_TAKEN, TAKEOVER_GIVING, TAKEOVER_PHASE_COUNT };
enum takeover_kind { TAKEOVER_UNKNOWN, TAKEOVER_FOLDER, TAKEOVER_LINK, TAKEOVER_FILE, TAKEOVER_KIND_COUNT };
const char *takeover_phase_name(enum takeover_phase phase);
const char *takeover_kind_name(enum takeover_kind kind);

struct takeover_change {
    enum takeover_kind kind;
    struct text path; /* below /etc/, plain: no "..", no empty part */
    struct text group;
    struct text target;   /* LINK */
    struct digest digest; /* FILE: SHA-256 */
    uint16_t mode;        /* FILE: permissions */
    bool aside;
    struct text unit; /* absent: none was stopped */
};

struct takeover {
    enum takeover_phase phase; /* NONE: nothing is taken over */
    int64_t begun_us;
    struct text by;
    struct takeover_change *changes;
    size_t change_count;
};

/* A path that a change may have, and a unit's name, which becomes an argument of systemctl. */
bool takeover_path_check(struct text path, struct error *err) MUST_USE;
bool takeover_unit_check(struct text unit, struct error *err) MUST_USE;

/* Texts point into `raw`, changes live in the arena. Errors name the line and the field. */
bool takeover_parse(struct bytes raw, struct arena *arena, struct takeover *out, struct error *err) MUST_USE;
void takeover_write(struct writer *w, const struct takeover *takeover);

/* Phase NONE when there is no file. ERROR_TRUST: it is another's, or others may write to it. In the arena. */
bool takeover_read(const char *path, struct arena *arena, struct takeover *out, struct error *err) MUST_USE;
/* Durably. */
bool takeover_replace(const char *path, const struct takeover *takeover, struct error *err) MUST_USE;
bool takeover_remove(const char *path, struct error *err) MUST_USE;

#endif
