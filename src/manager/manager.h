/*
 * A package manager: how one kind of system says what is installed and what could be.
 *
 * manager_apt.c is one; managers.c is the table of all. A manager fills a host from a root folder or from a bare
 * inventory file; it changes nothing. What a source offers counts only after the publisher's own signature was
 * checked (trust/); a source that fails is named in host->archives and offers nothing, the others still answer.
 */
#ifndef MANAGER_MANAGER_H
#define MANAGER_MANAGER_H

#include "model/publisher.h"
#include "model/universe.h"
#include "model/vouched.h"

/* Where a process that may not write hands over what is to be remembered. A file that is not kept costs time, no more. */
struct manager_keeper {
    void (*keep)(void *self, const char *path, struct bytes content); /* path: below `memory` */
    void *self;
};

/* What must not go back here: below this Date a suite's InRelease is an old one. TIME_ABSENT: nothing is known. */
struct manager_floors {
    int64_t (*suite_date)(const void *self, struct text uri, struct text suite, struct arena *arena);
    const void *self;
};

struct manager_request {
    const char *root;      /* "/" or another root */
    const char *inventory; /* a bare status file instead of the root's, or NULL */
    int64_t now_us;
    const char *memory; /* folder where verified lists are remembered, or NULL: nothing is remembered */
    bool verify_now;    /* what is remembered is not believed, only compared with */
    bool remember;      /* false: what is remembered may be used, nothing is written */
    const struct manager_keeper *keeper; /* NULL: it is written here */
    const struct publishers *publishers; /* NULL: the built-in ones */
    const struct manager_floors *floors; /* NULL: none */
    const char *
        own_lists; /* a folder of lists that we fetched ourselves, or NULL: per archive the newer verified Date counts */
};

struct manager {
    const char *name; /* "apt" */
    /* True when this root is of that kind. */
    bool (*present)(const char *root);
    /* Fills packages, archives, offers, candidates and holds. */
    bool (*inventory)(const struct manager_request *request, struct arena *arena, struct host *out,
                      struct error *err);
    /*
     * What a plan can choose among, for the host that inventory has filled of the same request. ERROR_CONFLICT when
     * packages or lists changed in between: both are to be read again.
     */
    bool (*universe)(const struct manager_request *request, const struct host *host, struct arena *arena,
                     struct universe *out, struct error *err);
    /*
     * What the archives' lists say of these package files: for each question all records with the same name, version and
     * architecture, of whatever digest; where no list that is believed names it, none.
     */
    bool (*vouch)(const struct manager_request *request, const struct vouch_question *questions,
                  struct arena *arena, struct vouched_records *out, struct error *err);
    /* The order of its versions. */
    enum version_order order;
};

#endif
