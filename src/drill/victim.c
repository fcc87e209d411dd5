#include "drill/victim.h"

#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "drill/drill_data.h"
#include "flow/powers_of_plan.h"
#include "flow/vendor.h"
#include "manager/apt_sources.h"
#include "manager/deb_file.h"
#include "manager/execute_work.h"
#include "manager/managers.h"
#include "store/versions_seen.h"
#include "trust/gpgv.h"

#define RUN            "1"
#define SCRIPT_TIME_MS 10000

static const struct {
    const char *path, *content;
} files[] = {
    {"etc/os-release",
     "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nPRETTY_NAME=\"Debian GNU/Linux 12 "
     "(bookworm)\"\n"},
    {"etc/hostname", "victim\n"},
    {"var/lib/dpkg/arch", "amd64\n"},
    {"var/lib/dpkg/info/format", "1\n"},
    {"var/lib/dpkg/info/lantern.list", "/.\n/usr\n/usr/share\n/usr/share/lantern\n"},
    {"usr/share/lantern", "lantern 1.0\n"},
    {"var/lib/dpkg/status",
     "Package: lantern\nStatus: install ok installed\nSection: misc\nArchitecture: amd64\n"
     "Version: 1.0\n"},
};

static const char *in(const struct victim *victim, const char *folder, const char *name)
{
    return file_path(victim->run->arena, folder, name);
}

/* The folder above is made with it. */
static bool put_file(const struct victim *victim, const char *folder, const char *name, struct bytes content,
                     struct error *err)
{
    const char *path = in(victim, folder, name);
    char *above = path == NULL ? NULL : text_string(victim->run->arena, text_of(path));

    if (above == NULL)
        return arena_full(victim->run->arena, err);
    *strrchr(above, '/') = 0;
    return file_make_folders(above, 0755, err) && file_replace_cache(path, content, 0644, err);
}

/* ---- making it ---- */

static bool put_source(const struct victim *victim, const char *suite, const char *signed_by,
                       struct error *err)
{
    struct arena *arena = victim->run->arena;
    struct text name = text_format(arena, "etc/apt/sources.list.d/%s.sources", suite);
    struct text content = text_format(
        arena, "Types: deb\nURIs: %.*s\nSuites: %s\nComponents: main\nArchitectures: amd64\nSigned-By: %s\n",
        TEXT_ARG(victim->uri), suite, signed_by);

    if (name.at == NULL || content.at == NULL)
        return arena_full(arena, err);
    return put_file(victim, victim->root, name.at, bytes_of_text(content), err);
}

bool victim_add_source(const struct victim *victim, const char *suite, const char *keyring, struct error *err)
{
    struct text path = text_format(victim->run->arena, "/etc/apt/keys/%s", keyring);

    if (path.at == NULL)
        return arena_full(victim->run->arena, err);
    return put_file(victim, victim->root, path.at + 1, drill_data(keyring), err) &&
           put_source(victim, suite, path.at, err);
}

bool victim_sign_by(const struct victim *victim, const char *signed_by, struct error *err)
{
    struct text whole = text_format(victim->run->arena, "/etc/apt/keys/%s %s", VICTIM_VENDOR, signed_by);

    if (whole.at == NULL)
        return arena_full(victim->run->arena, err);
    return put_source(victim, VICTIM_SUITE, whole.at, err);
}

static bool make_places(struct victim *victim, const char *name, struct text uri, struct error *err)
{
    struct arena *arena = victim->run->arena;
    const char *folder = file_path(arena, victim->run->folder, name);

    if (folder == NULL)
        return arena_full(arena, err);
    victim->root = file_path(arena, folder, "machine");
    victim->mirror = file_path(arena, folder, "mirror");
    victim->state = file_path(arena, folder, "state");
    victim->ran = file_path(arena, folder, "ran");
    victim->packages = victim->state == NULL ? NULL : file_path(arena, victim->state, "runs/" RUN);
    victim->uri = uri.size > 0 ? uri : text_format(arena, "file://%s/mirror/", folder);
    if (victim->root == NULL || victim->mirror == NULL || victim->ran == NULL || victim->packages == NULL ||
        victim->uri.at == NULL)
        return arena_full(arena, err);
    /* A helper that leaves root looks into both. */
    return file_make_folders(victim->root, 0755, err) && file_make_folders(victim->mirror, 0755, err) &&
           file_make_folders(victim->state, 0700, err) && file_make_folders(victim->packages, 0700, err);
}

bool victim_make(struct drill_run *run, const char *name, struct victim *out, struct error *err)
{
    return victim_make_at(run, name, TEXT(""), out, err);
}

bool victim_make_at(struct drill_run *run, const char *name, struct text uri, struct victim *out,
                    struct error *err)
{
    struct victim victim = {.run = run};

    if (!file_exists(GPGV_PATH))
        return error_set(err, ERROR_ABSENT, "%s is not on this machine: no list can be judged here",
                         GPGV_PATH);
    if (!make_places(&victim, name, uri, err))
        return false;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        if (!put_file(&victim, victim.root, files[i].path, bytes_of_text(text_of(files[i].content)), err))
            return false;
    if (!victim_add_source(&victim, VICTIM_SUITE, VICTIM_VENDOR, err) ||
        !victim_serve(&victim, VICTIM_SUITE, "honest.inrelease", "honest.packages", err) ||
        !victim_put_deb(&victim, "lantern_2.0_amd64.deb", drill_data("lantern_2.0.deb"), err))
        return false;
    *out = victim;
    return true;
}

bool victim_describe_vendor(const struct victim *victim, unsigned needed, bool bound, struct error *err)
{
    struct arena *arena = victim->run->arena;
    struct bytes vendor = drill_data("vendor.fingerprint"), partner = drill_data("partner.fingerprint");
    const char *folder = file_path(arena, victim->run->folder, "config");
    struct text place = text_part(victim->uri, strlen("file://"), SIZE_MAX);
    struct text archives =
        bound ? text_format(arena, "    archives: [\"%.*s\"]\n", TEXT_ARG(place)) : TEXT("");
    struct text content = text_format(arena,
                                      "publishers:\n"
                                      "  - name: drill-vendor\n"
                                      "    title: Drill Vendor\n"
                                      "%.*s"
                                      "    packages: [\"*\"]\n"
                                      "    suites:\n"
                                      "      - codename: oak-security\n"
                                      "        suite: " VICTIM_SUITE "\n"
                                      "        origin: Drill Vendor\n"
                                      "        label: Drill Vendor\n"
                                      "        signed by: [%.*s, %.*s]\n"
                                      "        needed: %u\n"
                                      "        maximum age: 7 days\n",
                                      TEXT_ARG(archives), (int)vendor.size, (const char *)vendor.at,
                                      (int)partner.size, (const char *)partner.at, needed);

    if (folder == NULL || content.at == NULL)
        return arena_full(arena, err);
    /* Where this user's configuration is, and where another root's is. */
    return put_file(victim, folder, VENDOR_PUBLISHERS_FILE, bytes_of_text(content), err) &&
           put_file(victim, victim->root, "etc/suture/" VENDOR_PUBLISHERS_FILE, bytes_of_text(content), err);
}

bool victim_forget_vendor(const struct victim *victim, struct error *err)
{
    const char *path = file_path(victim->run->arena, victim->run->folder, "config/" VENDOR_PUBLISHERS_FILE);
    const char *own = in(victim, victim->root, "etc/suture/" VENDOR_PUBLISHERS_FILE);

    if (path == NULL || own == NULL)
        return arena_full(victim->run->arena, err);
    return file_remove(path, err) && file_remove(own, err);
}

bool victim_remember(const struct victim *victim, const struct plan_change *change, int64_t first_us,
                     int64_t signed_us, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(64 * KIB);
    struct arena *arena = victim->run->arena;
    struct versions_seen seen = versions_seen_with();
    const char *path = file_path(arena, victim->state, VERSIONS_SEEN_FILE);
    const struct version_seen version = {.archive = versions_seen_archive(change->uri, change->suite, arena),
                                         .name = change->name,
                                         .arch = change->arch,
                                         .version = change->to,
                                         .digest = change->digest,
                                         .first_us = first_us};

    if (path == NULL || version.archive.at == NULL)
        return arena_full(arena, err);
    seen.signed_us = signed_us;
    return versions_seen_add(&seen, &version, arena, err) && versions_seen_write(&seen, &w, err) &&
           file_replace_cache(path, writer_bytes(&w), 0600, err);
}

/* ---- what its mirror sends ---- */

static bool serve(const struct victim *victim, const char *suite, const char *inrelease, struct bytes content,
                  const char *ending, struct error *err)
{
    struct arena *arena = victim->run->arena;
    const struct apt_source source = {
        .uri = victim->uri, .suite = text_of(suite), .component = TEXT("main"), .arch = TEXT("amd64")};
    struct text release = apt_source_file_name(&source, TEXT("InRelease"), arena);
    struct text plain = apt_source_file_name(&source, apt_source_list_name(&source, arena), arena);
    struct text list = text_format(arena, "%.*s%s", TEXT_ARG(plain), ending);
    const char *folder = in(victim, victim->root, "var/lib/apt/lists");
    const char *other =
        plain.at == NULL || folder == NULL ? NULL : file_path(arena, folder, text_string(arena, plain));

    if (release.at == NULL || list.at == NULL || other == NULL)
        return arena_full(arena, err);
    return file_remove(other, err) &&
           put_file(victim, folder, text_string(arena, release), drill_data(inrelease), err) &&
           put_file(victim, folder, text_string(arena, list), content, err);
}

bool victim_serve(const struct victim *victim, const char *suite, const char *inrelease, const char *packages,
                  struct error *err)
{
    return serve(victim, suite, inrelease, drill_data(packages), "", err);
}

bool victim_serve_packed(const struct victim *victim, const char *suite, const char *inrelease,
                         struct bytes list, const char *ending, struct error *err)
{
    return serve(victim, suite, inrelease, list, ending, err);
}

bool victim_put_deb(const struct victim *victim, const char *file, struct bytes content, struct error *err)
{
    struct text name = text_format(victim->run->arena, "pool/%s", file);

    if (name.at == NULL)
        return arena_full(victim->run->arena, err);
    return put_file(victim, victim->mirror, name.at, content, err);
}

bool victim_look(const struct victim *victim, const char *suite, struct text *why, struct error *err)
{
    struct arena *arena = victim->run->arena;
    struct manager_request request = {.root = victim->root, .now_us = victim->run->now_us, .remember = true};
    struct vendor_floors floors;
    const struct manager *manager = managers_of(victim->root);
    struct host host = {0};
    struct universe universe = {0};

    if (manager == NULL)
        return error_set(err, ERROR_ABSENT, "%s: no package manager is known here", victim->root);
    if (!vendor_request(victim->state, NULL, &floors, arena, &request, err) ||
        !manager->inventory(&request, arena, &host, err) ||
        !manager->universe(&request, &host, arena, &universe, err))
        return false;
    *why = TEXT("");
    for (size_t i = 0; i < host.archive_count; i++)
        if (text_equal(host.archives[i].suite, text_of(suite)))
            *why = host.archives[i].why;
    return true;
}

/* ---- updating ---- */

struct plan_change victim_change(const struct victim *victim, const char *version, struct bytes deb)
{
    struct error err;
    struct plan_change change = {
        .kind = CHANGE_UPGRADE,
        .reason = CHANGE_NAMED,
        .name = TEXT("lantern"),
        .arch = TEXT("amd64"),
        .from = TEXT("1.0"),
        .to = text_of(version),
        .source = TEXT("lantern"),
        .uri = victim->uri,
        .file = text_format(victim->run->arena, "pool/lantern_%s_amd64.deb", version),
        .suite = TEXT(VICTIM_SUITE),
        .size = deb.size,
        .due_us = TIME_ABSENT,
    };

    if (!digest_bytes(DIGEST_SHA256, deb, &change.digest, &err))
        change.digest.kind = DIGEST_UNKNOWN; /* no plan: refused */
    return change;
}

static struct plan plan_of(const struct plan_change *change)
{
    return (struct plan){.changes = change, .change_count = 1, .group_count = 1};
}

static struct prove_request request_of(const struct victim *victim)
{
    return (struct prove_request){.program = victim->run->tools->prove,
                                  .fetcher = victim->run->tools->fetch,
                                  .root = victim->root,
                                  .now_us = victim->run->now_us,
                                  .state = victim->state,
                                  .run = victim->packages,
                                  .gate = victim->gate};
}

bool victim_fetch(const struct victim *victim, const struct plan_change *change, struct error *err)
{
    const struct prove_request request = request_of(victim);
    const struct plan plan = plan_of(change);
    struct prove_fetched fetched;

    return prove_fetch(&request, &plan, victim->run->arena, &fetched, err);
}

bool victim_run_script(const struct victim *victim, struct bytes deb, struct error *err)
{
    struct arena *arena = victim->run->arena;
    const char *const argv[] = {"/bin/sh", "-s", NULL};
    struct text ran = text_format(arena, "DRILL_RAN=%s", victim->ran);
    const char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", ran.at, NULL};
    struct child_command command = {
        .argv = argv, .environment = environment, .timeout_ms = SCRIPT_TIME_MS, .output_limit = 64 * KIB};
    struct child_result result;
    struct deb_file file;

    if (ran.at == NULL)
        return arena_full(arena, err);
    if (!deb_file_read(deb, arena, &file, err))
        return false;
    const struct deb_part *script = deb_file_part(&file, TEXT("postinst"));
    if (script == NULL)
        return true;
    command.input = script->content;
    return child_run(&command, arena, &result, err) &&
           (result.status == 0 || error_set(err, ERROR_SYSTEM, "its script ended with %d", result.status));
}

bool victim_prove(const struct victim *victim, const struct plan_change *change, struct trusted_artifact *out,
                  struct error *err)
{
    const struct prove_request request = request_of(victim);
    const struct plan plan = plan_of(change);
    enum trust_refusal refusal;

    return prove_plan(&request, &plan, victim->run->arena, out, &refusal, err);
}

/* What suture-execute does with what it was given, up to where it would start dpkg. */
bool victim_install(const struct victim *victim, const struct trusted_artifact *artifact, struct error *err)
{
    struct arena *arena = victim->run->arena;
    OWN(execute_work_end) struct execute_work work = {.folder_lock = -1, .frontend_lock = -1};
    OWN(file_unmap) struct file_map map = {0};
    const struct package_group group = {.artifacts = artifact, .artifact_count = 1};
    char hex[DIGEST_HEX_MAX + 1];

    if (!execute_work_begin(victim->state, victim->root, arena, &work, err) ||
        !execute_lock(&work, 0, -1, err) || !execute_copy(&work, TEXT(RUN), &group, err))
        return false;
    digest_hex(&artifact->digest, hex);
    struct text path = text_format(arena, "%s/packages/%s.deb", work.folder, hex);
    if (path.at == NULL)
        return arena_full(arena, err);
    return file_map(path.at, LIMIT_DEB_FILE, &map, err) && victim_run_script(victim, map.bytes, err);
}

bool victim_update(const struct victim *victim, const struct plan_change *change, struct error *err)
{
    struct trusted_artifact artifact;

    return victim_fetch(victim, change, err) && victim_prove(victim, change, &artifact, err) &&
           victim_install(victim, &artifact, err);
}

bool victim_look_at_gates(const struct victim *victim, const struct plan_change *change,
                          struct trust_gates *out, struct error *err)
{
    struct arena *arena = victim->run->arena;
    const struct plan plan = plan_of(change);
    char hex[DIGEST_HEX_MAX + 1];
    struct plan_powers powers;
    struct trust_terms terms;
    int64_t first_us;

    digest_hex(&change->digest, hex);
    const char *path = text_format(arena, "%s/packages/%s.deb", victim->packages, hex).at;
    const struct powers_request request = {
        .program = victim->run->tools->prove, .root = victim->root, .paths = &path};
    if (path == NULL)
        return arena_full(arena, err);
    return powers_of_plan(&request, &plan, arena, &powers, err) &&
           gate_terms(victim->gate, &plan, &powers.powers, arena, &terms, &first_us, err) &&
           trust_gates_look(change, first_us, &terms, arena, out, err);
}

bool victim_plant(const struct victim *victim, const struct plan_change *change, struct bytes content,
                  struct error *err)
{
    struct arena *arena = victim->run->arena;
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(&change->digest, hex);
    struct text path = text_format(arena, "%s/packages/%s.deb", victim->packages, hex);
    struct text folder = text_format(arena, "%s/packages", victim->packages);
    if (path.at == NULL || folder.at == NULL)
        return arena_full(arena, err);
    return file_make_folders(folder.at, 0700, err) && file_remove(path.at, err) &&
           file_replace_cache(path.at, content, 0600, err);
}

/* ---- what ran ---- */

static struct text what_ran(const struct victim *victim)
{
    struct bytes raw;
    struct error err;

    if (!file_read(victim->ran, 64 * KIB, victim->run->arena, &raw, &err))
        return TEXT("");
    return (struct text){(const char *)raw.at, raw.size};
}

bool victim_ran(const struct victim *victim, const char *line)
{
    struct text rest = what_ran(victim), one;

    while (text_cut(&rest, '\n', &one))
        if (text_starts(one, text_of(line)))
            return true;
    return false;
}

void victim_judge(const struct victim *victim)
{
    bool ran = victim_ran(victim, "bad");
    struct text what = what_ran(victim);

    if (ran)
        drill_nothing_bad(victim->run, false,
                          "a script of the attacker's ran; what ran, in its own words: %.*s", TEXT_ARG(what));
    else
        drill_nothing_bad(victim->run, true,
                          "his package would have left its line in a file of the drill's folder; %s",
                          what.size > 0 ? "only honest ones did" : "there is no such file");
}

void victim_recover(const struct victim *victim)
{
    const struct plan_change change = victim_change(victim, "2.0", drill_data("lantern_2.0.deb"));
    struct error err = {0};
    bool done = victim_serve(victim, VICTIM_SUITE, "honest.inrelease", "honest.packages", &err) &&
                victim_put_deb(victim, "lantern_2.0_amd64.deb", drill_data("lantern_2.0.deb"), &err) &&
                victim_update(victim, &change, &err);

    if (done && victim_ran(victim, "lantern 2.0"))
        drill_recovered(victim->run, true,
                        "the vendor's honest lantern 2.0 was fetched, proved and installed");
    else
        drill_recovered(victim->run, false, "the honest update failed: %s", err.text);
}
