/*
 * What `suture agent status` tells: whose machine this is, when the server was spoken to last, what waits; and with
 * `collected` everything that the server has from this machine, as it has it.
 */
#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H

#include "base/writer.h"

struct agent_status_wish {
    bool collected;
    bool json;
};

bool agent_status_write(const struct agent_status_wish *wish, struct writer *out, struct error *err) MUST_USE;

#endif
