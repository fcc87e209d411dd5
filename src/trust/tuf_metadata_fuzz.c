#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "trust/tuf_count.h"
#include "trust/tuf_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_role(const struct tuf_role *role, const struct tuf_metadata *metadata, struct arena *arena)
{
    struct tuf_signers signers;
    struct error err;

    if (role->threshold == 0)
        __builtin_trap();
    for (size_t i = 0; i < role->key_count; i++)
        for (size_t j = 0; j < i; j++)
            if (tuf_key_same(role->keys[i], role->keys[j]))
                __builtin_trap();
    if (tuf_count(role, metadata, arena, &signers, &err) && signers.count > role->key_count)
        __builtin_trap();
}

/* A role's file is a name in its folder, whatever the role is called. */
static void check_name(struct text role, struct arena *arena)
{
    struct text name = tuf_path_metadata(role, 7, arena);

    if (name.at != NULL && (name.size > 255 || memchr(name.at, '/', name.size) != NULL || name.at[0] == '.'))
        __builtin_trap();
}

static void check_delegation(const struct tuf_delegation *delegation, const struct tuf_metadata *metadata,
                             struct arena *arena)
{
    struct error err;
    bool speaks;

    if (delegation->name.size == 0 || (delegation->path_count > 0 && delegation->hash_prefix_count > 0))
        __builtin_trap();
    check_role(&delegation->role, metadata, arena);
    check_name(delegation->name, arena);
    for (size_t i = 0; i < metadata->files.count && i < 8; i++)
        (void)!tuf_path_delegated(delegation, metadata->files.at[i].name, &speaks, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 24);
    OWN(tuf_metadata_end) struct tuf_metadata got = {0};
    struct error err;

    if (!tuf_metadata_parse((struct bytes){data, size}, TUF_TYPE_UNKNOWN, &arena, &got, &err))
        return 0;
    if (got.type == TUF_TYPE_UNKNOWN || got.version == 0 || got.canonical.size == 0)
        __builtin_trap();
    for (enum tuf_type type = TUF_ROOT; got.type == TUF_ROOT && type < TUF_TYPE_COUNT; type++)
        check_role(&got.roles[type], &got, &arena);
    for (size_t i = 0; i < got.files.count; i++)
        if (tuf_files_find(&got.files, got.files.at[i].name) != &got.files.at[i])
            __builtin_trap();
    for (size_t i = 0; i < got.delegation_count; i++)
        check_delegation(&got.delegations[i], &got, &arena);
    return 0;
}
