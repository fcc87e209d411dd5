#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "trust/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One fleet for the whole run: making one costs more than a thousand inputs. */
static struct certificate_authority authority;
static struct certificate_judge judge;

static void set_up(void)
{
    static const uint8_t fleet[CERTIFICATE_FLEET_ID] = {1};
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct bytes key, der;
    struct error err;

    if (!certificate_make_key(&arena, &key, &err) ||
        !certificate_make_authority(key, fleet, INT64_C(1795320000) * TIME_SECOND_US, &arena, &der, &err) ||
        !certificate_authority_open(key, der, &authority, &err) || !certificate_judge_open(der, &judge, &err))
        abort();
}

/* What a machine sends: a certificate in the handshake, a request in its body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct certificate_issue wish = {.request = {data, size},
                                           .now_us = INT64_C(1795320000) * TIME_SECOND_US};
    struct certificate_host host;
    struct bytes der;
    struct error err;

    if (judge.state == NULL)
        set_up();
    if (certificate_judge_host(&judge, (struct bytes){data, size}, &host, &err))
        abort(); /* nobody has the key of this run */
    if (certificate_issue_host(&authority, &wish, &arena, &der, &err) &&
        !certificate_judge_host(&judge, der, &host, &err))
        abort();
    return 0;
}
