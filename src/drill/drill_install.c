/*
 * Drills against the last steps: between the proof of a file and the program that installs it.
 */
#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "drill/drill_data.h"
#include "drill/victim.h"
#include "manager/execute_message.h"
#include "store/rollback_store.h"

/* ---- installer-race ---- */

struct race {
    struct victim victim;
    struct plan_change change;
    struct bytes bad;
};

static bool begin(struct drill_run *run, const char *name, struct race *out, struct error *err)
{
    struct race race = {.bad = drill_data("lantern_2.0_bad.deb")};

    if (!victim_make(run, name, &race.victim, err))
        return false;
    race.change = victim_change(&race.victim, "2.0", drill_data("lantern_2.0.deb"));
    *out = race;
    return victim_fetch(&race.victim, &race.change, err);
}

static bool before_the_proof(struct drill_run *run, struct error *err)
{
    struct race race;
    struct trusted_artifact artifact;
    struct error refusal = {0};

    drill_attempt(run, "the file is another one when it is proved than when it was fetched");
    if (!begin(run, "before", &race, err) || !victim_plant(&race.victim, &race.change, race.bad, err))
        return false;
    bool believed = victim_prove(&race.victim, &race.change, &artifact, &refusal) &&
                    victim_install(&race.victim, &artifact, &refusal);
    drill_refused(run, believed, &refusal,
                  "wrong-signature: its SHA-256 is not the one that was vouched for");
    victim_judge(&race.victim);
    return true;
}

static bool behind_the_proof(struct drill_run *run, struct error *err)
{
    struct race race;
    struct trusted_artifact artifact;
    struct error refusal = {0};

    drill_attempt(run, "the file is another one when it is installed than when it was proved");
    if (!begin(run, "behind", &race, err) || !victim_prove(&race.victim, &race.change, &artifact, err) ||
        !victim_plant(&race.victim, &race.change, race.bad, err))
        return false;
    drill_refused(run, victim_install(&race.victim, &artifact, &refusal), &refusal,
                  "the file is not the one that was proved: its SHA-256 is another");
    victim_judge(&race.victim);
    return true;
}

/* Where others may write, nothing that was hashed is what will be used. */
static bool in_an_open_folder(struct drill_run *run, struct error *err)
{
    struct race race;
    struct trusted_artifact artifact;
    struct error refusal = {0};

    drill_attempt(
        run,
        "the folder of the fetched files may be written by others: they only have to wait for the proof");
    if (!begin(run, "open", &race, err))
        return false;
    const char *folder = file_path(run->arena, race.victim.packages, "packages");
    if (folder == NULL || chmod(folder, 0777) != 0)
        return error_system(err, "packages");
    bool believed = victim_prove(&race.victim, &race.change, &artifact, &refusal);
    drill_refused(run, believed, &refusal, "wrong-signature: ");
    if (chmod(folder, 0700) != 0)
        return error_system(err, "packages");
    victim_judge(&race.victim);
    victim_recover(&race.victim);
    return true;
}

/* A rollback store with one package that was here before: lantern 1.5. */
static bool put_store(struct drill_run *run, const char *folder, struct bytes deb, struct digest *seal,
                      struct error *err)
{
    const char *path = file_path(run->arena, folder, "new");
    struct kept_change change = {.kind = CHANGE_UPGRADE,
                                 .origin = KEPT_AS_FETCHED,
                                 .name = TEXT("lantern"),
                                 .arch = TEXT("amd64"),
                                 .from = TEXT("1.5"),
                                 .to = TEXT("2.0"),
                                 .deb = {.size = deb.size},
                                 .paragraph = BYTES("Package: lantern\nVersion: 1.5\n")};
    struct rollback_store store = {.made_us = run->now_us,
                                   .run = TEXT("20261121T030502Z-9f3a61c2"),
                                   .plan = TEXT("0123"),
                                   .arch = TEXT("amd64"),
                                   .changes = &change,
                                   .change_count = 1};

    if (path == NULL)
        return arena_full(run->arena, err);
    return rollback_store_begin(folder, err) &&
           rollback_store_put(folder, BYTES("automatic"), &store.extended, err) &&
           digest_bytes(DIGEST_SHA256, deb, &change.deb.digest, err) &&
           file_replace_cache(path, deb, 0600, err) &&
           rollback_store_take_deb(folder, path, &change.deb, err) &&
           rollback_store_seal(folder, &store, seal, err);
}

static bool believe(const struct victim *victim, const char *folder, const struct digest *seal,
                    struct trusted_artifacts *out, struct error *err)
{
    const struct trust_way_back way = {folder, *seal};
    enum trust_refusal refusal;

    return trust_check_installed(&way, victim->run->arena, out, &refusal, err);
}

static bool take_back(const struct victim *victim, const char *folder, const struct digest *seal,
                      struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    struct trusted_artifacts artifacts;

    return believe(victim, folder, seal, &artifacts, err) &&
           file_map(artifacts.at[0].path, LIMIT_DEB_FILE, &map, err) &&
           victim_run_script(victim, map.bytes, err);
}

/* What was installed here is believed without a vendor: so nothing else may ever look like it. */
static bool by_the_way_back(struct drill_run *run, struct error *err)
{
    struct victim victim;
    struct digest seal, forged;
    struct error refusal = {0};

    drill_attempt(
        run,
        "what an earlier run kept for going back is another package, with a list of contents that fits it");
    if (!victim_make(run, "back", &victim, err))
        return false;
    const char *folder = file_path(run->arena, victim.packages, "rollback");
    if (folder == NULL)
        return arena_full(run->arena, err);
    if (!put_store(run, folder, drill_data("lantern_1.5.deb"), &seal, err) ||
        !put_store(run, folder, drill_data("lantern_2.0_bad.deb"), &forged, err))
        return false;
    drill_refused(run, take_back(&victim, folder, &seal, &refusal), &refusal,
                  "is not the one whose digest the journal holds");
    victim_judge(&victim);
    refusal = (struct error){0};
    if (!put_store(run, folder, drill_data("lantern_1.5.deb"), &forged, err))
        return false;
    bool honest = take_back(&victim, folder, &seal, &refusal) && victim_ran(&victim, "lantern 1.5");
    if (honest)
        drill_note(run, "With what the run kept, going back works.");
    else
        drill_held(run, false, "going back failed: %s", refusal.text);
    return true;
}

/* The executor does what it is told by whoever may ask it; but not everything. */
static bool by_the_deputy(struct drill_run *run, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(64 * KIB);
    struct trusted_artifacts artifacts;
    struct execute_order got;
    struct victim victim;
    struct digest seal;
    struct error refusal = {0};

    drill_attempt(run,
                  "the executor is asked to install an old version, with a hole, because it \"was installed "
                  "here\"");
    if (!victim_make(run, "deputy", &victim, err))
        return false;
    const char *folder = file_path(run->arena, victim.packages, "rollback");
    if (folder == NULL)
        return arena_full(run->arena, err);
    if (!put_store(run, folder, drill_data("lantern_1.5.deb"), &seal, err) ||
        !believe(&victim, folder, &seal, &artifacts, err))
        return false;
    execute_order_write(
        &w, &(struct execute_order){.operation = EXECUTE_INSTALL,
                                    .run = TEXT("20261121T030502Z-9f3a61c2"),
                                    .group = {.artifacts = artifacts.at, .artifact_count = artifacts.count}});
    drill_refused(run, execute_order_parse(writer_bytes(&w), run->arena, &got, &refusal), &refusal,
                  "counts for a rollback alone");
    return true;
}

static bool run_race(struct drill_run *run, struct error *err)
{
    drill_attacker(run,
                   "a place on the machine from where he can change files that were fetched, but no root");
    return before_the_proof(run, err) && behind_the_proof(run, err) && by_the_way_back(run, err) &&
           by_the_deputy(run, err) && in_an_open_folder(run, err);
}

const struct drill drill_installer_race = {
    .name = "installer-race",
    .what = "A file is changed between its proof and its installation.",
    .alarm = "wrong-signature",
    .run = run_race,
};
