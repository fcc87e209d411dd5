/*
 * What is held for a person, on a screen and as JSON.
 *
 *     (!) held for a person: ca-certificates changes a maintainer script, config; suture approve ca-certificates shows it
 */
#ifndef CLI_PRINT_HELD_H
#define CLI_PRINT_HELD_H

#include "cli/screen.h"
#include "flow/gate.h"
#include "format/json.h"

void print_held(const struct gate_holds *holds, struct arena *arena, struct screen *screen);

/* [{"name", "arch", "version", "gate": "soak|powers|new-package", "why", "until": null or a time}] */
void print_held_json(const struct gate_holds *holds, struct json_writer *j);

#endif
