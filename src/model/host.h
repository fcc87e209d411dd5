/*
 * What one machine has: packages, where newer ones can come from, what runs, and what could not be seen.
 *
 * A door (a package manager) fills it into the scan's arena; everything points there. Nothing in it is judged yet.
 */
#ifndef MODEL_HOST_H
#define MODEL_HOST_H

#include "base/time.h"
#include "model/refusal.h"
#include "model/release.h"

enum package_type { PACKAGE_TYPE_UNKNOWN, PACKAGE_DEB, PACKAGE_RPM, PACKAGE_APK, PACKAGE_TYPE_COUNT };

/* dpkg's states, deb-status; others map to INSTALLED. */
enum package_state {
    PACKAGE_STATE_UNKNOWN,
    PACKAGE_INSTALLED,
    PACKAGE_HALF_INSTALLED,
    PACKAGE_UNPACKED,
    PACKAGE_HALF_CONFIGURED,
    PACKAGE_TRIGGERS_AWAITED,
    PACKAGE_TRIGGERS_PENDING,
    PACKAGE_STATE_COUNT
};
const char *package_state_name(enum package_state state);

/* One Packages list of one archive: who publishes it, whether it was believed, and how old it is. */
enum archive_state {
    ARCHIVE_STATE_UNKNOWN,
    ARCHIVE_VERIFIED, /* signature and hash hold */
    ARCHIVE_STALE, /* they hold, but Valid-Until is past: answers are marked, nothing is installed from it */
    ARCHIVE_REFUSED, /* did not hold, or could not be read: `why` says it; it offers nothing */
    ARCHIVE_ABSENT,  /* the source is configured, its lists are not there */
    ARCHIVE_STATE_COUNT
};
struct archive {
    struct text uri;       /* without user and password */
    struct text site;      /* host name of the uri */
    struct text suite;     /* as the source names it: "bookworm-security", or "./" */
    struct text component; /* "main"; absent for flat archives */
    struct text arch;
    struct text origin, label, archive, codename,
        version; /* of the InRelease; `archive` is its Suite field */
    int64_t date_us;
    int64_t valid_until_us;
    enum archive_state state;
    bool own;   /* the list is one that we fetched from its publisher ourselves (flow/vendor_lists.h) */
    bool added; /* no source of the machine names it: it is a publisher's own security archive */
    int64_t
        source_date_us; /* of the list that the machine's own source brought, when that is believed; TIME_ABSENT: it is not */
    bool went_back;             /* believed, but older than what was here before */
    struct text signers;        /* primary fingerprints, with spaces between; absent when it is remembered */
    struct text why;            /* for REFUSED and ABSENT, and what is odd about a believed one */
    enum trust_refusal refusal; /* REFUSED: the attack's name, where it has one of its own */
    struct text publisher;      /* "debian"; absent: nobody that is described */
    bool security;              /* a distribution's security archive */
    bool has_advisories;        /* belongs to a distribution whose advisories we read; false: foreign */
    int32_t priority;           /* apt's, of the archive as a whole */
};

/* One version of an installed package that some archive offers, or that is installed. */
struct offer {
    struct text version;
    struct text source, source_version;
    uint64_t size;     /* of the download; 0 when only installed */
    uint32_t archive;  /* index into host.archives; OFFER_INSTALLED: dpkg's status only */
    uint64_t archives; /* bit per archive (of the first 64) that has the same version */
    int32_t priority;  /* apt's pin priority of this version */
    uint32_t phased;   /* Phased-Update-Percentage, 100 when not phased */
};
#define OFFER_INSTALLED UINT32_MAX
#define OFFER_NONE      UINT32_MAX

struct package {
    enum package_type type;
    struct text name, arch, version;
    struct text source, source_version; /* binNMU suffix and "Source: x (v)" resolved */
    struct text section;
    struct text stream; /* rpm module "nodejs:18"; else absent */
    enum package_state state;
    bool held;      /* dpkg selection or apt-mark hold */
    bool automatic; /* installed as a dependency */
    bool essential;
    struct offer *offers; /* newest first, the installed version among them */
    size_t offer_count;
    uint32_t candidate; /* index into offers as `apt-cache policy` says, or OFFER_NONE */
    bool phased_out;    /* the candidate is phased and this machine is not in its part yet */
    bool pinned;        /* a pin, not the order of versions, chose the candidate */
    struct text
        shadow; /* a version of an archive that may not own it: it is not among the offers; absent: none */
    struct text shadow_why;
    bool foreign; /* no archive with advisories has it: its holes are unknown */
};

enum unseen_kind {
    UNSEEN_UNKNOWN,
    UNSEEN_SNAP,
    UNSEEN_FLATPAK,
    UNSEEN_PIP,
    UNSEEN_NPM,
    UNSEEN_FOREIGN_ARCHIVE,
    UNSEEN_IMAGE,
    UNSEEN_PROCESS,
    UNSEEN_KIND_COUNT
};
const char *unseen_kind_name(enum unseen_kind kind); /* the words of commands.md */
struct unseen {
    enum unseen_kind kind;
    uint32_t count;
    struct text why;
};

/* A process that still maps a file which a package has replaced since. */
struct old_code {
    uint32_t pid;
    struct text process;
    struct text service; /* that it belongs to, "ssh"; absent: none */
    bool of_user;        /* which is one of a user's own service manager */
    struct text path;
    uint32_t package; /* index into host.packages, or PACKAGE_NONE: the package that brought it is gone */
};
#define PACKAGE_NONE UINT32_MAX

/* Another program that changes what is installed here, at work and not merely installed. */
struct updater {
    struct text name; /* as people know it: "unattended-upgrades" */
    struct text does; /* "is on and also installs updates here" */
    bool installs;    /* false: it only fetches */
};

struct host {
    struct text name;
    struct release release;
    struct text os_name; /* "Debian 12" for people */
    struct text arch;
    struct package *packages; /* by name, then arch */
    size_t package_count;
    struct archive *archives;
    size_t archive_count;
    struct text kernel_running;   /* absent when not this machine */
    struct text kernel_installed; /* newest installed image's release; absent: none is packaged */
    bool reboot_needed;
    struct text reboot_why;    /* in words, where it is needed */
    struct old_code *old_code; /* by process, then path */
    size_t old_code_count;
    uint32_t process_count, process_unreadable;
    uint32_t process_old; /* how many of them are in old_code */
    bool process_hidden;  /* there are others that this user cannot even count */
    struct unseen *unseen;
    size_t unseen_count;
    struct updater *updaters;
    size_t updater_count;
    bool public_address; /* some interface has one */
    bool live;           /* this machine itself, not --root or --inventory */
};

#endif
