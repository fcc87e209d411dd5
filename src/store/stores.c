#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "store/store.h"

/* The one that takes every `where` comes last. */
const struct store *const stores[] = {
    &store_postgres,
    &store_sqlite,
    NULL,
};

static bool begins_with_one(const char *where, const char *const *schemes)
{
    for (; schemes != NULL && *schemes != NULL; schemes++)
        if (strncmp(where, *schemes, strlen(*schemes)) == 0)
            return true;
    return false;
}

const struct store *stores_find(const char *where, const char **rest)
{
    const struct store *last = NULL;

    *rest = where;
    for (size_t i = 0; stores[i] != NULL; i++)
        if (begins_with_one(where, (last = stores[i])->schemes))
            return stores[i];
    for (size_t i = 0; stores[i] != NULL; i++)
        if (strncmp(where, stores[i]->prefix, strlen(stores[i]->prefix)) == 0) {
            *rest = where + strlen(stores[i]->prefix);
            return stores[i];
        }
    return last;
}

char *store_expand(const struct store *store, const char *sql, const char *rows, struct arena *arena)
{
    static const char *const places[] = {"{number}", "{bytes}", "{text}", "{key}", "{clustered}", "{empty}"};
    OWN(writer_end) struct writer w = writer_with(LIMIT_FLEET_SQL);

    for (const char *at = sql; *at != '\0';) {
        const char *with = strncmp(at, "{rows}", 6) == 0 ? rows : NULL;
        size_t size = 6;
        for (size_t i = 0; i < sizeof(places) / sizeof(*places) && with == NULL && *at == '{'; i++) {
            size = strlen(places[i]);
            if (strncmp(at, places[i], size) == 0)
                with = store->places[i];
        }
        if (with == NULL)
            writer_byte(&w, (uint8_t)*at++);
        else {
            writer_string(&w, with);
            at += size;
        }
    }
    struct bytes made = writer_bytes(&w);
    return writer_ok(&w) ? text_string(arena, (struct text){(const char *)made.at, made.size}) : NULL;
}
