#include "cli/print_held.h"

void print_held(const struct gate_holds *holds, struct arena *arena, struct screen *screen)
{
    for (size_t i = 0; i < holds->count; i++) {
        const struct gate_held *held = &holds->at[i];
        bool itself = held->subject.package.size > 0;
        struct text way =
            itself ? text_format(arena, "; suture approve %.*s shows it", TEXT_ARG(held->change->name))
                   : TEXT("");
        screen_line(screen,
                    text_format(arena, "(!) held for a person: %.*s %.*s%.*s", TEXT_ARG(held->change->name),
                                TEXT_ARG(held->why), TEXT_ARG(way)),
                    COLOUR_WARN);
    }
}

static void put(struct json_writer *j, const char *name, struct text value)
{
    json_name(j, name);
    json_put_text(j, value);
}

void print_held_json(const struct gate_holds *holds, struct json_writer *j)
{
    json_open_array(j);
    for (size_t i = 0; i < holds->count; i++) {
        const struct gate_held *held = &holds->at[i];
        json_open_object(j);
        put(j, "name", held->change->name);
        put(j, "arch", held->change->arch);
        put(j, "version", held->change->to);
        put(j, "gate", text_of(trust_gate_name(held->gate)));
        put(j, "why", held->why);
        json_name(j, "until");
        json_put_time(j, held->gate == TRUST_GATE_SOAK ? held->until_us : TIME_ABSENT);
        json_close_object(j);
    }
    json_close_array(j);
}
