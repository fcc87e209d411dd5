#include "cli/feed_options.h"

#include "base/limits.h"
#include "identify/feeds.h"
#include "identify/os_release.h"

bool feed_options_state(struct arena *arena, struct state *out, struct error *err)
{
    const char *folder;

    return state_folder(arena, &folder, err) && state_open(folder, STATE_WRITE, out, err);
}

/* It becomes the name of a file. */
static bool is_release(struct text name)
{
    bool good = name.size > 0 && name.size < LIMIT_RELEASE_NAME;

    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        good = good && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || (c == '.' && i > 0));
    }
    return good;
}

bool feed_options_releases(const char *list, struct arena *arena, struct text **out, size_t *count,
                           struct error *err)
{
    struct text rest = list == NULL ? (struct text){0} : text_of(list), name;
    struct text *names = ARENA_ARRAY(arena, struct text, rest.size + 2);
    size_t got = 0;

    if (names == NULL)
        return arena_full(arena, err);
    while (text_cut(&rest, ',', &name)) {
        if (!is_release(name))
            return error_set(err, ERROR_INPUT, "--release: \"%.*s\" is no release such as debian-12",
                             TEXT_ARG(name));
        names[got++] = name;
    }
    *out = names;
    *count = got;
    return true;
}

bool feed_options_own_release(struct arena *arena, struct text *out, size_t *count, struct error *err)
{
    struct os_release os = {0};

    if (!os_release_read("/", arena, &os, err)) {
        if (err->kind != ERROR_ABSENT)
            return false;
        *err = (struct error){0};
    }
    if (os.release.name[0] == 0)
        return true;
    struct text own = text_copy(arena, text_of(os.release.name));
    if (own.at == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < *count; i++)
        if (text_equal(out[i], own))
            return true;
    out[(*count)++] = own;
    return true;
}

bool feed_options_feed(const char *name, const struct feed **out, struct error *err)
{
    char names[240] = "";
    size_t size = 0;

    if (name == NULL)
        return true;
    const struct feed *found = feeds_find(text_of(name));
    for (size_t i = 0; feeds[i] != NULL && size < sizeof(names); i++)
        size +=
            (size_t)snprintf(names + size, sizeof(names) - size, "%s%s", i > 0 ? ", " : "", feeds[i]->name);
    if (found == NULL)
        return error_set(err, ERROR_INPUT, "--feed: there is no \"%s\"; there is: %s", name, names);
    *out = found;
    return true;
}

int64_t feed_options_now(const struct command_call *call, size_t option)
{
    int64_t us = command_us(call, option);

    return us == TIME_ABSENT ? time_now_us() : us;
}
