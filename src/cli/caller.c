#include "cli/caller.h"

#include "base/limits.h"
#include "base/os.h"

bool caller_name(struct arena *arena, struct text *out, struct error *err)
{
    const char *sudo = os_environment("SUDO_USER");
    struct text who = {0};
    struct error no_text;

    if (!os_is_root())
        who = text_format(arena, "user %u", os_user());
    else if (sudo != NULL &&
             text_from_bytes(bytes_of_text(text_of(sudo)), LIMIT_ORDER_TEXT / 2, &who, &no_text))
        who = text_format(arena, "root (sudo: %s)", sudo);
    else
        who = TEXT("root");
    *out = who;
    return who.at != NULL || arena_full(arena, err);
}
