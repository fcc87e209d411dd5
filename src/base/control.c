#include "base/control.h"

const struct control_row controls[CONTROL_COUNT] = {
    [CONTROL_GPGV_GOOD] = {"gpgv-good", "forged-inrelease",
                           "a signature that gpgv does not call good: expired, revoked, of another text"},
    [CONTROL_GPGV_DIGEST] = {"gpgv-digest", "forged-inrelease",
                             "a signature over a digest weaker than SHA-256"},
    [CONTROL_GPGV_ALLOWED] = {"gpgv-allowed", "forged-inrelease", "a key that the source does not name"},
    [CONTROL_GPGV_ENOUGH] = {"gpgv-enough", "forged-inrelease", "a list that too few keys signed"},
    [CONTROL_LIST_HASH] = {"list-hash", "mix-and-match",
                           "a list of packages that the InRelease does not name"},
    [CONTROL_LIST_DATE] = {"list-date", "freeze", "a list past its end"},
    [CONTROL_LIST_WENT_BACK] = {"list-went-back", "rollback", "a list older than one that was here before"},
    [CONTROL_TRUST_SIGNED] = {"trust-signed", "forged-inrelease", "a list that nobody signed"},
    [CONTROL_TRUST_RECORD] = {"trust-record", "suite-swap", "a plan whose record is not the one of the list"},
    [CONTROL_TRUST_FORWARD] = {"trust-forward", "rollback", "a version that is not newer"},
    [CONTROL_TRUST_CLAIM] = {"trust-claim", "wsuspect", "a package that says it is another one"},
    [CONTROL_TRUST_BYTES] = {"trust-bytes", "installer-race",
                             "bytes that are not those that were vouched for"},
    [CONTROL_CACHE_HASH] = {"cache-hash", "mix-and-match", "a fetched file that is another one"},
    [CONTROL_EXECUTE_HASH] = {"execute-hash", "installer-race", "a file that changed after it was proved"},
    [CONTROL_VAULT_OTHERS] = {"vault-others", "installer-race",
                              "a folder of fetched files that others may write"},
    [CONTROL_TUF_ROLLBACK] = {"tuf-rollback", "rollback", "metadata older than what was held before"},
    [CONTROL_TUF_FREEZE] = {"tuf-freeze", "freeze", "metadata that has expired"},
    [CONTROL_TUF_MIX_AND_MATCH] = {"tuf-mix-and-match", "mix-and-match",
                                   "metadata that is not the file which its namer lists"},
    [CONTROL_TUF_DIAMOND] = {"tuf-diamond", "diamond", "a role that was verified for another delegator"},
    [CONTROL_TUF_ENDLESS] = {"tuf-endless-data", "endless-data", "metadata longer than is signed or may be"},
    [CONTROL_TUF_TARGET_HASH] = {"tuf-target-hash", "mix-and-match",
                                 "a target that is not the file whose hash is signed"},
};

const enum control controls_behind[CONTROL_COUNT] = {
    [CONTROL_GPGV_ENOUGH] = CONTROL_TRUST_SIGNED,
    [CONTROL_TRUST_SIGNED] = CONTROL_GPGV_ENOUGH,
    [CONTROL_CACHE_HASH] = CONTROL_TRUST_BYTES,
    [CONTROL_TRUST_BYTES] = CONTROL_EXECUTE_HASH,
};
