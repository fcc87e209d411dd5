#include "store/fleet_schema.h"

#include <stdio.h>

#include "base/limits.h"

/*
 * What no other database has to say: which schema this is. The first statement asks whether the table is there, since a
 * question to a table that is not would end PostgreSQL's transaction.
 */
static const char step_1[] =
    "CREATE TABLE meta (name {text} PRIMARY KEY, number {number} NOT NULL, value {bytes} NOT NULL) "
    "{clustered};"
    "CREATE TABLE writer (writer {bytes} PRIMARY KEY, batch {number} NOT NULL, at_us {number} NOT NULL)"
    " {clustered};"
    "CREATE TABLE generation (generation {key}, highest {number} NOT NULL, reported {number} NOT NULL);"
    "INSERT INTO generation (generation, highest, reported) VALUES (1, 0, 0), (2, 0, 0), (3, 0, 0);"
    "CREATE TABLE month (month {key});"
    /* machines */
    "CREATE TABLE facts (facts {key}, os {text} NOT NULL, codename {text} NOT NULL, arch {text} NOT NULL,"
    " kernel {text} NOT NULL);"
    "INSERT INTO facts (facts, os, codename, arch, kernel) VALUES (0, '', '', '', '');"
    "CREATE TABLE host (hid {key}, id {bytes} NOT NULL, flags {number} NOT NULL, enrolled_us {number} NOT "
    "NULL,"
    " token {number} NOT NULL, class {text} NOT NULL, ring {number} NOT NULL, name {text} NOT NULL,"
    " facts {number} NOT NULL, scanned_us {number} NOT NULL, certificate_end_us {number} NOT NULL,"
    " certificate {bytes} NOT NULL, revision {number} NOT NULL);"
    "CREATE INDEX host_id ON host (id);"
    "CREATE INDEX host_name ON host (name, hid);"
    "CREATE TABLE host_seen (hid {key}, counter {number} NOT NULL, random {number} NOT NULL, epoch {number} "
    "NOT NULL,"
    " seen_us {number} NOT NULL, agent {number} NOT NULL, state {number} NOT NULL, level {number} NOT NULL,"
    " plan {number} NOT NULL, advisories {number} NOT NULL, repository {number} NOT NULL, policy {number} "
    "NOT NULL,"
    " due {number} NOT NULL, late {number} NOT NULL, open {number} NOT NULL, unknown {number} NOT NULL);"
    "CREATE TABLE outbox (hid {number}, epoch {number}, ack {number} NOT NULL, lost {number} NOT NULL,"
    " made_us {number} NOT NULL, PRIMARY KEY (hid, epoch)) {clustered};"
    "CREATE TABLE inventory (hid {key}, root {bytes} NOT NULL, committed_us {number} NOT NULL,"
    " chunks {bytes} NOT NULL);"
    "CREATE TABLE chunk (hash {bytes} PRIMARY KEY, first_us {number} NOT NULL, body {bytes} NOT NULL) "
    "{clustered};"
    "CREATE TABLE enrol_token (number {key}, secret {bytes} NOT NULL, label {text} NOT NULL, made_by {text} "
    "NOT NULL,"
    " class {text} NOT NULL, uses_max {number} NOT NULL, uses {number} NOT NULL, made_us {number} NOT NULL,"
    " ends_us {number} NOT NULL, revoked_us {number} NOT NULL, revision {number} NOT NULL);"
    "CREATE INDEX enrol_token_secret ON enrol_token (secret);";

static const char step_2[] =
    "CREATE TABLE fix (fix {key}, name {text} NOT NULL, about {text} NOT NULL);"
    "CREATE TABLE fix_generation (fix {number}, generation {number}, at_us {number} NOT NULL, hosts {number} "
    "NOT NULL,"
    " unknown {number} NOT NULL, stale {number} NOT NULL, chunks {bytes} NOT NULL, PRIMARY KEY (fix, "
    "generation));"
    "CREATE TABLE finding (hid {number}, fix {number}, opened_us {number}, closed_us {number} NOT NULL,"
    " opened {number} NOT NULL, closed {number} NOT NULL, PRIMARY KEY (hid, fix, opened_us)) {clustered};"
    "CREATE INDEX finding_fix ON finding (fix, hid, opened_us);"
    "CREATE TABLE host_finding (hid {key}, generation {number} NOT NULL);"
    "INSERT INTO host_finding (hid, generation) SELECT hid, 0 FROM host;";

static const char step_3[] =
    "CREATE TABLE plan (generation {key}, made_us {number} NOT NULL, body {bytes} NOT NULL,"
    " signature {bytes} NOT NULL);"
    "CREATE TABLE now_item (number {key}, fix {text} NOT NULL, class {text} NOT NULL, made_by {text} NOT "
    "NULL,"
    " reason {text} NOT NULL, made_us {number} NOT NULL, ends_us {number} NOT NULL, withdrawn_us {number} "
    "NOT NULL,"
    " revision {number} NOT NULL);"
    "CREATE TABLE person (name {text} PRIMARY KEY, password {text} NOT NULL, role {text} NOT NULL,"
    " disabled {number} NOT NULL, must_change {number} NOT NULL, failures {number} NOT NULL,"
    " locked_until_us {number} NOT NULL, made_us {number} NOT NULL, changed_us {number} NOT NULL,"
    " revision {number} NOT NULL);"
    "CREATE TABLE api_token (number {key}, secret {bytes} NOT NULL, person {text} NOT NULL, label {text} NOT "
    "NULL,"
    " role {text} NOT NULL, scope {text} NOT NULL, session {number} NOT NULL, made_us {number} NOT NULL,"
    " ends_us {number} NOT NULL, used_us {number} NOT NULL, revoked_us {number} NOT NULL, revision {number} "
    "NOT NULL);"
    "CREATE INDEX api_token_secret ON api_token (secret);"
    "CREATE TABLE audit (seq {key}, at_us {number} NOT NULL, actor {text} NOT NULL, address {text} NOT NULL,"
    " deed {text} NOT NULL, object {text} NOT NULL, detail {text} NOT NULL, chain {bytes} NOT NULL);";

static const char *const steps[FLEET_SCHEMA] = {step_1, step_2, step_3};

const struct fleet_table fleet_tables[] = {
    {"meta", "name, number, value", "tnb", "name", " WHERE name NOT LIKE 'schema%'"},
    {"generation", "generation, highest, reported", "nnn", "generation", NULL},
    {"month", "month", "n", "month", NULL},
    {"facts", "facts, os, codename, arch, kernel", "ntttt", "facts", NULL},
    {"host",
     "hid, id, flags, enrolled_us, token, class, ring, name, facts, scanned_us, certificate_end_us, "
     "certificate, revision",
     "nbnnntntnnnbn", "hid", NULL},
    {"host_seen",
     "hid, counter, random, epoch, seen_us, agent, state, level, plan, advisories, repository, policy, due, "
     "late, open, unknown",
     "nnnnnnnnnnnnnnnn", "hid", NULL},
    {"outbox", "hid, epoch, ack, lost, made_us", "nnnnn", "hid, epoch", NULL},
    {"inventory", "hid, root, committed_us, chunks", "nbnb", "hid", NULL},
    {"chunk", "hash, first_us, body", "bnb", "hash", NULL},
    {"enrol_token",
     "number, secret, label, made_by, class, uses_max, uses, made_us, ends_us, revoked_us, revision",
     "nbtttnnnnnn", "number", NULL},
    {"fix", "fix, name, about", "ntt", "fix", NULL},
    {"fix_generation", "fix, generation, at_us, hosts, unknown, stale, chunks", "nnnnnnb", "fix, generation",
     NULL},
    {"finding", "hid, fix, opened_us, closed_us, opened, closed", "nnnnnn", "hid, fix, opened_us", NULL},
    {"host_finding", "hid, generation", "nn", "hid", NULL},
    {"plan", "generation, made_us, body, signature", "nnbb", "generation", NULL},
    {"now_item", "number, fix, class, made_by, reason, made_us, ends_us, withdrawn_us, revision", "nttttnnnn",
     "number", NULL},
    {"person",
     "name, password, role, disabled, must_change, failures, locked_until_us, made_us, changed_us, revision",
     "tttnnnnnnn", "name", NULL},
    {"api_token",
     "number, secret, person, label, role, scope, session, made_us, ends_us, used_us, revoked_us, revision",
     "nbttttnnnnnn", "number", NULL},
    {"audit", "seq, at_us, actor, address, deed, object, detail, chain", "nntttttb", "seq", NULL},
    {0},
};

const struct fleet_table fleet_month_tables[] = {
    {"event", "hid, epoch, seq, kind, at_us, received_us, digest, body", "nnnnnnbb", "hid, epoch, seq", NULL},
    {"change", "hid, at_us, bucket, was, became", "nnnbb", "hid, at_us, bucket", NULL},
    {0},
};

bool fleet_schema_month(const struct store *kind, void *handle, int64_t month, struct error *err)
{
    char sql[1024];

    (void)snprintf(
        sql, sizeof(sql),
        "CREATE TABLE event_%06lld (hid {number}, epoch {number}, seq {number}, kind {number} NOT NULL,"
        " at_us {number} NOT NULL, received_us {number} NOT NULL, digest {bytes} NOT NULL, body {bytes} NOT "
        "NULL,"
        " PRIMARY KEY (hid, epoch, seq));"
        "CREATE INDEX event_%06lld_at ON event_%06lld (hid, received_us);"
        "CREATE TABLE change_%06lld (hid {number}, at_us {number}, bucket {number}, was {bytes} NOT NULL,"
        " became {bytes} NOT NULL, PRIMARY KEY (hid, at_us, bucket)) {clustered};"
        "INSERT INTO month (month) VALUES (%lld);",
        (long long)month, (long long)month, (long long)month, (long long)month, (long long)month);
    return kind->run(handle, sql, err) || error_at(err, "month %lld", (long long)month);
}

/* ---- versions ---- */

static bool take_number(void *self, const struct store_value *columns, struct error *err)
{
    int64_t *out = self;

    (void)err;
    *out = columns[0].number;
    return true;
}

bool fleet_schema_version(const struct store *kind, void *handle, uint32_t *out, struct error *err)
{
    int64_t tables = 0, version = 0;
    const struct store_call count = {
        .sql = kind->count_tables, .columns = "n", .each = take_number, .self = &tables};
    const struct store_call ask = {.sql = "SELECT number FROM meta WHERE name = 'schema'",
                                   .columns = "n",
                                   .each = take_number,
                                   .self = &version};

    if (!kind->call(handle, &count, err))
        return false;
    if (tables == 0) {
        *out = 0;
        return true;
    }
    if (!kind->call(handle, &ask, err))
        return error_at(err, "there are tables in it, but not those of a fleet");
    if (version <= 0)
        return error_set(err, ERROR_INPUT, "there are tables in it, but not those of a fleet");
    if (version > FLEET_SCHEMA)
        return error_set(
            err, ERROR_INPUT,
            "was written by a newer sutured (schema %lld, this one knows %d): use that one, or a "
            "backup from before its first start",
            (long long)version, FLEET_SCHEMA);
    *out = (uint32_t)version;
    return true;
}

bool fleet_schema_upgrade(const struct store *kind, void *handle, uint32_t from, uint32_t version,
                          int64_t now_us, struct error *err)
{
    for (uint32_t next = from; next < version; next++) {
        char note[256];
        (void)snprintf(note, sizeof(note),
                       "DELETE FROM meta WHERE name = 'schema';"
                       "INSERT INTO meta (name, number, value) VALUES ('schema', %u, {empty}), ('schema %u', "
                       "%lld, {empty});",
                       next + 1, next + 1, (long long)now_us);
        if (!kind->run(handle, steps[next], err) || !kind->run(handle, note, err))
            return error_at(err, "schema %u", next + 1);
    }
    return true;
}
