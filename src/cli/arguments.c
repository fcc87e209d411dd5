#include "cli/arguments.h"

#include "base/nearest.h"

#define OPTION_NONE SIZE_MAX

bool arguments_ask_help(const char *const *argv, size_t count)
{
    for (size_t i = 0; i < count && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static bool find_option(const struct command *command, struct text name, size_t *out, struct error *err)
{
    struct nearest nearest = nearest_with(name);

    for (size_t i = 0; command->options != NULL && command->options[i].name != NULL; i++) {
        if (text_equal(name, text_of(command->options[i].name))) {
            *out = i;
            return true;
        }
        nearest_try(&nearest, text_of(command->options[i].name));
    }
    if (nearest.best.size > 0)
        return error_set(err, ERROR_INPUT, "unknown option \"--%.*s\"; do you mean \"--%.*s\"?",
                         TEXT_ARG(name), TEXT_ARG(nearest.best));
    return error_set(err, ERROR_INPUT, "unknown option \"--%.*s\"; suture help %s lists them", TEXT_ARG(name),
                     command->name);
}

static bool parse_choice(const char *words, struct text text, unsigned *out, struct error *err)
{
    struct text rest = text_of(words), word;

    for (unsigned i = 1; text_cut(&rest, '|', &word); i++)
        if (text_equal(word, text)) {
            *out = i;
            return true;
        }
    return error_set(err, ERROR_INPUT, "\"%.*s\" is none of %s", TEXT_ARG(text), words);
}

static bool parse_duration(struct text text, int64_t *out, struct error *err)
{
    static const struct {
        struct text unit;
        int64_t us;
        uint64_t max; /* a hundred years */
    } units[] = {
        {{"h", 1}, TIME_HOUR_US, 876600},
        {{"d", 1}, TIME_DAY_US, 36525},
        {{"w", 1}, 7 * TIME_DAY_US, 5217},
        /* "m" could as well be months, so it is none. */
        {{"min", 3}, TIME_MINUTE_US, 52596000},
        {{"s", 1}, TIME_SECOND_US, 3155760000},
    };
    uint64_t number;

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct error no_number;
        if (text.size <= units[i].unit.size || !text_ends(text, units[i].unit))
            continue;
        if (!text_to_u64(text_part(text, 0, text.size - units[i].unit.size), &number, &no_number) ||
            number > units[i].max)
            break;
        *out = (int64_t)number * units[i].us;
        return true;
    }
    return error_set(err, ERROR_INPUT, "\"%.*s\" is no duration such as 12h, 7d or 2w", TEXT_ARG(text));
}

static bool parse_value(const struct command_option *option, const char *text, struct command_value *out,
                        struct error *err)
{
    struct command_value value = {.text = text};
    bool holds = true;

    switch (option->kind) {
    case OPTION_CHOICE:
        holds = parse_choice(option->value, text_of(text), &value.choice, err);
        break;
    case OPTION_TIME:
        holds = time_parse(text_of(text), &value.us, err);
        break;
    case OPTION_DURATION:
        holds = parse_duration(text_of(text), &value.us, err);
        break;
    case OPTION_TEXT:
    case OPTION_TEXTS:
    case OPTION_FILE:
    case OPTION_FOLDER:
        if (*text == '\0')
            holds = error_set(err, ERROR_INPUT, "its value is empty");
        break;
    case OPTION_SWITCH:
        break;
    }
    if (!holds)
        return error_at(err, "--%s", option->name);
    *out = value;
    return true;
}

/* Behind those that were given before. */
static bool add_text(struct command_call *call, struct command_value *value,
                     const struct command_value *before, struct error *err)
{
    const char **texts = ARENA_ARRAY(call->arena, const char *, before->text_count + 1);

    if (texts == NULL)
        return arena_full(call->arena, err);
    for (size_t i = 0; i < before->text_count; i++)
        texts[i] = before->texts[i];
    texts[before->text_count] = value->text;
    value->texts = texts;
    value->text_count = before->text_count + 1;
    return true;
}

/* One option: argv[0] begins with "--". *taken is how many of argv it was. */
static bool parse_option(const char *const *argv, size_t count, struct command_call *call, size_t *taken,
                         struct error *err)
{
    struct text name = text_of(argv[0] + 2);
    const char *equals = strchr(argv[0], '=');
    size_t index;

    if (equals != NULL)
        name.size = (size_t)(equals - name.at);
    if (!find_option(call->command, name, &index, err))
        return false;
    const struct command_option *option = &call->command->options[index];
    if (call->values[index].text != NULL && option->kind != OPTION_TEXTS)
        return error_set(err, ERROR_INPUT, "--%s is given twice", option->name);
    if (option->kind == OPTION_SWITCH) {
        if (equals != NULL)
            return error_set(err, ERROR_INPUT, "--%s takes no value", option->name);
        *taken = 1;
        return parse_value(option, "", &call->values[index], err);
    }
    if (equals == NULL && count < 2)
        return error_set(err, ERROR_INPUT, "--%s needs a value: %s", option->name, option->value);
    *taken = equals != NULL ? 1 : 2;
    const struct command_value before = call->values[index];
    return parse_value(option, equals != NULL ? equals + 1 : argv[1], &call->values[index], err) &&
           (option->kind != OPTION_TEXTS || add_text(call, &call->values[index], &before, err));
}

bool arguments_parse(const char *const *argv, size_t count, struct command_call *call, struct error *err)
{
    const struct command *command = call->command;
    const char **arguments = ARENA_ARRAY(call->arena, const char *, count);
    size_t argument_count = 0;
    bool options_end = false;

    if (arguments == NULL)
        return arena_full(call->arena, err);
    for (size_t i = 0, taken; i < count; i += taken) {
        taken = 1;
        if (options_end || argv[i][0] != '-' || argv[i][1] == '\0')
            arguments[argument_count++] = argv[i];
        else if (strcmp(argv[i], "--") == 0)
            options_end = true;
        else if (argv[i][1] != '-')
            return error_set(err, ERROR_INPUT,
                             "unknown option \"%s\"; options have two dashes, and -- ends them", argv[i]);
        else if (!parse_option(argv + i, count - i, call, &taken, err))
            return false;
    }
    if (argument_count > command->argument_max)
        return error_set(err, ERROR_INPUT, "\"%s\" is one argument too many",
                         arguments[command->argument_max]);
    if (argument_count < command->argument_min)
        return error_set(err, ERROR_INPUT, "an argument is missing: %s", command->arguments);
    call->arguments = arguments;
    call->argument_count = argument_count;
    return true;
}
