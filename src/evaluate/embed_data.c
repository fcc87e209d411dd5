/*
 * Runs when the program is built: turns the files of data/ into constant tables, read by the same code that reads a
 * policy's own files. So the built-in profiles cost nothing at start and cannot differ in form from anyone else's.
 *
 *     embed_data OUT.c deployer.yaml human-impact.yaml PROFILE.yaml...
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "evaluate/data_read.h"

#define PROFILES_MAX 64

static void die(const struct error *err)
{
    fprintf(stderr, "embed_data: %s\n", err->text);
    exit(1);
}

static struct bytes read_file(const char *path, struct arena *arena)
{
    struct bytes file;
    struct error err;

    if (!file_read(path, LIMIT_YAML_FILE, arena, &file, &err))
        die(&err);
    return file;
}

/* A C string literal, or NULL. */
static void put_string(FILE *out, const char *label, const char *string)
{
    if (string == NULL)
        return;
    fprintf(out, "    .%s = \"", label);
    for (const char *c = string; *c != 0; c++)
        if (*c >= ' ' && *c <= '~' && *c != '"' && *c != '\\' && *c != '?')
            fputc(*c, out);
        else
            fprintf(out, "\\%03o", (unsigned char)*c);
    fprintf(out, "\",\n");
}

static void put_source(FILE *out, const struct table_source *from)
{
    fprintf(out, "    .from = {\n");
    put_string(out, "id", from->id);
    put_string(out, "version", from->version);
    put_string(out, "title", from->title);
    put_string(out, "source", from->source);
    put_string(out, "date_read", from->date_read);
    fprintf(out, "    },\n");
}

static void put_cells(FILE *out, const uint8_t *at, size_t count)
{
    fprintf(out, "    .at = {");
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%u,", at[i]);
    fprintf(out, "},\n};\n\n");
}

static void put_rules(FILE *out, const struct profile *profile, size_t index)
{
    fprintf(out, "static const struct profile_rule rules_%zu[] = {\n", index);
    for (size_t i = 0; i < profile->rule_count; i++) {
        const struct profile_rule *rule = &profile->rules[i];
        fprintf(out,
                "    {.within = {%u, (enum duration_unit)%d}, .triage = %d, .condition_count = %u, "
                ".conditions = {",
                rule->within.count, (int)rule->within.unit, rule->triage, rule->condition_count);
        for (size_t j = 0; j < rule->condition_count; j++)
            fprintf(out, "{%u, %u},", rule->conditions[j].input, rule->conditions[j].accepts);
        fprintf(out, "%s}, .clock_count = %u, .clocks = {", rule->condition_count == 0 ? "{0}" : "",
                rule->clock_count);
        for (size_t j = 0; j < rule->clock_count; j++)
            fprintf(out, "%u,", rule->clocks[j]);
        fprintf(out, "}},\n");
    }
    fprintf(out, "};\n\n");
}

/* "seed-cvss" becomes profile_seed_cvss. */
static void put_name(FILE *out, const char *id)
{
    fprintf(out, "profile_");
    for (const char *c = id; *c != 0; c++)
        fputc(*c == '-' || *c == '.' ? '_' : *c, out);
}

static void put_profile(FILE *out, const struct profile *profile, size_t index)
{
    fprintf(out, "extern const struct profile ");
    put_name(out, profile->id);
    fprintf(out, ";\nconst struct profile ");
    put_name(out, profile->id);
    fprintf(out, " = {\n");
    put_string(out, "id", profile->id);
    put_string(out, "version", profile->version);
    put_string(out, "title", profile->title);
    put_string(out, "source", profile->source);
    put_string(out, "date_read", profile->date_read);
    put_string(out, "retired_on", profile->retired_on);
    put_string(out, "note", profile->note);
    fprintf(out, "    .stops_mitigated = %d, .law = %d, .rules = rules_%zu, .rule_count = %zu};\n\n",
            profile->stops_mitigated, profile->law, index, profile->rule_count);
}

static void put_profiles(FILE *out, char **paths, size_t count, struct arena *arena)
{
    struct profile read[PROFILES_MAX];
    struct error err;

    for (size_t i = 0; i < count; i++) {
        if (!profile_read(read_file(paths[i], arena), text_of(paths[i]), arena, &read[i], &err))
            die(&err);
        if (i > 0 && text_compare(text_of(read[i - 1].id), text_of(read[i].id)) >= 0) {
            (void)error_set(&err, ERROR_INPUT, "%s: profiles must come sorted by id", paths[i]);
            die(&err);
        }
        put_rules(out, &read[i], i);
        put_profile(out, &read[i], i);
    }
    fprintf(out, "const struct profile *const profiles[] = {\n");
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "    &");
        put_name(out, read[i].id);
        fprintf(out, ",\n");
    }
    fprintf(out, "    NULL,\n};\n");
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct urgency_table urgency;
    struct impact_table impact;
    struct error err;

    if (argc < 5 || argc - 4 > PROFILES_MAX)
        return 2;
    if (!urgency_read(read_file(argv[2], &arena), text_of(argv[2]), &arena, &urgency, &err) ||
        !impact_read(read_file(argv[3], &arena), text_of(argv[3]), &arena, &impact, &err))
        die(&err);
    FILE *out = fopen(argv[1], "w");
    if (out == NULL) {
        perror(argv[1]);
        return 1;
    }
    fprintf(out, "/* Made from data/ by embed_data. */\n#include \"evaluate/profile.h\"\n#include "
                 "\"evaluate/urgency.h\"\n\n");
    fprintf(out, "const struct urgency_table urgency_ssvc = {\n");
    put_source(out, &urgency.from);
    put_cells(out, urgency.at, URGENCY_ROWS);
    fprintf(out, "const struct impact_table impact_ssvc = {\n");
    put_source(out, &impact.from);
    put_cells(out, impact.at, IMPACT_ROWS);
    put_profiles(out, argv + 4, (size_t)argc - 4, &arena);
    if (fclose(out) != 0) {
        perror(argv[1]);
        return 1;
    }
    return 0;
}
