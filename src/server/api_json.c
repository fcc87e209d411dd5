#include "server/api_json.h"

#include <stdio.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "base/visible.h"

#define ETAG_BYTES 16
#define ETAG_HEX   (2 * ETAG_BYTES)

void api_json_begin(struct api_json *a, const char *schema)
{
    a->out = writer_with(LIMIT_API_ANSWER);
    a->j = json_writer_with(&a->out, false);
    json_open_object(&a->j);
    api_put_string(a, "schema", schema);
}

void api_json_end(struct api_json *a)
{
    writer_end(&a->out);
}

static bool set_etag(struct request *request, struct bytes body, struct error *err)
{
    char hex[DIGEST_HEX_MAX + 1];
    struct digest digest;

    if (!digest_bytes(DIGEST_SHA256, body, &digest, err))
        return false;
    digest_hex(&digest, hex);
    return request_set_etag(request, (struct text){hex, ETAG_HEX}, err);
}

bool api_json_send(struct api_json *a, struct request *request, unsigned status, struct error *err)
{
    json_close_object(&a->j);
    writer_byte(&a->out, '\n');
    if (request->method == REQUEST_GET && writer_ok(&a->out) &&
        !set_etag(request, writer_bytes(&a->out), err))
        return false;
    return request_send_written(request, status, API_JSON, &a->out, err);
}

static void put_name(struct api_json *a, const char *name)
{
    if (name != NULL)
        json_name(&a->j, name);
}

void api_open(struct api_json *a, const char *name)
{
    put_name(a, name);
    json_open_object(&a->j);
}

void api_open_list(struct api_json *a, const char *name)
{
    put_name(a, name);
    json_open_array(&a->j);
}

void api_close(struct api_json *a)
{
    json_close_object(&a->j);
}

void api_close_list(struct api_json *a)
{
    json_close_array(&a->j);
}

void api_put_text(struct api_json *a, const char *name, struct text value)
{
    put_name(a, name);
    if (value.size > 0)
        json_put_text(&a->j, value);
    else
        json_put_null(&a->j);
}

void api_put_string(struct api_json *a, const char *name, const char *value)
{
    api_put_text(a, name, text_of(value));
}

void api_put_number(struct api_json *a, const char *name, uint64_t value)
{
    put_name(a, name);
    json_put_u64(&a->j, value);
}

void api_put_id(struct api_json *a, const char *name, uint64_t value)
{
    char digits[24];

    put_name(a, name);
    (void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
    if (value > 0)
        json_put_string(&a->j, digits);
    else
        json_put_null(&a->j);
}

void api_put_time(struct api_json *a, const char *name, int64_t us)
{
    put_name(a, name);
    json_put_time(&a->j, us == 0 ? TIME_ABSENT : us);
}

void api_put_hex(struct api_json *a, const char *name, struct bytes value)
{
    char hex[2 * DIGEST_SIZE_MAX + 1] = "";

    put_name(a, name);
    for (size_t i = 0; i < value.size && i < DIGEST_SIZE_MAX; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", value.at[i]);
    json_put_string(&a->j, hex);
}

void api_put_flag(struct api_json *a, const char *name, bool value)
{
    put_name(a, name);
    json_put_bool(&a->j, value);
}

void api_put_json(struct api_json *a, const char *name, struct text value)
{
    OWN(json_end) struct json_document document = {0};
    struct error no_json;

    put_name(a, name);
    if (value.size > 0 && json_parse(bytes_of_text(value), LIMIT_API_ANSWER, &document, &no_json))
        json_put_value(&a->j, json_root(&document));
    else
        json_put_null(&a->j);
}

void api_put_words(struct api_json *a, const char *name, struct text words)
{
    struct text word;

    api_open_list(a, name);
    while (text_cut(&words, ',', &word))
        json_put_text(&a->j, text_trim(word));
    api_close_list(a);
}

/* ---- what is taken ---- */

static bool all_known(struct json object, const char *const *names, struct error *err)
{
    struct json_walk walk = json_walk_with(object);

    if (!json_is_object(object))
        return error_set(err, ERROR_INPUT, "body: is no object");
    while (json_walk_next(&walk)) {
        const char *const *known = names;
        while (*known != NULL && !text_equal(walk.name, text_of(*known)))
            known++;
        if (*known == NULL)
            return error_set(err, ERROR_INPUT, "body: \"%.*s\" is not known here",
                             TEXT_ARG(text_part(walk.name, 0, 40)));
    }
    return true;
}

static struct json_document document_take(struct json_document *document)
{
    struct json_document taken = *document;

    *document = (struct json_document){0};
    return taken;
}

bool api_body(const struct request *request, const char *const *names, struct json_document *out,
              struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct bytes body = request->body.size > 0 ? request->body : BYTES("{}");

    if (!json_parse(body, API_BODY, &document, err))
        return error_at(err, "body");
    if (!all_known(json_root(&document), names, err))
        return false;
    *out = document_take(&document);
    return true;
}

bool api_body_text(struct json object, const char *name, bool needed, size_t limit, struct text *out,
                   struct error *err)
{
    struct text got = {0};

    if (!json_get_text(object, name, needed, limit, &got, err))
        return false;
    if (!visible_check(got, err))
        return error_at(err, "%s", name);
    if (needed && text_trim(got).size == 0)
        return error_set(err, ERROR_INPUT, "%s is empty", name);
    *out = got;
    return true;
}

bool api_body_time(struct json object, const char *name, int64_t *out_us, struct error *err)
{
    struct text got = {0};

    if (!json_get_text(object, name, false, 64, &got, err))
        return false;
    return got.size == 0 || time_parse(got, out_us, err) || error_at(err, "%s", name);
}

bool api_number(struct text text, int64_t *out, struct error *err)
{
    uint64_t got;

    if (!text_to_u64(text, &got, err))
        return false;
    if (got == 0 || got > INT64_MAX)
        return error_set(err, ERROR_INPUT, "\"%.*s\" is no number of anything here", TEXT_ARG(text));
    *out = (int64_t)got;
    return true;
}
