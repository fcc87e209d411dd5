#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "trust/tuf_changes.h"

/* Documents with quotes as '. Keys: "a" of anna, "b" of ben, "s" of a server. */
#define PUBLIC(digit) "'keyval':{'public':'" digit digit digit digit digit digit digit digit "'}"
#define EIGHT_A       "aaaaaaaa"
#define EIGHT_B       "bbbbbbbb"
#define EIGHT_C       "cccccccc"
#define KEY_A_OF(person)                                                                                     \
    "'a':{'keytype':'ed25519'," PUBLIC(EIGHT_A) ",'scheme':'ed25519','x-suture-person':'" person "'}"
#define KEY_A                KEY_A_OF("anna")
#define KEY_B                "'b':{'keytype':'ed25519'," PUBLIC(EIGHT_B) ",'scheme':'ed25519','x-suture-person':'ben'}"
#define KEY_S                "'s':{'keytype':'ed25519'," PUBLIC(EIGHT_C) ",'scheme':'ed25519','x-suture-online':true}"
#define HEAD                 "'expires':'2030-01-01T00:00:00Z','spec_version':'1.0.34','version':1"
#define ROLE(ids, threshold) "{'keyids':[" ids "],'threshold':" threshold "}"
#define ROOT(keys, root, targets, snapshots, more)                                                           \
    "{'_type':'root','consistent_snapshot':" snapshots "," HEAD ",'keys':{" keys "},'roles':{"               \
    "'root':" root ",'timestamp':" ROLE("'s'", "1") ",'snapshot':" ROLE("'s'", "1") ",'targets':" targets    \
                                                                                    "}" more "}"
#define TARGETS(files, delegations) "{'_type':'targets'," HEAD ",'targets':{" files "}" delegations "}"
#define DELEGATIONS(keys, roles)    ",'delegations':{'keys':{" keys "},'roles':[" roles "]}"
#define DELEGATED(name, ids, threshold, terminating, scope)                                                  \
    "{'keyids':[" ids "],'name':'" name "'," scope ",'terminating':" terminating ",'threshold':" threshold "}"
#define HASH_0 "0000000000000000000000000000000000000000000000000000000000000000"
#define HASH_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define FILE_OF(path, hash, length, more)                                                                    \
    "'" path "':{'hashes':{'sha256':'" hash "'},'length':" length more "}"

#define BOTH     ROLE("'a','b'", "2")
#define FULL     ROOT(KEY_A "," KEY_B "," KEY_S, BOTH, BOTH, "true", "")
#define PLAIN    TARGETS(FILE_OF("x", HASH_0, "3", ""), "")
#define POLICY   DELEGATED("policy", "'a','b'", "2", "true", "'paths':['policy/*']")
#define BLOCK    DELEGATED("block", "'a'", "1", "true", "'paths':['orders/block/*']")
#define DELEGATE TARGETS("", DELEGATIONS(KEY_A "," KEY_B, POLICY "," BLOCK))

static struct tuf_metadata parse(const char *name, const char *signed_part, struct arena *arena)
{
    struct text whole = text_format(arena, "{'signatures':[],'signed':%s}", signed_part);
    char *at = text_string(arena, whole);
    struct tuf_metadata metadata = {0};
    struct error err;

    for (size_t i = 0; i < whole.size; i++)
        at[i] = (char)(at[i] == '\'' ? '"' : at[i]);
    assert_done(name,
                tuf_metadata_parse((struct bytes){(const uint8_t *)at, whole.size}, TUF_TYPE_UNKNOWN, arena,
                                   &metadata, &err),
                &err);
    return metadata;
}

static void each_change_has_its_sentence(void **state)
{
    static const struct {
        const char *name, *before, *after, *told;
    } rows[] = {
        {"the same", FULL, FULL, ""},
        {"threshold lowered", FULL, ROOT(KEY_A "," KEY_B "," KEY_S, ROLE("'a','b'", "1"), BOTH, "true", ""),
         "! root: the tree is of one person alone: WEAKER\n! root: 1 have to sign, not 2: WEAKER\n"},
        {"threshold raised", ROOT(KEY_A "," KEY_B "," KEY_S, BOTH, ROLE("'a','b'", "1"), "true", ""), FULL,
         "~ targets: 2 have to sign, not 1\n"},
        {"a key less", FULL, ROOT(KEY_A "," KEY_B "," KEY_S, BOTH, ROLE("'a'", "1"), "true", ""),
         "! targets: 1 have to sign, not 2: WEAKER\n- targets: may no longer sign: ben (b)\n"},
        {"a key more", ROOT(KEY_A "," KEY_B "," KEY_S, BOTH, ROLE("'b'", "1"), "true", ""),
         ROOT(KEY_A "," KEY_B "," KEY_S, BOTH, ROLE("'a','b'", "1"), "true", ""),
         "+ targets: may sign: anna, key a, ed25519\n"},
        {"a server's key for people's role",
         ROOT(KEY_A "," KEY_B "," KEY_S, BOTH, ROLE("'b'", "1"), "true", ""),
         ROOT(KEY_A "," KEY_B "," KEY_S, BOTH, ROLE("'b','s'", "1"), "true", ""),
         "+ targets: may sign: the server, key s, ed25519, a server's\n"},
        {"a key's person", FULL, ROOT(KEY_A_OF("ben") "," KEY_B "," KEY_S, BOTH, BOTH, "true", ""),
         "~ root: key a: person anna -> ben\n~ targets: key a: person anna -> ben\n"},
        {"a key's material", FULL,
         ROOT("'a':{'keytype':'ed25519'," PUBLIC(
                  "dddddddd") ",'scheme':'ed25519','x-suture-person':'anna'}," KEY_B "," KEY_S,
              BOTH, BOTH, "true", ""),
         "! root: another key under the id of anna (a)\n! targets: another key under the id of anna (a)\n"},
        {"snapshots", FULL, ROOT(KEY_A "," KEY_B "," KEY_S, BOTH, BOTH, "false", ""),
         "~ root: consistent snapshots: no\n"},
        {"solo", FULL, ROOT(KEY_A "," KEY_B "," KEY_S, BOTH, BOTH, "true", ",'x-suture-solo':true"),
         "! root: the tree is of one person alone: WEAKER\n"},
        {"no longer solo", ROOT(KEY_A "," KEY_B "," KEY_S, BOTH, BOTH, "true", ",'x-suture-solo':true"), FULL,
         "+ root: the tree is no longer of one person alone\n"},

        {"a file more", PLAIN, TARGETS(FILE_OF("x", HASH_0, "3", "") "," FILE_OF("y", HASH_1, "4", ""), ""),
         "+ lists y, 4 bytes, SHA-256 " HASH_1 "\n"},
        {"a file less", PLAIN, TARGETS("", ""), "- no longer lists x\n"},
        {"another content", PLAIN, TARGETS(FILE_OF("x", HASH_1, "3", ""), ""),
         "~ lists x, 3 bytes, SHA-256 " HASH_1 "\n    it was: x, 3 bytes, SHA-256 " HASH_0 "\n"},
        {"another length", PLAIN, TARGETS(FILE_OF("x", HASH_0, "4", ""), ""),
         "~ lists x, 4 bytes, SHA-256 " HASH_0 "\n    it was: x, 3 bytes, SHA-256 " HASH_0 "\n"},
        {"custom data", PLAIN, TARGETS(FILE_OF("x", HASH_0, "3", ",'custom':{'a':'\xe2\x80\xae'}"), ""),
         "~ lists x, 3 bytes, SHA-256 " HASH_0 "\n    with: {\"a\":\"<U+202E>\"}\n"},
        {"a name that turns", TARGETS("", ""), TARGETS(FILE_OF("a\xe2\x80\xae", HASH_0, "3", ""), ""),
         "+ lists a<U+202E>, 3 bytes, SHA-256 " HASH_0 "\n"},

        {"delegations", DELEGATE, DELEGATE, ""},
        {"a role less", DELEGATE, TARGETS("", DELEGATIONS(KEY_A "," KEY_B, POLICY)),
         "- block: nobody may sign for it any more\n"},
        {"a role more", TARGETS("", DELEGATIONS(KEY_A "," KEY_B, POLICY)), DELEGATE,
         "+ block: 1 of 1 keys have to sign\n+ block: may sign: anna, key a, ed25519\n+ block: speaks for "
         "orders/block/*\n+ block: nobody behind it is asked for its paths\n"},
        {"their order", DELEGATE, TARGETS("", DELEGATIONS(KEY_A "," KEY_B, BLOCK "," POLICY)),
         "~ the order in which roles are asked is another\n"},
        {"paths", DELEGATE,
         TARGETS("", DELEGATIONS(KEY_A "," KEY_B, POLICY
                                 "," DELEGATED("block", "'a'", "1", "false", "'paths':['*','policy/*']"))),
         "- block: no longer speaks for orders/block/*\n+ block: speaks for *\n+ block: speaks for policy/*\n"
         "~ block: those behind it are asked for its paths too\n"},
        {"hash prefixes", DELEGATE,
         TARGETS("", DELEGATIONS(KEY_A "," KEY_B, POLICY
                                 "," DELEGATED("block", "'a'", "1", "true", "'path_hash_prefixes':['00']"))),
         "- block: no longer speaks for orders/block/*\n+ block: speaks for paths whose SHA-256 begins with "
         "00\n"},
        {"a snapshot", "{'_type':'snapshot'," HEAD ",'meta':{'targets.json':{'version':1}}}",
         "{'_type':'snapshot'," HEAD ",'meta':{'targets.json':{'version':2},'x.json':{'version':1}}}",
         "~ lists targets.json, version 2\n    it was: targets.json, version 1\n+ lists x.json, version 1\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(8 * MIB);
        OWN(tuf_metadata_end) struct tuf_metadata before = parse(rows[i].name, rows[i].before, &arena);
        OWN(tuf_metadata_end) struct tuf_metadata after = parse(rows[i].name, rows[i].after, &arena);
        OWN(writer_end) struct writer told = writer_with(64 * KIB);
        struct error err;
        assert_done(rows[i].name, tuf_changes_tell(&told, &before, &after, &err), &err);
        assert_text(rows[i].name, (struct text){(const char *)told.at, told.size}, rows[i].told);
    }
}

/* A member that has no sentence must be seen: wherever it stands, the document is called incomplete. */
static void what_has_no_sentence_is_noticed(void **state)
{
    static const struct {
        const char *name, *document;
        bool complete;
    } rows[] = {
        {"root", FULL, true},
        {"targets", PLAIN, true},
        {"delegations", DELEGATE, true},
        {"custom data, which is told", TARGETS(FILE_OF("x", HASH_0, "3", ",'custom':{'a':[1]}"), ""), true},
        {"beside the rest", ROOT(KEY_A "," KEY_B "," KEY_S, BOTH, BOTH, "true", ",'x':1"), false},
        {"in a key",
         ROOT("'a':{'keytype':'ed25519'," PUBLIC(
                  EIGHT_A) ",'scheme':'ed25519','x-suture-person':'anna','x':1}," KEY_B "," KEY_S,
              BOTH, BOTH, "true", ""),
         false},
        {"a key of nobody's role",
         ROOT(KEY_A "," KEY_B "," KEY_S
                    ",'c':{'keytype':'ed25519'," PUBLIC("dddddddd") ",'scheme':'ed25519'}",
              BOTH, BOTH, "true", ""),
         false},
        {"a key of an unknown kind",
         ROOT(KEY_A "," KEY_B "," KEY_S ",'c':{'keytype':'ed448','keyval':{'public':'x'},'scheme':'ed448'}",
              BOTH, ROLE("'a','b','c'", "2"), "true", ""),
         false},
        {"in a role",
         ROOT(KEY_A "," KEY_B "," KEY_S, "{'keyids':['a','b'],'threshold':2,'x':1}", BOTH, "true", ""),
         false},
        {"in a file", TARGETS(FILE_OF("x", HASH_0, "3", ",'x':1"), ""), false},
        {"in a delegation",
         TARGETS("", DELEGATIONS(KEY_A, DELEGATED("block", "'a'", "1", "true", "'x':1,'paths':['*']"))),
         false},
        {"a later specification",
         "{'_type':'targets','expires':'2030-01-01T00:00:00Z','spec_version':'1.9.0','targets':{},'version':"
         "1}",
         false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(8 * MIB);
        OWN(tuf_metadata_end) struct tuf_metadata metadata = parse(rows[i].name, rows[i].document, &arena);
        bool complete = false;
        struct error err;
        assert_done(rows[i].name, tuf_changes_complete(&metadata, &complete, &err), &err);
        if (complete != rows[i].complete)
            fail_msg("%s: %s", rows[i].name, complete ? "called complete" : "called incomplete");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_has_its_sentence),
        cmocka_unit_test(what_has_no_sentence_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
