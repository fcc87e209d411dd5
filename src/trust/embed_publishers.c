/*
 * Runs when the program is built: turns data/publishers into a constant table, read by the same code that reads an
 * administrator's own file.
 *
 *     embed_publishers OUT.c PUBLISHER.yaml...
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/publishers.h"

#define PUBLISHERS_MAX 64

static void die(const struct error *err)
{
    fprintf(stderr, "embed_publishers: %s\n", err->text);
    exit(1);
}

static void put_string(FILE *out, const char *string)
{
    if (string == NULL) {
        fprintf(out, "NULL");
        return;
    }
    fputc('"', out);
    for (const char *c = string; *c != 0; c++)
        if (*c >= ' ' && *c <= '~' && *c != '"' && *c != '\\' && *c != '?')
            fputc(*c, out);
        else
            fprintf(out, "\\%03o", (unsigned char)*c);
    fputc('"', out);
}

static void put_words(FILE *out, const char *label, const struct publisher_words *words)
{
    if (words->count == 0)
        return;
    fprintf(out, "    .%s = {(const char *const[]){", label);
    for (size_t i = 0; i < words->count; i++) {
        put_string(out, words->at[i]);
        fputc(',', out);
    }
    fprintf(out, "}, %zu},\n", words->count);
}

static void put_field(FILE *out, const char *label, const char *string)
{
    fprintf(out, "    .%s = ", label);
    put_string(out, string);
    fprintf(out, ",\n");
}

static void put_suite(FILE *out, const struct publisher_suite *suite)
{
    fprintf(out, "    {\n");
    put_field(out, "codename", suite->codename);
    put_field(out, "suite", suite->suite);
    put_field(out, "origin", suite->origin);
    put_field(out, "label", suite->label);
    put_words(out, "signed_by", &suite->signed_by);
    put_words(out, "always", &suite->always);
    put_field(out, "security_of", suite->security_of);
    fprintf(out, "    .needed = %u, .age_days = %u},\n", suite->needed, suite->age_days);
}

static void put_publisher(FILE *out, const struct publisher *publisher, size_t index)
{
    fprintf(out, "static const struct publisher_suite suites_%zu[] = {\n", index);
    for (size_t i = 0; i < publisher->suite_count; i++)
        put_suite(out, &publisher->suites[i]);
    fprintf(out, "};\n\nstatic const struct publisher publisher_%zu = {\n", index);
    put_field(out, "name", publisher->name);
    put_field(out, "title", publisher->title);
    put_words(out, "archives", &publisher->archives);
    put_words(out, "keyrings", &publisher->keyrings);
    put_words(out, "packages", &publisher->packages);
    put_words(out, "sources", &publisher->sources);
    put_field(out, "security_uri", publisher->security_uri);
    fprintf(out, "    .suites = suites_%zu, .suite_count = %zu};\n\n", index, publisher->suite_count);
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct publishers read;
    struct bytes file;
    struct error err;
    size_t count = 0;

    FILE *out = argc < 3 ? NULL : fopen(argv[1], "w");
    if (out == NULL)
        return 2;
    fprintf(out, "/* Made from data/publishers by embed_publishers. */\n#include \"trust/publishers.h\"\n\n");
    for (int i = 2; i < argc; i++) {
        if (!file_read(argv[i], LIMIT_YAML_FILE, &arena, &file, &err) ||
            !publishers_read(file, text_of(argv[i]), &arena, &read, &err)) {
            (void)fclose(out);
            die(&err);
        }
        for (size_t k = 0; k < read.count && count < PUBLISHERS_MAX; k++)
            put_publisher(out, read.at[k], count++);
    }
    fprintf(out, "const struct publishers publishers_built_in = {(const struct publisher *const[]){");
    for (size_t i = 0; i < count; i++)
        fprintf(out, "&publisher_%zu, ", i);
    fprintf(out, "}, %zu};\n", count);
    if (fclose(out) != 0) {
        perror(argv[1]);
        return 1;
    }
    return 0;
}
