/*
 * The settings of sutured: one YAML file, which may be absent, and the options of the command line, which win over it. One table
 * (settings_rows) has each key with its kind, bounds, default and line of help; the sample file and doc/sutured.md's part are
 * written from it. What can be decided well by default has no key.
 *
 *     listen: 192.0.2.10           # /etc/suture/sutured.yaml
 *     names: [patch.example.org]
 *     store: postgres:host=db1,db2 dbname=suture
 */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include <stdio.h>

#include "base/bytes.h"

#define SETTINGS_NAMES_MAX 14

struct server_settings {
    const char *data; /* absolute */
    const char *listen;
    uint32_t agents_port, people_port, static_port; /* 0: the system chooses */
    const char *store;  /* "sqlite:PATH" or "postgres:CONNINFO", as fleet_store_open takes it */
    const char **names; /* by which it is reached, beside its own: DNS names and addresses */
    uint32_t name_count;
    const char *content; /* the address of a mirror of the plain listener, or "" */
    const char
        *repository; /* the folder of the fleet's TUF repository; "": DATA/repo, made at the first start */
    uint32_t interval_s;
    uint32_t threads;
    uint32_t connections, connections_an_address;
    uint32_t requests, slots; /* admission */
    uint32_t head_s, body_s, rest_s;
    uint32_t feeds_h;   /* between updates of the advisories; 0: none */
    uint32_t log_level; /* enum log_level */
};

enum settings_kind { SETTINGS_TEXT, SETTINGS_NUMBER, SETTINGS_NAMES, SETTINGS_LEVEL };

struct settings_row {
    const char *key;
    enum settings_kind kind;
    size_t offset;
    const char *absent; /* what it is when it is not given, as it would stand in the file */
    uint32_t min, max;  /* NUMBER */
    const char *help;
};
extern const struct settings_row settings_rows[]; /* ends without key */

/* What the command line says: NULL where nothing. */
struct settings_options {
    const char *config; /* the file; NULL: /etc/suture/sutured.yaml if it is there */
    const char *data, *listen, *store;
};

bool settings_read(const struct settings_options *options, struct arena *arena, struct server_settings *out,
                   struct error *err) MUST_USE;
/* The file alone, with the defaults for what it leaves out. */
bool settings_parse(struct bytes raw, struct text name, struct arena *arena, struct server_settings *out,
                    struct error *err) MUST_USE;
/* A file with every key, all of them as comments. */
void settings_write_sample(FILE *out);

#endif
