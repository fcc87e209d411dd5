/* A field: the walk ends, what it gives lies inside, and written anew from its parts it is the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "model/relation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void write_one(struct writer *w, const struct relation *relation)
{
    if (writer_bytes(w).size > 0)
        writer_string(w, relation->first ? ", " : " | ");
    writer_text(w, relation->name);
    if (relation->arch.size > 0)
        writer_format(w, ":%.*s", TEXT_ARG(relation->arch));
    if (relation->test != RELATION_ANY)
        writer_format(w, " (%s %.*s)", relation_test_name(relation->test), TEXT_ARG(relation->version));
}

static bool write_all(struct text field, struct writer *w)
{
    struct relation_walk walk = relation_walk_with(field, TEXT("amd64"));
    struct relation relation;
    struct error err;
    bool found = true;

    for (;;) {
        if (!relation_next(&walk, &relation, &found, &err))
            return false;
        if (!found)
            return true;
        must(relation_is_name(relation.name) &&
             (relation.test == RELATION_ANY) == (relation.version.size == 0));
        write_one(w, &relation);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(writer_end) struct writer one = writer_with(16 * MIB);
    OWN(writer_end) struct writer two = writer_with(16 * MIB);

    if (!write_all((struct text){(const char *)data, size}, &one))
        return 0;
    struct bytes first = writer_bytes(&one);
    must(write_all((struct text){(const char *)first.at, first.size}, &two));
    struct bytes second = writer_bytes(&two);
    must(writer_ok(&one) && writer_ok(&two) && first.size == second.size);
    must(first.size == 0 || memcmp(first.at, second.at, first.size) == 0);
    return 0;
}
