/*
 * The inverted index of a fleet: which hosts have which versions of which source packages, and what our advisories say
 * of each, so that a question about one vulnerability looks at a few versions and never at a hundred thousand hosts.
 *
 *     (release, source package) -> variants (its packages as one machine can have them) -> chunks -> hosts
 *
 * A host commits what is in its 256 buckets (wire/agent_chunk.h) by the hashes of its chunks; a chunk that is not known here yet
 * comes with its entries. Equal chunks of one release are kept once. What a variant is exposed to is told by matching (match.h)
 * over the compiled index of its release, once for each variant and not for each host, and again when the index says something else of
 * its source: what did not change is not looked at.
 *
 * A kernel's holes depend on which image runs. So a variant of a kernel also has the running kernel's name, where it
 * has kernel code, and a chunk with such a variant is another one on a machine that runs another kernel.
 *
 * Nothing here is believed more than the agent that sent it: a host's own entries change answers about that host alone. What
 * no host has is forgotten, so that a hostile agent cannot fill the memory beyond what one host may have.
 *
 * Hosts are numbers from 0, given by the caller (server/host_table.h), dense, never above LIMIT_FLEET_HOSTS.
 *
 * Every function may be called from any thread: a lock inside lets many ask at once. Those that change the index are for
 * one thread at a time; a re-evaluation keeps readers waiting only while its results are put in place. Texts of answers are
 * copied into the caller's arena.
 */
#ifndef IDENTIFY_FLEET_INDEX_H
#define IDENTIFY_FLEET_INDEX_H

#include "base/time.h"
#include "identify/index.h"

#define FLEET_INDEX_BUCKETS   256
#define FLEET_INDEX_HASH_SIZE 16
#define FLEET_INDEX_NONE      UINT32_MAX

struct fleet_index;

/* Hashes of tables are keyed by `key`, which is random. OWN(fleet_index_end). */
bool fleet_index_make(uint64_t key, struct fleet_index **out, struct error *err) MUST_USE;
void fleet_index_end(struct fleet_index **index);

/* ---- what hosts have ---- */

struct fleet_index_entry {
    struct text source, source_version; /* absent: as the package's */
    struct text package, version, arch;
};
struct fleet_index_bucket {
    uint8_t bucket;
    uint8_t hash[FLEET_INDEX_HASH_SIZE]; /* zeros: empty */
    bool given;                          /* its entries are here, for the case that the chunk is not known */
    const struct fleet_index_entry *entries;
    size_t entry_count;
};
struct fleet_index_commit {
    struct text release; /* "debian-12" (model/release.h); absent: not known */
    struct text kernel;  /* that runs; absent: not known, or a container */
    int64_t scanned_us;
    const struct fleet_index_bucket *buckets; /* those that changed; bucket numbers ascending */
    size_t bucket_count;
};

/* Whether a host of this release and kernel may commit the chunk without giving its entries. */
bool fleet_index_knows(struct fleet_index *index, struct text release, struct text kernel,
                       const uint8_t hash[FLEET_INDEX_HASH_SIZE]);
/*
 * What the host has from now on. All of it or nothing: ERROR_ABSENT, a chunk is neither known nor given; ERROR_LIMIT, memory
 * or the number of the host.
 */
bool fleet_index_put(struct fleet_index *index, uint32_t host, const struct fleet_index_commit *commit,
                     struct error *err) MUST_USE;
/* A host that is known and has not committed anything: counted as unknown in every answer. */
bool fleet_index_expect(struct fleet_index *index, uint32_t host, struct error *err) MUST_USE;
/* The host said that it still has what it committed, looked at then. */
void fleet_index_confirm(struct fleet_index *index, uint32_t host, int64_t scanned_us);
/* The hashes of its buckets, zeros where empty. False: it has not committed anything. */
bool fleet_index_hashes(struct fleet_index *index, uint32_t host,
                        uint8_t out[FLEET_INDEX_BUCKETS][FLEET_INDEX_HASH_SIZE]);
/* It is gone from the fleet; its number may be given again. */
void fleet_index_drop(struct fleet_index *index, uint32_t host);

/* ---- what advisories say ---- */

/*
 * A fix: what closes some vulnerabilities of one source package at once. `fixed` absent: nothing closes them yet.
 * (release, source, fixed) is its name, the same in every generation.
 */
struct fleet_index_fix {
    uint32_t number; /* within this process, ascending from 0 */
    struct text release, source, fixed;
};
/* One fix whose hosts may have changed in a generation: the chunks that are exposed to it now. */
struct fleet_index_fix_change {
    struct fleet_index_fix fix;
    uint32_t hosts;        /* exposed to it now */
    const uint8_t *chunks; /* FLEET_INDEX_HASH_SIZE each */
    size_t chunk_count;
};
struct fleet_index_change {
    uint64_t generation;
    const struct fleet_index_fix_change *fixes;
    size_t fix_count;
    uint32_t sources, variants; /* that were judged anew */
};

/*
 * From here on these indexes count, one for each release, and no others: all of them at once, or, when it fails, those from before.
 * They and their bytes must live until the next call, or the end, of the fleet's index; those from before may go then.
 * generation must be above the last (ERROR_CONFLICT). *out is in the arena.
 */
bool fleet_index_advise(struct fleet_index *index, const struct index *const *advisories, size_t count,
                        uint64_t generation, struct arena *arena, struct fleet_index_change *out,
                        struct error *err) MUST_USE;
/* The generation that all answers are of; 0: no advisories yet. */
uint64_t fleet_index_generation(struct fleet_index *index);

/* The fixes that the host is exposed to, in no order that lasts; `digest` tells whether they are the same as last time. */
struct fleet_index_findings {
    uint64_t generation;
    uint64_t digest; /* the same for the same set, whatever the generation, within one process */
    const struct fleet_index_fix *fixes;
    size_t count;
};
/* ERROR_ABSENT: the host has not committed anything, or there are no advisories for its release: nothing is known. */
bool fleet_index_findings(struct fleet_index *index, uint32_t host, struct arena *arena,
                          struct fleet_index_findings *out, struct error *err) MUST_USE;
/* The digest alone, for each check-in: costs no memory. False as above. */
bool fleet_index_findings_digest(struct fleet_index *index, uint32_t host, uint64_t *digest,
                                 uint64_t *generation);

/* The ids that this fix closes on some host ("CVE-2026-1234"), ascending, in the arena; none when no host is exposed to it. */
bool fleet_index_fix_ids(struct fleet_index *index, uint32_t fix, struct arena *arena, struct text **out,
                         size_t *count, struct error *err) MUST_USE;

/* ---- questions ---- */

enum fleet_index_state {
    FLEET_INDEX_UNKNOWN,       /* no inventory, no advisories for its release, or the vendor has not looked */
    FLEET_INDEX_CLEAR,         /* not exposed, by an inventory that is fresh */
    FLEET_INDEX_STALE,         /* not exposed, by an inventory that is old: what it has now nobody knows */
    FLEET_INDEX_EXPOSED,       /* by an inventory that is fresh */
    FLEET_INDEX_EXPOSED_STALE, /* exposed when it was last heard of */
    FLEET_INDEX_STATE_COUNT
};
const char *fleet_index_state_name(enum fleet_index_state state); /* "exposed-stale" */

struct fleet_index_count {
    uint64_t generation;
    uint32_t hosts[FLEET_INDEX_STATE_COUNT];
    uint32_t total;
};
/* Who is exposed to this id ("CVE-2026-1234", or any other that an advisory has). An inventory from before stale_us is old. */
bool fleet_index_exposed(struct fleet_index *index, struct text id, int64_t stale_us,
                         struct fleet_index_count *out, struct error *err) MUST_USE;

struct fleet_index_row {
    uint32_t host;
    enum fleet_index_state state;
    struct text source, installed; /* source package and its version; of `where` also the package */
    struct text package, version, arch;
    struct text fixed; /* of `exposed`: absent when there is no fix */
    int64_t scanned_us;
};
/*
 * A page of these hosts: those with numbers above `after` (FLEET_INDEX_NONE: from the first on), ascending, at most room. wanted: a bit
 * (1 << enum fleet_index_state) for each state that is listed. Rows and texts are in the arena.
 */
struct fleet_index_page {
    int64_t stale_us;
    uint32_t after;
    uint32_t room;
    unsigned wanted;
};
struct fleet_index_rows {
    uint64_t generation;
    const struct fleet_index_row *rows;
    size_t count;
    bool more;
};
bool fleet_index_exposed_page(struct fleet_index *index, struct text id, const struct fleet_index_page *page,
                              struct arena *arena, struct fleet_index_rows *out, struct error *err) MUST_USE;

/*
 * Who has a package of this name, or one of this source package; version absent: any, else the package's own or its source's.
 * count (may be NULL): all of them, old inventories as FLEET_INDEX_EXPOSED_STALE, the others as FLEET_INDEX_EXPOSED; hosts without inventory as unknown.
 */
bool fleet_index_where(struct fleet_index *index, struct text package, struct text version,
                       const struct fleet_index_page *page, struct arena *arena, struct fleet_index_rows *out,
                       struct fleet_index_count *count, struct error *err) MUST_USE;

/* How much there is of everything: for /api/1/status and the bench. */
struct fleet_index_size {
    uint32_t hosts, chunks, variants, sources, fixes;
    size_t memory; /* bytes asked of the system, without what its allocator adds */
};
void fleet_index_size(struct fleet_index *index, struct fleet_index_size *out);

#endif
