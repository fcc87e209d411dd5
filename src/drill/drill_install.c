/*
 * Drills against the last steps: between the proof of a file and the program that installs it.
 */
#include <sys/stat.h>

#include "base/file.h"
#include "drill/drill_data.h"
#include "drill/victim.h"

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

static bool run_race(struct drill_run *run, struct error *err)
{
    drill_attacker(run,
                   "a place on the machine from where he can change files that were fetched, but no root");
    return before_the_proof(run, err) && behind_the_proof(run, err) && in_an_open_folder(run, err);
}

const struct drill drill_installer_race = {
    .name = "installer-race",
    .what = "A file is changed between its proof and its installation.",
    .alarm = "wrong-signature",
    .run = run_race,
};
