/*
 * The door that changes packages.
 *
 * A struct of functions, so that deploy/ is tested with a table that fails at step n: manager/installer_client.h is the
 * real one, which asks the program suture-execute; a test fills its own. All take `self` first. Nothing here is free
 * text: names, versions and architectures have dpkg's grammar (manager/dpkg_words.h) and are refused otherwise, files are
 * taken by their digest.
 *
 * A package file is FOLDER/HEX.deb: the folder `packages` of the run, and the SHA-256 of its bytes in lower-case
 * hexadecimal. An artifact whose path ends otherwise is refused (ERROR_INPUT). It is hashed once more, from the copy that
 * dpkg reads (ERROR_TRUST when it differs).
 *
 * Errors: ERROR_CONFLICT somebody else holds the lock (the text names who) or the database changed meanwhile;
 * ERROR_TRUST a file is not the one that was proved; ERROR_SYSTEM also when the executor ended before it answered: what
 * was done is then not known, and audit() of a new one tells.
 */
#ifndef MANAGER_INSTALLER_H
#define MANAGER_INSTALLER_H

#include "model/artifact.h"
#include "model/plan.h"

/* A package by name and architecture ("amd64" or "all"), as plans say it. */
struct package_key {
    struct text name, arch;
};

/* What an interruption left: a package that is neither wholly installed nor wholly gone. */
struct package_leftover {
    struct package_key package;
    struct text version;
    struct text
        state; /* dpkg's word: "half-installed", "unpacked", "half-configured", "triggers-pending", ... */
    bool needs_reinstall; /* only its file mends it; configuring does not */
};

struct package_audit {
    const struct package_leftover *leftovers; /* by name, then architecture */
    size_t count;
};

/* Changes that are made in one call of dpkg each for removing and installing. Order does not matter inside. */
struct package_group {
    const struct trusted_artifact *artifacts; /* to unpack and configure */
    size_t artifact_count;
    const struct package_key *removals; /* removed first, configuration kept */
    size_t removal_count;
    /* Downgrades and artifacts of TRUST_WAS_INSTALLED are allowed; else both are refused. The new versions that are taken
     * back may depend on what is to go, so here removals come last; what an old version conflicts with is let go for it
     * (dpkg's selections say so first, as apt has it). */
    bool rollback;
    const struct package_key *purges; /* only of a rollback: removed last, with their configuration */
    size_t purge_count;
};

/* What of a rollback store (store/rollback_store.h) is put back: see manager/dpkg_restore.h for what each means. */
enum restore_part {
    RESTORE_UNKNOWN,
    RESTORE_CONFFILES, /* before the old packages are installed: their scripts find their own configuration */
    RESTORE_ALL, /* behind: conffiles, owners, files that were not there, and what dpkg and apt noted of the packages */
    RESTORE_PART_COUNT
};

/* How a call of the package manager ended. Texts are in the arena of the call. */
struct package_outcome {
    bool done;          /* all of it: everything named is installed and configured, or gone */
    int status;         /* of dpkg: its exit status, or 128 + signal */
    struct text failed; /* the first package that failed, "NAME" or "NAME:ARCH"; absent: none, or not known */
    struct text reason; /* one line of what it said about that; absent when done */
    struct text output; /* the end of what it wrote, in lines */
    const struct text
        *kept; /* conffiles that the machine's owner had changed: kept, the new one is beside as .dpkg-dist */
    size_t kept_count;
};

/* One change that the package manager itself would make. */
struct package_change {
    enum change_kind kind;
    struct package_key
        package;          /* the architecture of a removal is absent when it is the native one or "all" */
    struct text from, to; /* absent where there is none */
    uint32_t order;       /* 0: it would make this change first */
};

struct package_changes {
    const struct package_change *at; /* by name, then architecture */
    size_t count;
};

struct package_mark {
    struct package_key package;
    bool automatic; /* installed for others, not asked for by a person */
};

/*
 * Functions that give an outcome return true when the package manager ran to its end, however that was: ask `done`.
 */
struct installer {
    void *self;

    /* Takes the frontend's lock, which keeps every other package manager out, or waits for it so long. Held until the
     * executor ends. Every other function needs it. */
    bool (*lock)(void *self, uint32_t wait_ms, struct error *err);

    /* What is half done. */
    bool (*audit)(void *self, struct arena *arena, struct package_audit *out, struct error *err);

    /* Brings half-done packages to their end: configures what is unpacked, and installs again, from these files, what
     * cannot be configured. group->removals must be empty. Files of packages that need no repair are passed over. */
    bool (*repair)(void *self, const struct package_group *group, struct arena *arena,
                   struct package_outcome *out, struct error *err);

    /* What apt would do with these files and removals, and no other source: to be compared with the plan. */
    bool (*simulate)(void *self, const struct package_group *group, struct arena *arena,
                     struct package_changes *out, struct error *err);

    /* The same in an overlay of the root that is thrown away; the machine stays as it is. ERROR_ABSENT: this kernel or
     * container does not allow it, and why. */
    bool (*rehearse)(void *self, const struct package_group *group, struct arena *arena,
                     struct package_outcome *out, struct error *err);

    bool (*install)(void *self, const struct package_group *group, struct arena *arena,
                    struct package_outcome *out, struct error *err);

    bool (*mark)(void *self, const struct package_mark *marks, size_t count, struct error *err);

    /* Puts back from runs/RUN/rollback what no package file holds. The store is checked whole against the seal, which
     * stood in the journal, before anything is written (ERROR_TRUST). Done twice it is as done once. */
    bool (*restore)(void *self, const char *run, const struct digest *seal, enum restore_part part,
                    struct error *err);
};

#endif
