#include "model/refusal.h"

const char *trust_refusal_name(enum trust_refusal refusal)
{
    static const char *const names[TRUST_REFUSAL_COUNT] = {
        [TRUST_NOT_REFUSED] = "not-refused",
        [TRUST_VENDOR_SIGNATURE] = "vendor-signature",
        [TRUST_WRONG_SIGNATURE] = "wrong-signature",
        [TRUST_FREEZE] = "freeze",
        [TRUST_MIX_AND_MATCH] = "mix-and-match",
        [TRUST_ROLLBACK] = "rollback",
        [TRUST_SCOPE] = "scope",
        [TRUST_ENDLESS_DATA] = "endless-data",
        [TRUST_SOAK] = "soak",
        [TRUST_POWERS] = "powers",
        [TRUST_NEW_PACKAGE] = "new-package",
    };

    return names[refusal < TRUST_REFUSAL_COUNT ? refusal : 0];
}
