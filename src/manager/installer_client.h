/*
 * The installer that asks suture-execute.
 *
 * It is opened for one run, before this process gives up what it does not need (starting a program is among that), and
 * holds nothing but a socket. Whether a call did what it should is asked of dpkg's database after it, not of its output.
 */
#ifndef MANAGER_INSTALLER_CLIENT_H
#define MANAGER_INSTALLER_CLIENT_H

#include "base/helper.h"
#include "manager/installer.h"

struct installer_client {
    struct helper helper;
    const char *state; /* borrowed from the request */
    struct text run;
    const char *packages; /* the run's folder of package files */
};

struct installer_client_request {
    const char *program; /* suture-execute, absolute (os_helper finds it) */
    const char *state;   /* the state folder, absolute */
    const char *root;    /* "/" or another root */
    struct text run;     /* its id; its packages lie in STATE/runs/RUN/packages */
};

/* Everything in the arena. OWN(installer_client_end). */
bool installer_client_open(const struct installer_client_request *request, struct arena *arena,
                           struct installer_client *out, struct error *err) MUST_USE;
/* From now on for another run, by the same suture-execute and under the same lock. */
bool installer_client_turn(struct installer_client *client, struct text run, struct arena *arena,
                           struct error *err) MUST_USE;
/* Waits until suture-execute has ended, and with it what it was doing. */
void installer_client_end(struct installer_client *client);

/* The door; valid while the client stays where it is. */
struct installer installer_client_door(struct installer_client *client);

#endif
