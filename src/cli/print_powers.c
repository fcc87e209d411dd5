#include "cli/print_powers.h"

#include "cli/words.h"
#include "format/json.h"

#define LABEL_WIDTH 12

static struct text plural(struct arena *arena, enum power_kind kind, size_t count)
{
    const char *words = power_kind_words(kind);
    size_t size = strlen(words);

    if (count == 1)
        return text_format(arena, "1 %s", words);
    if (size > 0 && words[size - 1] == 'y' && (size < 2 || strchr("aeiou", words[size - 2]) == NULL))
        return text_format(arena, "%zu %.*sies", count, (int)size - 1, words);
    if (kind == POWER_PAM)
        return text_format(arena, "%zu login rules (PAM)", count);
    if (kind == POWER_APT_SOURCE)
        return text_format(arena, "%zu sources of packages", count);
    if (kind == POWER_APT_KEY)
        return text_format(arena, "%zu keys for packages", count);
    if (kind == POWER_OUTSIDE)
        return text_format(arena, "%zu files in unusual places", count);
    return text_format(arena, "%zu %ss", count, words);
}

static struct text summary(const struct plan_powers *powers, struct arena *arena)
{
    size_t counts[POWER_KIND_COUNT] = {0}, small = 0, others = 0;
    struct text all = TEXT("");

    for (size_t i = 0; i < powers->powers.count; i++) {
        const struct power *power = &powers->powers.at[i];
        small += power->small && power->kind == POWER_SCRIPT;
        others += power->small && power->kind != POWER_SCRIPT;
        counts[power->kind] += power->small ? 0 : power->count;
    }
    for (size_t kind = 1; kind < POWER_KIND_COUNT; kind++)
        if (counts[kind] > 0)
            all = text_format(arena, "%.*s%s%.*s", TEXT_ARG(all), all.size > 0 ? ", " : "",
                              TEXT_ARG(plural(arena, (enum power_kind)kind, counts[kind])));
    if (small > 0)
        all = text_format(arena, "%.*s%s%.*s", TEXT_ARG(all), all.size > 0 ? "; " : "",
                          TEXT_ARG(words_count(arena, small, "script that changed only in its version",
                                               "scripts that changed only in their version")));
    if (others > 0)
        all = text_format(arena, "%.*s%s%.*s", TEXT_ARG(all), all.size > 0 ? "; " : "",
                          TEXT_ARG(words_count(arena, others, "small thing", "small things")));
    return all;
}

static void print_change(struct text change, struct screen *screen)
{
    struct text line;

    while (text_cut(&change, '\n', &line)) {
        writer_string(screen->out, "                ");
        writer_text(screen->out, line);
        writer_byte(screen->out, '\n');
    }
}

static void print_power(const struct power *power, bool shown, struct arena *arena, struct screen *screen)
{
    struct text more = power->count > 1
                           ? text_format(arena, " and %llu more", (unsigned long long)power->count - 1)
                           : TEXT("");
    struct text what = power->what.size > 0 ? text_format(arena, " (%.*s)", TEXT_ARG(power->what)) : TEXT("");
    struct text line = text_format(arena, "%s %s of %.*s: %.*s%.*s%.*s%s", power->is_new ? "new" : "changed",
                                   power_kind_words(power->kind), TEXT_ARG(power->package),
                                   TEXT_ARG(power->path), TEXT_ARG(more), TEXT_ARG(what),
                                   !power->small                 ? ""
                                   : power->kind == POWER_SCRIPT ? ", only in its version"
                                                                 : ", small");

    screen_labelled(screen, LABEL_WIDTH, TEXT(""), line, power->small ? COLOUR_DIM : COLOUR_PLAIN);
    if (shown && !power->small)
        print_change(power->change, screen);
}

void print_powers(const struct plan_powers *powers, bool shown, struct arena *arena, struct screen *screen)
{
    struct text unread = words_count(arena, powers->unread, "package is", "packages are");

    if (powers->powers.count > 0)
        screen_labelled(screen, LABEL_WIDTH, TEXT("NEW POWERS"), summary(powers, arena), COLOUR_WARN);
    for (size_t i = 0; i < powers->powers.count; i++)
        print_power(&powers->powers.at[i], shown, arena, screen);
    if (powers->unread > 0)
        screen_labelled(
            screen, LABEL_WIDTH, TEXT("new powers"),
            text_format(
                arena,
                "not known yet: %.*s not here. suture plan --fetch gets them and shows what they may do",
                TEXT_ARG(unread)),
            COLOUR_PLAIN);
    else if (powers->powers.count == 0)
        screen_labelled(screen, LABEL_WIDTH, TEXT("new powers"), TEXT("none"), COLOUR_PLAIN);
}

static void put_or_null(struct json_writer *j, const char *name, struct text value)
{
    json_name(j, name);
    if (value.size > 0)
        json_put_text(j, value);
    else
        json_put_null(j);
}

static void put_power(struct json_writer *j, const struct power *power)
{
    json_open_object(j);
    json_name(j, "package");
    json_put_text(j, power->package);
    json_name(j, "arch");
    json_put_text(j, power->arch);
    json_name(j, "kind");
    json_put_string(j, power_kind_name(power->kind));
    json_name(j, "change");
    json_put_string(j, power->is_new ? "new" : "changed");
    json_name(j, "small");
    json_put_bool(j, power->small);
    json_name(j, "path");
    json_put_text(j, power->path);
    json_name(j, "files");
    json_put_u64(j, power->count);
    put_or_null(j, "what", power->what);
    put_or_null(j, "diff", power->change);
    json_close_object(j);
}

bool print_powers_json(const char *plan, const struct plan_powers *powers, struct writer *out,
                       struct error *err)
{
    struct json_writer j = json_writer_with(out, true);
    struct bytes done;

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.powers/1");
    json_name(&j, "plan");
    json_put_string(&j, plan);
    json_name(&j, "unread");
    json_put_u64(&j, powers->unread);
    json_name(&j, "powers");
    json_open_array(&j);
    for (size_t i = 0; i < powers->powers.count; i++)
        put_power(&j, &powers->powers.at[i]);
    json_close_array(&j);
    json_close_object(&j);
    writer_byte(out, '\n');
    return writer_done(out, &done, err);
}
