#include "trust/publishers.h"

#include "base/digest.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"

bool publishers_with_own(const struct publishers *own, struct arena *arena, struct publishers *out,
                         struct error *err)
{
    const struct publisher **at =
        ARENA_ARRAY(arena, const struct publisher *, own->count + publishers_built_in.count);
    size_t count = 0;

    if (at == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < own->count; i++)
        at[count++] = own->at[i];
    for (size_t i = 0; i < publishers_built_in.count; i++)
        if (publishers_find(own, text_of(publishers_built_in.at[i]->name)) == NULL)
            at[count++] = publishers_built_in.at[i];
    *out = (struct publishers){at, count};
    return true;
}

/* A size in front of each text: no two tables give the same bytes. */
static void put(struct writer *w, const char *text)
{
    struct text put = text == NULL ? (struct text){0} : text_of(text);

    writer_varint(w, put.size);
    writer_text(w, put);
}

static void put_words(struct writer *w, const struct publisher_words *words)
{
    writer_varint(w, words->count);
    for (size_t i = 0; i < words->count; i++)
        put(w, words->at[i]);
}

static void put_suite(struct writer *w, const struct publisher_suite *suite)
{
    put(w, suite->codename);
    put(w, suite->suite);
    put(w, suite->origin);
    put(w, suite->label);
    put_words(w, &suite->signed_by);
    put_words(w, &suite->always);
    writer_u32(w, suite->needed);
    writer_u32(w, suite->age_days);
    put(w, suite->security_of);
}

static void put_publisher(struct writer *w, const struct publisher *publisher)
{
    put(w, publisher->name);
    put_words(w, &publisher->archives);
    put_words(w, &publisher->keyrings);
    put_words(w, &publisher->packages);
    put_words(w, &publisher->sources);
    put(w, publisher->security_uri);
    writer_varint(w, publisher->suite_count);
    for (size_t i = 0; i < publisher->suite_count; i++)
        put_suite(w, &publisher->suites[i]);
}

bool publishers_digest(const struct publishers *publishers, char out[65], struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    char hex[DIGEST_HEX_MAX + 1];
    struct digest digest;
    struct bytes all;

    for (size_t i = 0; i < publishers->count; i++)
        put_publisher(&w, publishers->at[i]);
    if (!writer_done(&w, &all, err) || !digest_bytes(DIGEST_SHA256, all, &digest, err))
        return false;
    digest_hex(&digest, hex);
    memcpy(out, hex, 65);
    return true;
}
