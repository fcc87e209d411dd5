/*
 * Why something that a vendor should vouch for is refused: the names of attacks that people look for in logs.
 *
 * The name begins the text of every such error, wherever in the chain it was found (doc/what-apply-trusts.md).
 */
#ifndef MODEL_REFUSAL_H
#define MODEL_REFUSAL_H

enum trust_refusal {
    TRUST_NOT_REFUSED,      /* another failure: the disk, memory, a library that is missing */
    TRUST_VENDOR_SIGNATURE, /* no verified list vouches for it */
    TRUST_WRONG_SIGNATURE,  /* the bytes are not those that were signed */
    TRUST_FREEZE,           /* the list is past its date: somebody may be keeping newer ones back */
    TRUST_MIX_AND_MATCH, /* each part is signed, but not as a whole: another record, another package inside */
    TRUST_ROLLBACK,      /* older than, or the same as, what it would replace */
    TRUST_SCOPE,         /* another archive or suite than the plan's */
    TRUST_ENDLESS_DATA,  /* longer than signed, larger inside than it may be, or too slow to come to an end */
    TRUST_SOAK,          /* seen here too short ago */
    TRUST_POWERS,        /* it may newly do something, and nobody has approved it */
    TRUST_NEW_PACKAGE,   /* nothing of its source and publisher is here, and nobody has approved it */
    TRUST_REFUSAL_COUNT
};
const char *trust_refusal_name(enum trust_refusal refusal); /* "vendor-signature", ... */

#endif
