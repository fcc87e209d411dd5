/*
 * What /api/1 takes and gives: JSON whose shape has a name ("schema": "suture.hosts/1"), as the command line and the console
 * read it. Numbers of the database are texts (a script's numbers have 53 bits), times are ISO 8601 in UTC and null for
 * never, and what was not said is null and not left out.
 *
 *     OWN(api_json_end) struct api_json a = {0};
 *     api_json_begin(&a, "suture.hosts/1");
 *     api_put_text(&a, "name", host->facts.name);
 *     return api_json_send(&a, request, 200, err);
 *
 * Answers to GET have the hash of their body as ETag: who asks again with If-None-Match gets 304. So nothing in them may
 * be the time of the answer itself.
 */
#ifndef SERVER_API_JSON_H
#define SERVER_API_JSON_H

#include "format/json.h"
#include "server/request.h"

#define API_JSON     "application/json"
#define API_LINES    "application/x-ndjson"
#define API_BODY     (64 * 1024) /* of what is taken: a reason, a name, some words */
#define API_REASON   512         /* of a person's reason */
#define API_LABEL    100
#define API_PAGE     100 /* rows when nothing is said */
#define API_PAGE_MAX 1000

struct api_json {
    struct writer out;
    struct json_writer j;
};

void api_json_begin(struct api_json *a, const char *schema);
void api_json_end(struct api_json *a); /* OWN */
/* Closes what api_json_begin opened and makes it the answer. */
bool api_json_send(struct api_json *a, struct request *request, unsigned status, struct error *err) MUST_USE;

void api_open(struct api_json *a, const char *name); /* an object; NULL: an element */
void api_open_list(struct api_json *a, const char *name);
void api_close(struct api_json *a);
void api_close_list(struct api_json *a);
void api_put_text(struct api_json *a, const char *name, struct text value); /* empty: null */
void api_put_string(struct api_json *a, const char *name, const char *value);
void api_put_number(struct api_json *a, const char *name, uint64_t value); /* a count */
void api_put_id(struct api_json *a, const char *name, uint64_t value);     /* as a text; 0: null */
void api_put_time(struct api_json *a, const char *name, int64_t us);       /* 0: null */
void api_put_hex(struct api_json *a, const char *name, struct bytes value);
void api_put_flag(struct api_json *a, const char *name, bool value);
/* JSON that the store keeps, as it is; null when it is none. */
void api_put_json(struct api_json *a, const char *name, struct text value);
/* "viewer,operator" as a list. */
void api_put_words(struct api_json *a, const char *name, struct text words);

/*
 * What was sent: one object with no other members than `names` (which ends in NULL). Without a body: an empty object, when
 * that may be. ERROR_INPUT. OWN(json_end).
 */
bool api_body(const struct request *request, const char *const *names, struct json_document *out,
              struct error *err) MUST_USE;
/* Its text: absent (and not needed) leaves *out empty. No character that does not show or turns the text. */
bool api_body_text(struct json object, const char *name, bool needed, size_t limit, struct text *out,
                   struct error *err) MUST_USE;
bool api_body_time(struct json object, const char *name, int64_t *out_us, struct error *err) MUST_USE;

/* A part of the path, or a parameter, that is a number of the database. */
bool api_number(struct text text, int64_t *out, struct error *err) MUST_USE;

#endif
