#include "verify/seal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/json_canonical.h"
#include "trust/machine_key.h"
#include "verify/verdict.h"

#define SIGNATURE_MEMBER ",\"signature\":\""

/* ---- making ---- */

/* The document without its signature, canonical: what is signed. */
static bool write_signed_part(const struct evidence_head *head, const struct public_key *key,
                              const struct evidence *evidence, struct arena *arena, struct writer *out,
                              struct error *err)
{
    OWN(writer_end) struct writer draft = writer_with(LIMIT_EVIDENCE_RECORD);
    struct json_writer j = json_writer_with(&draft, false);
    char hex[DIGEST_HEX_MAX + 1], key_hex[PUBLIC_KEY_HEX_SIZE + 1];
    struct bytes drafted;

    digest_hex(&head->digest, hex);
    public_key_hex(key, key_hex);
    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, SEAL_SCHEMA);
    json_name(&j, "algorithm");
    json_put_string(&j, SIGNATURE_ALGORITHM);
    json_name(&j, "key");
    json_put_string(&j, key_hex);
    json_name(&j, "chain");
    json_open_object(&j);
    json_name(&j, "id");
    json_put_string(&j, head->chain);
    json_name(&j, "number");
    json_put_u64(&j, head->number + 1);
    json_name(&j, "former");
    json_put_string(&j, hex);
    json_close_object(&j);
    json_name(&j, "record");
    seal_write_evidence(&j, evidence, arena);
    json_close_object(&j);
    return writer_done(&draft, &drafted, err) && json_canonical(drafted, LIMIT_EVIDENCE_RECORD, out, err);
}

/* The signed part, and before its last brace the signature. */
static bool write_sealed(const struct evidence_head *head, const struct secret_key *key,
                         const struct evidence *evidence, struct arena *arena, struct writer *out,
                         struct error *err)
{
    char hex[SIGNATURE_HEX_SIZE + 1];
    struct signature signature;
    struct bytes sealed;

    if (!write_signed_part(head, &key->public_key, evidence, arena, out, err) ||
        !signature_sign(key, writer_bytes(out), &signature, err))
        return false;
    signature_hex(&signature, hex);
    out->size--;
    writer_format(out, SIGNATURE_MEMBER "%s\"}", hex);
    return writer_done(out, &sealed, err);
}

/* What a power cut left at the next number is taken in when it is what would have been named there. */
static bool settle(struct evidence_add *add, struct arena *arena, struct error *err)
{
    struct evidence evidence;
    struct seal seal;
    struct error why = {0};

    while (add->unfinished.at != NULL) {
        bool whole = seal_open(add->unfinished, arena, &seal, &evidence, &why) &&
                     seal.number == add->head.number + 1 && strcmp(seal.chain, add->head.chain) == 0 &&
                     digest_equal(&seal.former, &add->head.digest);
        if (why.kind == ERROR_ABSENT || why.kind == ERROR_SYSTEM) { /* cannot be judged: GnuTLS is missing */
            *err = why;
            return false;
        }
        if (!(whole ? evidence_add_adopt(add, err) : evidence_add_set_aside(add, err)))
            return false;
    }
    return true;
}

static bool open_to_add(const struct state *state, struct arena *arena, struct secret_key *key,
                        struct evidence_add *add, struct error *err)
{
    const char *path = state_path(state, arena, MACHINE_KEY_NAME);

    if (path == NULL)
        return arena_full(arena, err);
    return machine_key_need(path, key, err) && evidence_add_begin(state, arena, add, err) &&
           settle(add, arena, err);
}

bool seal_ready(const struct state *state, struct arena *arena, struct error *err)
{
    OWN(evidence_add_end) struct evidence_add add = {.lock = -1};
    OWN(secret_key_end) struct secret_key key = {0};

    return open_to_add(state, arena, &key, &add, err);
}

bool seal_append(const struct state *state, const struct evidence *evidence, struct arena *arena,
                 struct seal *out, struct error *err)
{
    OWN(evidence_add_end) struct evidence_add add = {.lock = -1};
    OWN(secret_key_end) struct secret_key key = {0};
    OWN(writer_end) struct writer w = writer_with(LIMIT_EVIDENCE_RECORD);
    struct evidence again;

    return open_to_add(state, arena, &key, &add, err) &&
           write_sealed(&add.head, &key, evidence, arena, &w, err) &&
           /* What could not be opened again is not evidence: our own mistake is found here, not by the auditor. */
           seal_open(writer_bytes(&w), arena, out, &again, err) &&
           evidence_add_commit(&add, writer_bytes(&w), err);
}

/* ---- reading ---- */

static bool read_digest(struct json object, const char *name, struct digest *out, struct error *err)
{
    struct text hex = {0};

    return json_get_text(object, name, true, DIGEST_HEX_MAX, &hex, err) &&
           (digest_parse(DIGEST_SHA256, hex, out, err) || error_at(err, "%s", name));
}

static bool read_chain(struct json root, struct seal *seal, struct error *err)
{
    struct json chain = {0};
    struct text id = {0};

    if (!json_get_object(root, "chain", true, &chain, err))
        return false;
    if (!json_get_text(chain, "id", true, EVIDENCE_CHAIN_SIZE - 1, &id, err) ||
        !json_get_u64(chain, "number", true, LIMIT_EVIDENCE_RECORDS, &seal->number, err) ||
        !read_digest(chain, "former", &seal->former, err))
        return error_at(err, "chain");
    if (id.size != EVIDENCE_CHAIN_SIZE - 1 || seal->number == 0)
        return error_set(err, ERROR_INPUT, "chain: has no name of 32 digits, or begins before 1");
    memcpy(seal->chain, id.at, id.size);
    return true;
}

static bool read_seal(struct json root, struct seal *seal, struct error *err)
{
    struct text schema = {0}, algorithm = {0}, key = {0}, signature = {0};

    if (!json_get_text(root, "schema", true, LIMIT_RELEASE_NAME, &schema, err))
        return false;
    if (!text_equal(schema, TEXT(SEAL_SCHEMA)))
        return error_set(err, ERROR_INPUT, "schema \"%.*s\", which this version of Suture does not know",
                         TEXT_ARG(schema));
    if (!json_get_text(root, "algorithm", true, LIMIT_RELEASE_NAME, &algorithm, err))
        return false;
    if (!text_equal(algorithm, TEXT(SIGNATURE_ALGORITHM)))
        return error_set(err, ERROR_INPUT, "algorithm \"%.*s\", which this version of Suture does not know",
                         TEXT_ARG(algorithm));
    if (!json_get_text(root, "key", true, PUBLIC_KEY_HEX_SIZE, &key, err) ||
        !json_get_text(root, "signature", true, SIGNATURE_HEX_SIZE, &signature, err))
        return false;
    if (!public_key_parse(key, &seal->key, err))
        return error_at(err, "key");
    if (!signature_parse(signature, &seal->signature, err))
        return error_at(err, "signature");
    return read_chain(root, seal, err);
}

/* The bytes that were signed: up to the signature, which is the last member by its name, and the last brace. */
static bool signed_part(struct bytes raw, struct writer *out, struct error *err)
{
    const size_t tail = sizeof(SIGNATURE_MEMBER) - 1 + SIGNATURE_HEX_SIZE + sizeof("\"}") - 1;
    struct bytes part;

    if (raw.size < tail ||
        memcmp(raw.at + raw.size - tail, SIGNATURE_MEMBER, sizeof(SIGNATURE_MEMBER) - 1) != 0)
        return error_set(err, ERROR_INPUT, "its signature does not stand at its end");
    writer_put(out, (struct bytes){raw.at, raw.size - tail});
    writer_byte(out, '}');
    return writer_done(out, &part, err);
}

/* What was read, written again, must be what was signed: so nothing stands in a record that was not read. */
static bool check_whole(struct bytes raw, const struct seal *seal, const struct evidence *evidence,
                        struct arena *arena, struct error *err)
{
    OWN(writer_end) struct writer part = writer_with(LIMIT_EVIDENCE_RECORD);
    OWN(writer_end) struct writer again = writer_with(LIMIT_EVIDENCE_RECORD);
    struct evidence_head head = {.number = seal->number - 1, .digest = seal->former};

    memcpy(head.chain, seal->chain, sizeof(head.chain));
    if (!signed_part(raw, &part, err) || !write_signed_part(&head, &seal->key, evidence, arena, &again, err))
        return false;
    return (part.size == again.size && memcmp(part.at, again.at, part.size) == 0) ||
           error_set(err, ERROR_INPUT, "holds something that no record of this version has");
}

bool seal_parse(struct bytes raw, struct arena *arena, struct seal *seal, struct evidence *evidence,
                struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct json record = {0};
    struct evidence read;
    struct seal got = {.number = 0};

    if (!json_parse(raw, LIMIT_EVIDENCE_RECORD, &document, err))
        return false;
    struct json root = json_root(&document);
    if (!read_seal(root, &got, err) || !json_get_object(root, "record", true, &record, err))
        return false;
    if (!seal_read_evidence(record, arena, &read, err))
        return error_at(err, "record");
    if (!json_canonical_check(&document, raw, err) || !check_whole(raw, &got, &read, arena, err) ||
        !digest_bytes(DIGEST_SHA256, raw, &got.digest, err))
        return false;
    *seal = got;
    *evidence = read;
    return true;
}

static bool check_signature(struct bytes raw, const struct seal *seal, struct error *err)
{
    OWN(writer_end) struct writer part = writer_with(LIMIT_EVIDENCE_RECORD);

    return signed_part(raw, &part, err) &&
           signature_verify(&seal->key, writer_bytes(&part), &seal->signature, err);
}

static bool same_verdict(const struct proof_verdict *a, const struct proof_verdict *b)
{
    return a->proof == b->proof && text_equal(a->why, b->why);
}

/* A record whose verdicts do not follow from its facts was made by a mistake, or to deceive, and signed all the same. */
static bool check_verdicts(const struct evidence *evidence, struct arena *arena, struct error *err)
{
    struct evidence again = *evidence;

    if (!verdict_make(&again, arena, err))
        return false;
    if (same_verdict(&again.applied, &evidence->applied) && same_verdict(&again.works, &evidence->works) &&
        same_verdict(&again.old_code_gone, &evidence->old_code_gone))
        return true;
    return error_set(
        err, ERROR_INPUT,
        "its verdicts do not follow from its facts: applied %s, works %s, old code gone %s would",
        proof_name(again.applied.proof), proof_name(again.works.proof),
        proof_name(again.old_code_gone.proof));
}

bool seal_open(struct bytes raw, struct arena *arena, struct seal *seal, struct evidence *evidence,
               struct error *err)
{
    struct evidence read;
    struct seal got;

    if (!seal_parse(raw, arena, &got, &read, err) || !check_signature(raw, &got, err) ||
        !check_verdicts(&read, arena, err))
        return false;
    *seal = got;
    *evidence = read;
    return true;
}

/* ---- the chain ---- */

struct checking {
    const struct state *state;
    const struct public_key *machine;
    struct arena *arena;
    struct seal_report report;
    struct digest former; /* of the record before; kind UNKNOWN: that could not be read */
};

static bool add_problem(struct checking *checking, uint64_t number, const char *format, ...)
    PRINTF_LIKE(3, 4);

static bool add_problem(struct checking *checking, uint64_t number, const char *format, ...)
{
    char what[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    if (checking->report.problem_count++ >= LIMIT_EVIDENCE_PROBLEMS)
        return true;
    struct text kept = text_copy(checking->arena, text_of(what));
    checking->report.problems[checking->report.problem_count - 1] = (struct seal_problem){number, kept};
    return kept.at != NULL;
}

/* What can be said of one record that is there and reads well. */
static bool judge_place(struct checking *checking, uint64_t number, const struct seal *seal)
{
    if (strcmp(seal->chain, checking->report.head.chain) != 0)
        return add_problem(checking, number, "belongs to another chain (%s)", seal->chain);
    if (seal->number != number)
        return add_problem(checking, number, "is record %" PRIu64 " of the chain, moved here", seal->number);
    if (checking->former.kind != DIGEST_UNKNOWN && !digest_equal(&seal->former, &checking->former))
        return add_problem(checking, number, "does not follow record %" PRIu64 " as that is now", number - 1);
    checking->report.good++;
    if (checking->machine != NULL && !public_key_equal(checking->machine, &seal->key))
        checking->report.other_keys++;
    return true;
}

/* One record at a time: the memory of each is given back. */
static bool check_record(struct checking *checking, uint64_t number, struct error *err)
{
    OWN(arena_end) struct arena scratch = arena_with(LIMIT_EVIDENCE_MEMORY);
    struct evidence evidence;
    struct error cause = {0};
    struct bytes raw;
    struct seal seal;
    bool kept;

    if (!evidence_read(checking->state, number, &scratch, &raw, &cause)) {
        checking->former.kind = DIGEST_UNKNOWN;
        kept = add_problem(checking, number, "%s", cause.kind == ERROR_ABSENT ? "is missing" : cause.text);
        return kept || arena_full(checking->arena, err);
    }
    kept = seal_open(raw, &scratch, &seal, &evidence, &cause)
               ? judge_place(checking, number, &seal)
               : add_problem(checking, number, "%s", cause.text);
    return (kept || arena_full(checking->arena, err)) &&
           digest_bytes(DIGEST_SHA256, raw, &checking->former, err);
}

/* What the head says of the end must be the end. */
static bool check_end(struct checking *checking, struct error *err)
{
    const struct evidence_head *head = &checking->report.head;
    uint64_t last;
    bool kept = true;

    if (!evidence_last(checking->state, checking->arena, &last, err))
        return false;
    if (checking->former.kind != DIGEST_UNKNOWN && !digest_equal(&checking->former, &head->digest))
        kept = add_problem(checking, head->number, "is not the one that was added last");
    checking->report.unfinished = last == head->number + 1;
    if (last > head->number + 1)
        kept = add_problem(checking, 0, "records up to %" PRIu64 " are there, the head ends at %" PRIu64,
                           last, head->number) &&
               kept;
    return kept || arena_full(checking->arena, err);
}

bool seal_check_chain(const struct state *state, const struct public_key *machine, struct arena *arena,
                      struct seal_report *out, struct error *err)
{
    struct checking checking = {.state = state, .machine = machine, .arena = arena};

    checking.report.problems = ARENA_ARRAY(arena, struct seal_problem, LIMIT_EVIDENCE_PROBLEMS);
    if (checking.report.problems == NULL)
        return arena_full(arena, err);
    if (!evidence_head_read(state, arena, &checking.report.head, err))
        return false;
    checking.former = (struct digest){.kind = DIGEST_SHA256}; /* zeros: before the first there is none */
    for (uint64_t number = 1; number <= checking.report.head.number; number++)
        if (!check_record(&checking, number, err))
            return false;
    if (!check_end(&checking, err))
        return false;
    if (checking.report.problem_count > LIMIT_EVIDENCE_PROBLEMS)
        checking.report.problem_count = LIMIT_EVIDENCE_PROBLEMS;
    *out = checking.report;
    return true;
}
