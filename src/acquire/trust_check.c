#include "acquire/trust_check.h"

#include <assert.h>

#include "acquire/vault.h"
#include "base/control.h"
#include "base/file.h"
#include "base/own.h"
#include "model/version.h"
#include "store/rollback_store.h"

/* One check: what came of it. */
struct check {
    enum trust_refusal refusal;
    struct error *err;
};

/* The text behind `what` is made already. */
static bool refuse(struct check *check, enum trust_refusal refusal)
{
    check->refusal = refusal;
    return error_at(check->err, "%s", trust_refusal_name(refusal));
}

/* ---- the archive ---- */

static bool check_archive(const struct vouched *vouched, struct check *check)
{
    static const struct {
        enum trust_refusal refusal;
        const char *why;
    } states[ARCHIVE_STATE_COUNT] = {
        [ARCHIVE_STATE_UNKNOWN] = {TRUST_VENDOR_SIGNATURE, "nothing is known of its list"},
        [ARCHIVE_VERIFIED] = {TRUST_NOT_REFUSED, ""},
        [ARCHIVE_STALE] = {TRUST_FREEZE, "its list is past its date (run apt update)"},
        [ARCHIVE_REFUSED] = {TRUST_VENDOR_SIGNATURE, "its list is not believed"},
        [ARCHIVE_ABSENT] = {TRUST_VENDOR_SIGNATURE, "its list is not there (run apt update)"},
    };

    if (vouched == NULL) {
        (void)error_set(check->err, ERROR_TRUST, "no verified list of an archive names it");
        return refuse(check, TRUST_VENDOR_SIGNATURE);
    }
    if (vouched->refusal == TRUST_SCOPE) {
        (void)error_set(check->err, ERROR_TRUST, "%.*s", TEXT_ARG(vouched->why));
        return refuse(check, TRUST_SCOPE);
    }
    enum archive_state state = vouched->state < ARCHIVE_STATE_COUNT ? vouched->state : ARCHIVE_STATE_UNKNOWN;
    if (state == ARCHIVE_VERIFIED && vouched->went_back && control_holds(CONTROL_LIST_WENT_BACK)) {
        (void)error_set(check->err, ERROR_TRUST, "its list is older than one that was here before");
        return refuse(check, TRUST_ROLLBACK);
    }
    if (state == ARCHIVE_VERIFIED && (vouched->signers.size > 0 || !control_holds(CONTROL_TRUST_SIGNED)))
        return true;
    (void)error_set(check->err, ERROR_TRUST, "%s%s%.*s",
                    state == ARCHIVE_VERIFIED ? "nobody signed its list" : states[state].why,
                    vouched->why.size > 0 ? ": " : "", TEXT_ARG(vouched->why));
    if (state == ARCHIVE_REFUSED && vouched->refusal != TRUST_NOT_REFUSED)
        return refuse(check, vouched->refusal);
    return refuse(check, state == ARCHIVE_VERIFIED ? TRUST_VENDOR_SIGNATURE : states[state].refusal);
}

/* ---- the plan ---- */

/* Archives are compared without user and password: a plan does not hold them. */
static struct text public_uri(struct text uri)
{
    size_t scheme = text_find(uri, TEXT("://"));
    struct text place = scheme == SIZE_MAX ? uri : text_part(uri, scheme + 3, SIZE_MAX), host = place;

    (void)text_cut(&place, '/', &host);
    for (size_t at = host.size; at > 0; at--)
        if (host.at[at - 1] == '@')
            return (struct text){host.at + at, (size_t)(uri.at + uri.size - (host.at + at))};
    return host.size == 0 ? uri : (struct text){host.at, (size_t)(uri.at + uri.size - host.at)};
}

bool trust_same_archive(struct text a, struct text b)
{
    return text_equal(public_uri(a), public_uri(b));
}

/* What is compared, and what a difference is called. */
struct same {
    const char *what;
    struct text planned, vouched;
    enum trust_refusal refusal;
};

static bool check_same(const struct same *rows, size_t count, const char *who, struct check *check)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].planned.size > 0 && text_equal(rows[i].planned, rows[i].vouched))
            continue;
        (void)error_set(check->err, ERROR_TRUST, "the plan's %s is \"%.*s\", %s \"%.*s\"", rows[i].what,
                        TEXT_ARG(rows[i].planned), who, TEXT_ARG(rows[i].vouched));
        return refuse(check, rows[i].refusal);
    }
    return true;
}

static bool check_record(const struct plan_change *change, const struct vouched *vouched, struct check *check)
{
    const struct same rows[] = {
        {"archive", public_uri(change->uri), public_uri(vouched->uri), TRUST_SCOPE},
        {"suite", change->suite, vouched->suite, TRUST_SCOPE},
        {"package", change->name, vouched->name, TRUST_MIX_AND_MATCH},
        {"architecture", change->arch, vouched->arch, TRUST_MIX_AND_MATCH},
        {"version", change->to, vouched->version, TRUST_MIX_AND_MATCH},
        {"file", change->file, vouched->file, TRUST_MIX_AND_MATCH},
    };

    if (!control_holds(CONTROL_TRUST_RECORD))
        return true;
    if (!check_same(rows, sizeof(rows) / sizeof(*rows), "the archive's list says", check))
        return false;
    if (change->size != vouched->size) {
        (void)error_set(check->err, ERROR_TRUST, "the plan's size is %llu, the archive's list says %llu",
                        (unsigned long long)change->size, (unsigned long long)vouched->size);
        return refuse(check, TRUST_MIX_AND_MATCH);
    }
    if (change->digest.kind != DIGEST_SHA256 || !digest_equal(&change->digest, &vouched->digest)) {
        (void)error_set(check->err, ERROR_TRUST, "the plan's SHA-256 is not the one in the archive's list");
        return refuse(check, TRUST_MIX_AND_MATCH);
    }
    return true;
}

static bool check_direction(const struct plan_change *change, struct check *check)
{
    if (change->kind == CHANGE_DOWNGRADE || (change->kind == CHANGE_NEW && change->from.size == 0))
        return true;
    if (change->kind == CHANGE_UPGRADE && change->from.size > 0 &&
        version_compare(VERSION_DEB, change->to, change->from) > 0)
        return true;
    if (!control_holds(CONTROL_TRUST_FORWARD))
        return true;
    (void)error_set(check->err, ERROR_TRUST, "%s from \"%.*s\" to \"%.*s\" does not go forward",
                    change_kind_name(change->kind), TEXT_ARG(change->from), TEXT_ARG(change->to));
    return refuse(check, TRUST_ROLLBACK);
}

/* ---- the package and its bytes ---- */

static bool check_claim(const struct plan_change *change, const struct package_claim *claim,
                        struct check *check)
{
    const struct same rows[] = {
        {"package", change->name, claim->name, TRUST_MIX_AND_MATCH},
        {"architecture", change->arch, claim->arch, TRUST_MIX_AND_MATCH},
        {"version", change->to, claim->version, TRUST_MIX_AND_MATCH},
    };

    return !control_holds(CONTROL_TRUST_CLAIM) ||
           check_same(rows, sizeof(rows) / sizeof(*rows), "the package says of itself", check);
}

/* The file in the vault has what it should have. */
static bool check_file(int vault, const char *file, uint64_t size_signed, const struct digest *signed_digest,
                       struct check *check)
{
    OWN(own_fd) int fd = -1;
    struct digest digest;
    uint64_t size;

    if (!vault_open_file(vault, file, &fd, &size, check->err))
        return check->err->kind == ERROR_TRUST ? refuse(check, TRUST_WRONG_SIGNATURE) : false;
    if (size != size_signed) {
        (void)error_set(check->err, ERROR_TRUST, "%llu bytes, not the %llu that were vouched for",
                        (unsigned long long)size, (unsigned long long)size_signed);
        return refuse(check, size > size_signed ? TRUST_ENDLESS_DATA : TRUST_WRONG_SIGNATURE);
    }
    if (!vault_digest(fd, size, -1, &digest, check->err))
        return false;
    if (digest_equal(&digest, signed_digest) || !control_holds(CONTROL_TRUST_BYTES))
        return true;
    (void)error_set(check->err, ERROR_TRUST, "its SHA-256 is not the one that was vouched for");
    return refuse(check, TRUST_WRONG_SIGNATURE);
}

static bool check_bytes(const struct trust_request *request, struct check *check)
{
    OWN(own_fd) int vault = -1;
    const struct vouched *vouched = request->vouched;

    if (!vault_open(request->folder, &vault, check->err))
        return check->err->kind == ERROR_TRUST ? refuse(check, TRUST_WRONG_SIGNATURE) : false;
    return check_file(vault, request->file, vouched->size, &vouched->digest, check);
}

/* ---- the gates ---- */

static bool check_gates(const struct trust_request *request, struct arena *arena, struct text *lifted,
                        struct check *check)
{
    static const struct {
        enum trust_refusal refusal;
        enum control control;
    } rows[TRUST_GATE_COUNT] = {
        [TRUST_GATE_SOAK] = {TRUST_SOAK, CONTROL_TRUST_SOAK},
        [TRUST_GATE_POWERS] = {TRUST_POWERS, CONTROL_TRUST_POWERS},
        [TRUST_GATE_NEW_PACKAGE] = {TRUST_NEW_PACKAGE, CONTROL_TRUST_NEW_PACKAGE},
    };
    struct trust_gates gates;

    *lifted = (struct text){0};
    if (request->terms == NULL)
        return true;
    if (!trust_gates_look(request->change, request->first_us, request->terms, arena, &gates, check->err))
        return false;
    for (enum trust_gate gate = 0; gate < TRUST_GATE_COUNT; gate++) {
        if (gates.shut[gate] && !gates.lifted[gate] && control_holds(rows[gate].control)) {
            (void)error_set(check->err, ERROR_TRUST, "it %.*s; suture approve %.*s shows it",
                            TEXT_ARG(gates.why[gate]), TEXT_ARG(request->change->name));
            return refuse(check, rows[gate].refusal);
        }
        if (gates.lifted[gate])
            *lifted = text_format(arena, "%.*s%s%s", TEXT_ARG(*lifted), lifted->size > 0 ? ", " : "",
                                  trust_gate_name(gate));
    }
    if (lifted->size > 0)
        *lifted = text_format(arena, "%.*s by %.*s", TEXT_ARG(*lifted), TEXT_ARG(gates.by));
    return lifted->size == 0 || lifted->at != NULL || arena_full(arena, check->err);
}

static bool make(const struct trust_request *request, struct text lifted, struct arena *arena,
                 struct trusted_artifact *out, struct error *err)
{
    const struct vouched *vouched = request->vouched;
    struct trusted_artifact made = {
        .basis = TRUST_ARCHIVE,
        .name = text_copy(arena, vouched->name),
        .arch = text_copy(arena, vouched->arch),
        .version = text_copy(arena, vouched->version),
        .path = file_path(arena, request->folder, request->file),
        .size = vouched->size,
        .digest = vouched->digest,
        .suite = text_copy(arena, vouched->suite),
        .signers = text_copy(arena, vouched->signers),
        .lifted = lifted,
    };

    if (made.name.at == NULL || made.arch.at == NULL || made.version.at == NULL || made.path == NULL ||
        made.suite.at == NULL || made.signers.at == NULL)
        return arena_full(arena, err);
    *out = made;
    return true;
}

bool trust_check_archive(const struct trust_request *request, struct arena *arena,
                         struct trusted_artifact *out, enum trust_refusal *refusal, struct error *err)
{
    struct check check = {TRUST_NOT_REFUSED, err};
    const struct plan_change *change = request->change;
    struct text lifted;

    assert(request->folder[0] == '/');
    *refusal = TRUST_NOT_REFUSED;
    if (check_archive(request->vouched, &check) && check_record(change, request->vouched, &check) &&
        check_direction(change, &check) && check_claim(change, request->claim, &check) &&
        check_bytes(request, &check) && check_gates(request, arena, &lifted, &check) &&
        make(request, lifted, arena, out, err))
        return true;
    *refusal = check.refusal;
    return error_at(err, "%.*s", TEXT_ARG(change->name));
}

/* ---- what was installed here ---- */

static bool take_back(const struct trust_way_back *way, int vault, const struct kept_change *change,
                      struct arena *arena, struct trusted_artifact *out, struct check *check)
{
    enum kept_form form = rollback_store_form(way->folder, change);
    const struct kept_content *deb = rollback_store_deb(change, form);
    const char *path = rollback_store_deb_path(way->folder, deb, arena);
    const char *slash = path == NULL ? NULL : strrchr(path, '/');

    if (slash == NULL)
        return arena_full(arena, check->err);
    if (!check_file(vault, slash + 1, deb->size, &deb->digest, check))
        return false;
    *out = (struct trusted_artifact){
        .basis = TRUST_WAS_INSTALLED,
        .name = text_copy(arena, change->name),
        .arch = text_copy(arena, change->arch),
        .version = text_copy(arena, change->from),
        .path = path,
        .size = deb->size,
        .digest = deb->digest,
    };
    return (out->name.at != NULL && out->arch.at != NULL && out->version.at != NULL) ||
           arena_full(arena, check->err);
}

/* The store checks its manifest against the seal, and every file against the manifest. */
static bool open_store(const struct trust_way_back *way, struct arena *arena, struct rollback_store *out,
                       int *vault, struct check *check)
{
    if (!vault_open(way->folder, vault, check->err) ||
        !rollback_store_open(way->folder, &way->seal, arena, out, check->err))
        return check->err->kind == ERROR_TRUST ? refuse(check, TRUST_WRONG_SIGNATURE) : false;
    return true;
}

bool trust_check_installed(const struct trust_way_back *way, struct arena *arena,
                           struct trusted_artifacts *out, enum trust_refusal *refusal, struct error *err)
{
    OWN(own_fd) int vault = -1;
    struct check check = {TRUST_NOT_REFUSED, err};
    struct rollback_store store;

    assert(way->folder[0] == '/');
    *refusal = TRUST_NOT_REFUSED;
    if (!open_store(way, arena, &store, &vault, &check)) {
        *refusal = check.refusal;
        return false;
    }
    struct trusted_artifact *made = ARENA_ARRAY(arena, struct trusted_artifact, store.change_count);
    size_t count = 0;
    if (made == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < store.change_count; i++) {
        const struct kept_change *change = &store.changes[i];
        if (change->deb.digest.kind == DIGEST_UNKNOWN)
            continue; /* it was not installed before */
        if (!take_back(way, vault, change, arena, &made[count++], &check)) {
            *refusal = check.refusal;
            return error_at(err, "%.*s", TEXT_ARG(change->name));
        }
    }
    *out = (struct trusted_artifacts){made, count};
    return true;
}
