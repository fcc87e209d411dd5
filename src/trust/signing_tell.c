/*
 * The page of signing.h: everything that somebody has to read before signing.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/visible.h"
#include "format/diff.h"
#include "trust/repo_objects.h"
#include "trust/signed_order.h"
#include "trust/signing.h"
#include "trust/tuf_changes.h"

#define TEXT_FILE_MAX (2 * MIB) /* what is shown as a diff; a policy has 10 KB */

/* ---- the head ---- */

static void put_in(struct writer *w, int64_t from_us, int64_t to_us)
{
    int64_t days = (to_us - from_us) / TIME_DAY_US, hours = (to_us - from_us) / TIME_HOUR_US;

    if (to_us <= from_us)
        writer_string(w, " (PAST)");
    else if (days >= 2)
        writer_format(w, " (in %d days)", (int)days);
    else
        writer_format(w, " (in %d h)", (int)hours);
}

static void tell_head(const struct signing *signing, int64_t now_us, struct writer *w)
{
    const struct tuf_metadata *metadata = signing->metadata;
    struct text proposed = tree_proposed_by(metadata);
    char hex[DIGEST_HEX_MAX + 1];

    writer_format(w, "%s: ", signing->row->name);
    if (signing->in_force == NULL)
        writer_format(w, "version %llu, the first", (unsigned long long)metadata->version);
    else
        writer_format(w, "version %llu -> %llu", (unsigned long long)signing->in_force->version,
                      (unsigned long long)metadata->version);
    writer_format(w, "; says %s\n", signing->row->what);
    if (signing->solo)
        writer_string(w, "(!) WEAKER: a tree of one person: what takes two people elsewhere takes one here, "
                         "after 24 hours with a notice on every machine\n");
    if (proposed.size > 0) {
        writer_string(w, "proposed by: ");
        visible_put(w, bytes_of_text(proposed));
        writer_byte(w, '\n');
    }
    if (tree_made_us(metadata) != TIME_ABSENT) {
        writer_string(w, "made: ");
        time_write(w, tree_made_us(metadata));
        writer_byte(w, '\n');
    }
    writer_string(w, "expires: ");
    time_write(w, metadata->expires_us);
    put_in(w, now_us, metadata->expires_us);
    if (signing->in_force != NULL) {
        writer_string(w, "; the one in force ");
        time_write(w, signing->in_force->expires_us);
    }
    if (signing->first_root.kind != DIGEST_UNKNOWN) {
        digest_hex(&signing->first_root, hex);
        writer_format(w, "\nrepository: first root %s", hex);
    }
    digest_hex(&signing->digest, hex);
    writer_format(w, "\nSHA-256 of what is signed: %s\n", hex);
}

static void put_keys(struct writer *w, const struct tuf_key *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        writer_string(w, i == 0 ? "" : ", ");
        tuf_changes_put_key(w, keys[i]);
    }
}

void signing_tell_signers(const struct signing *signing, size_t asked, struct writer *w)
{
    const struct tuf_role *role = &signing->waiting.asked[asked].role;
    const struct tuf_signers *signers = &signing->waiting.asked[asked].signers;

    writer_format(w, "%s: %u of: ", asked == 0 ? "has to be signed by" : "and, for the root in force, by",
                  role->threshold);
    put_keys(w, role->keys, role->key_count);
    writer_string(w, "\n  signed by: ");
    if (signers->count == 0)
        writer_string(w, "nobody yet");
    put_keys(w, signers->keys, signers->count);
    if (signers->count < role->threshold)
        writer_format(w, "; %zu more needed\n", role->threshold - signers->count);
    else
        writer_string(w, "; enough\n");
}

/* ---- content ---- */

/* Each line of `lines` under its file. */
static void put_below(struct writer *w, struct bytes lines)
{
    OWN(writer_end) struct writer shown = writer_with(LIMIT_SIGNING_SHOWN);
    struct text rest, line;

    visible_put_lines(&shown, lines);
    rest = (struct text){(const char *)shown.at, shown.size};
    while (text_cut(&rest, '\n', &line)) {
        writer_string(w, "    ");
        writer_text(w, line);
        writer_byte(w, '\n');
    }
    w->failed = w->failed || shown.failed;
}

static bool tell_order(const struct signing *signing, const struct tuf_file *file, struct bytes raw,
                       int64_t now_us, struct writer *w, struct error *err)
{
    OWN(writer_end) struct writer told = writer_with(LIMIT_SIGNED_ORDER * 4);
    struct signed_order order;

    if (!signed_order_parse(raw, signing->repo.arena, &order, err) ||
        !signed_order_check_path(&order, file->name, err))
        return false;
    signed_order_tell(&told, &order);
    if (now_us >= order.ends_us)
        writer_string(&told, "It is past its end already and has no effect.\n");
    else if (now_us < order.made_us)
        writer_string(&told, "It begins later than now.\n");
    put_below(w, writer_bytes(&told));
    return true;
}

static bool is_text(struct bytes raw)
{
    struct error no_text;
    struct text text;

    return text_from_lines(raw, TEXT_FILE_MAX, &text, &no_text);
}

static bool tell_text(const struct tuf_file *before, struct bytes former, struct bytes raw, struct writer *w,
                      struct error *err)
{
    OWN(writer_end) struct writer diff = writer_with(LIMIT_SIGNING_SHOWN);

    if (!diff_write(former, raw, &diff, err))
        return false;
    put_below(w, writer_bytes(&diff));
    if (before != NULL && diff.size == 0)
        writer_string(w, "    its content is what it was\n");
    return true;
}

static bool tell_content(const struct signing *signing, const struct tuf_file *before,
                         const struct tuf_file *after, int64_t now_us, struct writer *w, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0}, former = {0};
    char hex[DIGEST_HEX_MAX + 1];
    struct digest digest;

    (void)tuf_file_digest(after, DIGEST_SHA256, &digest);
    digest_hex(&digest, hex);
    if (!repo_objects_map(&signing->repo, after, &map, err) ||
        (before != NULL && !repo_objects_map(&signing->repo, before, &former, err)))
        return false;
    writer_string(w, "  ");
    visible_put(w, bytes_of_text(after->name));
    writer_format(w, ", %s (objects/%s):\n", before == NULL ? "new" : "changed", hex);
    if (signed_order_is_path(after->name))
        return tell_order(signing, after, map.bytes, now_us, w, err);
    if (is_text(map.bytes) && is_text(former.bytes))
        return tell_text(before, former.bytes, map.bytes, w, err);
    writer_format(w, "    %zu bytes that are no text: compare its SHA-256 with where you know it from\n",
                  map.bytes.size);
    return true;
}

static bool tell_contents(const struct signing *signing, int64_t now_us, struct writer *w, struct error *err)
{
    const struct tuf_files *files = &signing->metadata->files;

    for (size_t i = 0; i < files->count; i++) {
        const struct tuf_file *after = &files->at[i];
        const struct tuf_file *before =
            signing->in_force == NULL ? NULL : tuf_files_find(&signing->in_force->files, after->name);
        if (before != NULL && before->sha256 != NULL && tuf_file_same(before, after, DIGEST_SHA256))
            continue;
        if (!tell_content(signing, before, after, now_us, w, err))
            return error_at(err, "%.*s", TEXT_ARG(text_part(after->name, 0, 80)));
    }
    return true;
}

/* ---- what no sentence tells ---- */

/* One member or value a line, so that a diff shows what differs. */
static bool write_pretty(const struct tuf_metadata *metadata, struct writer *w, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct json_writer j = json_writer_with(w, true);
    struct bytes written;

    if (metadata == NULL)
        return true;
    /* Of the very bytes that are signed, not of what was understood of them. */
    if (!json_parse(metadata->canonical, LIMIT_TUF_METADATA, &document, err))
        return false;
    json_put_value(&j, json_root(&document));
    writer_byte(w, '\n');
    return writer_done(w, &written, err);
}

static bool tell_rest(const struct signing *signing, struct writer *w, struct error *err)
{
    OWN(writer_end) struct writer before = writer_with(LIMIT_SIGNING_SHOWN);
    OWN(writer_end) struct writer after = writer_with(LIMIT_SIGNING_SHOWN);
    OWN(writer_end) struct writer diff = writer_with(LIMIT_SIGNING_SHOWN);
    bool complete = false;

    if (!tuf_changes_complete(signing->metadata, &complete, err))
        return false;
    if (complete)
        return true;
    writer_string(w,
                  "(!) It says more than these sentences can tell. Everything that differs, as it stands:\n");
    if (!write_pretty(signing->in_force, &before, err) || !write_pretty(signing->metadata, &after, err) ||
        !diff_write(writer_bytes(&before), writer_bytes(&after), &diff, err))
        return false;
    put_below(w, writer_bytes(&diff));
    return true;
}

bool signing_tell(const struct signing *signing, int64_t now_us, struct writer *w, struct error *err)
{
    OWN(writer_end) struct writer changes = writer_with(LIMIT_SIGNING_SHOWN);
    struct bytes written;

    tell_head(signing, now_us, w);
    for (size_t i = 0; i < signing->waiting.asked_count; i++)
        signing_tell_signers(signing, i, w);
    if (!tuf_changes_tell(&changes, signing->in_force, signing->metadata, err))
        return false;
    writer_string(w, changes.size == 0 ? "changes: none but its version and dates\n"
                                       : "changes (+ new, - gone, ~ changed, ! weaker):\n");
    put_below(w, writer_bytes(&changes));
    return tell_contents(signing, now_us, w, err) && tell_rest(signing, w, err) &&
           writer_done(w, &written, err);
}
