#include "model/artifact.h"

const char *trust_basis_name(enum trust_basis basis)
{
    static const char *const names[TRUST_BASIS_COUNT] = {
        [TRUST_BASIS_UNKNOWN] = "unknown",
        [TRUST_ARCHIVE] = "archive",
        [TRUST_WAS_INSTALLED] = "was-installed",
    };

    return names[basis < TRUST_BASIS_COUNT ? basis : 0];
}
