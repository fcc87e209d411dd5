#include "cli/audit_check.h"

#include "base/limits.h"
#include "base/own.h"
#include "format/json.h"
#include "store/fleet_read.h"
#include "trust/signature.h"

#define HEAD_LABEL "suture-audit-1" /* what the keeper signs begins with it */

struct checking {
    const struct audit_head *known;
    struct audit_checked found;
    size_t line;
};

/* Numbers are texts, since JSON's have 53 bits. */
static bool get_number(struct json line, const char *name, uint64_t *out, struct error *err)
{
    struct text digits = {0};

    return json_get_text(line, name, true, 24, &digits, err) &&
           (text_to_u64(digits, out, err) || error_at(err, "%s", name));
}

static bool get_hex(struct json line, const char *name, uint8_t *out, size_t size, struct error *err)
{
    struct text hex = {0};

    return json_get_text(line, name, true, 2 * size, &hex, err) &&
           (text_to_hex(hex, out, size, err) || error_at(err, "%s", name));
}

static bool read_row(struct json line, struct fleet_audit *out, struct error *err)
{
    uint64_t at_us;

    if (!get_number(line, "seq", &out->seq, err) || !get_number(line, "at_us", &at_us, err) ||
        !get_hex(line, "chain", out->chain, sizeof(out->chain), err))
        return false;
    out->at_us = (int64_t)at_us;
    return json_get_text(line, "actor", true, LIMIT_FLEET_TEXT, &out->actor, err) &&
           json_get_text(line, "from", true, LIMIT_FLEET_TEXT, &out->from, err) &&
           json_get_text(line, "deed", true, LIMIT_FLEET_TEXT, &out->deed, err) &&
           json_get_text(line, "object", true, LIMIT_FLEET_TEXT, &out->object, err) &&
           json_get_text(line, "detail", true, LIMIT_FLEET_ABOUT, &out->detail, err);
}

static bool check_row(struct checking *checking, struct json line, struct error *err)
{
    struct audit_head *last = &checking->found.last;
    struct fleet_audit row = {0};
    uint8_t chain[32];

    if (!read_row(line, &row, err))
        return false;
    if (row.seq != last->seq + 1)
        return error_set(err, ERROR_TRUST, "row %llu comes behind row %llu: rows are missing or moved",
                         (unsigned long long)row.seq, (unsigned long long)last->seq);
    if (!fleet_audit_chain(&row, last->chain, chain, err))
        return false;
    if (memcmp(chain, row.chain, sizeof(chain)) != 0)
        return error_set(err, ERROR_TRUST, "row %llu: it was edited, or one before it",
                         (unsigned long long)row.seq);
    last->seq = row.seq;
    memcpy(last->chain, chain, sizeof(chain));
    if (row.seq != checking->known->seq)
        return true;
    if (memcmp(chain, checking->known->chain, sizeof(chain)) != 0)
        return error_set(err, ERROR_TRUST,
                         "row %llu: this is another log than the one that was checked before",
                         (unsigned long long)row.seq);
    checking->found.seen_known = true;
    return true;
}

static bool check_head(struct checking *checking, struct json line, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(256);
    struct audit_checked *found = &checking->found;
    struct signature signature;
    struct public_key key;
    struct audit_head head;
    uint64_t at_us;

    if (!get_number(line, "seq", &head.seq, err) || !get_number(line, "at_us", &at_us, err) ||
        !get_hex(line, "chain", head.chain, sizeof(head.chain), err) ||
        !get_hex(line, "signature", signature.at, sizeof(signature.at), err) ||
        !get_hex(line, "key", key.at, sizeof(key.at), err))
        return false;
    if (head.seq != found->last.seq || memcmp(head.chain, found->last.chain, sizeof(head.chain)) != 0)
        return error_set(err, ERROR_TRUST,
                         "the signed head is of row %llu and does not fit: rows were cut off",
                         (unsigned long long)head.seq);
    writer_string(&w, HEAD_LABEL);
    writer_u64(&w, head.seq);
    writer_put(&w, (struct bytes){head.chain, sizeof(head.chain)});
    writer_u64(&w, at_us);
    if (!signature_verify(&key, writer_bytes(&w), &signature, err))
        return error_at(err, "head");
    found->signed_us = (int64_t)at_us;
    memcpy(found->key, key.at, sizeof(found->key));
    return true;
}

static bool check_line(struct checking *checking, struct bytes raw, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct text schema = {0};

    if (checking->found.signed_us != 0)
        return error_set(err, ERROR_INPUT, "nothing follows the head of a log");
    if (!json_parse(raw, 2 * LIMIT_FLEET_ABOUT, &document, err) ||
        !json_get_text(json_root(&document), "schema", true, 64, &schema, err))
        return false;
    if (text_equal(schema, TEXT("suture.audit-row/1")))
        return check_row(checking, json_root(&document), err);
    if (text_equal(schema, TEXT("suture.audit-head/1")))
        return check_head(checking, json_root(&document), err);
    return error_set(err, ERROR_INPUT, "is no line of an audit log");
}

bool audit_check(struct bytes lines, const struct audit_head *known, struct audit_checked *out,
                 struct error *err)
{
    struct checking checking = {.known = known};
    struct text rest = {(const char *)lines.at, lines.size}, line;

    while (text_cut(&rest, '\n', &line)) {
        checking.line++;
        if (line.size > 0 && !check_line(&checking, bytes_of_text(line), err))
            return error_at(err, "line %zu", checking.line);
    }
    if (checking.found.last.seq == 0)
        return error_set(err, ERROR_INPUT, "there is no row: not an audit log");
    if (known->seq != 0 && !checking.found.seen_known)
        return error_set(err, ERROR_TRUST,
                         "it ends at row %llu, and row %llu was here before: rows were cut off",
                         (unsigned long long)checking.found.last.seq, (unsigned long long)known->seq);
    *out = checking.found;
    return true;
}
