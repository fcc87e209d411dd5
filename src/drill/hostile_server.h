/*
 * A web server on this machine's loopback that behaves as badly as its path says, in a process of its own; nothing leaves
 * the machine.
 *
 *     /honest        the content that was given
 *     /endless       a body without length, which does not end (after 4 MB it does, for the sake of who runs the drill)
 *     /longer        says it has a terabyte
 *     /drip          two bytes in a tenth of a second, for three seconds
 *     /silent        an answer's first line, and nothing more
 *     /heads         heads that do not end
 *     /away          a redirect to file:///etc/passwd
 *     /around        a redirect to itself
 */
#ifndef DRILL_HOSTILE_SERVER_H
#define DRILL_HOSTILE_SERVER_H

#include "base/bytes.h"

struct hostile_server {
    int pid; /* 0: none */
    unsigned port;
};

bool hostile_server_start(struct bytes honest, struct hostile_server *out, struct error *err) MUST_USE;
/* Ends it. OWN(hostile_server_end). */
void hostile_server_end(struct hostile_server *server);

#endif
