/*
 * The chain of the audit log, in a file of its own: whoever checks an export needs nothing else of the fleet's database.
 */
#include "base/digest.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "store/fleet_read.h"

static void put_sized(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

bool fleet_audit_chain(const struct fleet_audit *row, const uint8_t before[32], uint8_t out[32],
                       struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(2 * LIMIT_FLEET_ABOUT);
    struct digest digest;
    struct bytes raw;

    writer_string(&w, "SFA1");
    writer_put(&w, (struct bytes){before, 32});
    writer_u64(&w, row->seq);
    writer_u64(&w, (uint64_t)row->at_us);
    put_sized(&w, row->actor);
    put_sized(&w, row->from);
    put_sized(&w, row->deed);
    put_sized(&w, row->object);
    put_sized(&w, row->detail);
    if (!writer_done(&w, &raw, err) || !digest_bytes(DIGEST_SHA256, raw, &digest, err))
        return false;
    memcpy(out, digest.at, 32);
    return true;
}
