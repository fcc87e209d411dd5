/*
 * Making TUF metadata: a noun becomes an envelope, signatures are added, and what was written is parsed again before
 * anybody gets it, by the code that machines read it with.
 *
 * The file is valid JSON with sorted members; what is signed are the canonical bytes that the parser makes of it
 * (tuf_metadata.canonical), never what this module thinks it wrote.
 */
#ifndef TRUST_TUF_WRITE_H
#define TRUST_TUF_WRITE_H

#include "trust/signer.h"
#include "trust/tuf_metadata.h"

/* What a document is to say. Of `says` the signatures, canonical bytes, signed_part and document are not looked at. */
struct tuf_draft {
    struct tuf_metadata says;
    /* Members of our own (trust/tree.h). */
    int64_t made_us;         /* TIME_ABSENT: does not say */
    struct text proposed_by; /* absent: does not say */
    bool solo;               /* of a root */
};

/* Everything that a document says, so that it can be changed and written again. Points into the document. */
struct tuf_draft tuf_draft_of(const struct tuf_metadata *metadata);

/* An envelope without signatures, in the arena. Times lose their fractions of a second. */
bool tuf_write(const struct tuf_draft *draft, struct arena *arena, struct bytes *out, struct error *err)
    MUST_USE;

/* The same document with one signature more, or with this one instead of the same key's. Not verified here. */
bool tuf_write_signature(struct bytes raw, const struct tuf_signature *signature, struct arena *arena,
                         struct bytes *out, struct error *err) MUST_USE;
/* Signs it; the signature is verified with the signer's public key before it counts as made. */
bool tuf_write_signed(struct bytes raw, const struct signer *signer, struct arena *arena, struct bytes *out,
                      struct error *err) MUST_USE;
/* The same document with none of its signatures. */
bool tuf_write_unsigned(struct bytes raw, struct arena *arena, struct bytes *out, struct error *err) MUST_USE;

#endif
