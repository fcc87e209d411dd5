/*
 * json_put_value of json.h: where reading and writing meet.
 */
#include <assert.h>
#include <yyjson.h>

#include "base/limits.h"
#include "format/json.h"

/* Names and texts were checked for UTF-8 when they were read, and are escaped anew when written. */
static struct text text_of_value(yyjson_val *value)
{
    return (struct text){unsafe_yyjson_get_str(value), unsafe_yyjson_get_len(value)};
}

static void put_plain(struct json_writer *j, yyjson_val *value)
{
    if (yyjson_is_str(value))
        json_put_text(j, text_of_value(value));
    else if (yyjson_is_raw(value))
        json_put_digits(j, (struct text){unsafe_yyjson_get_raw(value), unsafe_yyjson_get_len(value)});
    else if (yyjson_is_bool(value))
        json_put_bool(j, unsafe_yyjson_get_bool(value));
    else
        json_put_null(j);
}

static void open_any(struct json_writer *j, struct json container)
{
    if (json_is_object(container))
        json_open_object(j);
    else
        json_open_array(j);
}

/* Without recursion: the containers that are open, the outermost first. A document is at most so deep. */
void json_put_value(struct json_writer *j, struct json value)
{
    struct json_walk open[LIMIT_JSON_DEPTH + 1];
    size_t depth = 0;

    if (!json_is_object(value) && !json_is_array(value)) {
        put_plain(j, value.at);
        return;
    }
    open_any(j, value);
    open[depth++] = json_walk_with(value);
    while (depth > 0) {
        struct json_walk *walk = &open[depth - 1];
        if (!json_walk_next(walk)) {
            if (walk->object)
                json_close_object(j);
            else
                json_close_array(j);
            depth--;
            continue;
        }
        if (walk->object)
            json_name_of(j, walk->name);
        if (!json_is_object(walk->value) && !json_is_array(walk->value)) {
            put_plain(j, walk->value.at);
            continue;
        }
        assert(depth < sizeof(open) / sizeof(*open)); /* json_parse refuses deeper ones */
        open_any(j, walk->value);
        open[depth] = json_walk_with(walk->value);
        depth++;
    }
}
