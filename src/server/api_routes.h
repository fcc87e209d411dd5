/*
 * What the routes of /api/1 share: answers that many give, their bounds, and pages.
 */
#ifndef SERVER_API_ROUTES_H
#define SERVER_API_ROUTES_H

#include "server/api_json.h"
#include "server/roles.h"
#include "server/route.h"

/* 204 alone. */
extern const struct route_answer api_answers_nothing[];

/* Parameters of pages, for tables of parameters. */
#define API_PARAMETER_LIMIT                                                                                  \
    {                                                                                                        \
        "limit", ROUTE_IN_QUERY, ROUTE_NUMBER, "rows of one page: 1 to 1000, 100 when nothing is said",      \
            false                                                                                            \
    }
#define API_PARAMETER_AFTER(what)                                                                            \
    {                                                                                                        \
        "after", ROUTE_IN_QUERY, ROUTE_TEXT, what, false                                                     \
    }

/* ?limit= */
bool api_limit(const struct request *request, size_t *out, struct error *err) MUST_USE;
/* ?after= as a number of the database; 0: from the first on. */
bool api_after(const struct request *request, int64_t *out, struct error *err) MUST_USE;
/* "next": what to give as `after` for the page that follows; null behind the last. Closes the answer's list first. */
void api_put_next(struct api_json *a, bool more, struct text next);
/* The {id} of a host in the path. */
bool api_host_id(const struct request *request, uint8_t out[16], struct error *err) MUST_USE;

/* JSON schemas of answers, for OpenAPI: what each has at least. */
#define API_OBJECT(properties)                                                                               \
    "{\"type\":\"object\",\"properties\":{\"schema\":{\"type\":\"string\"}," properties "}}"
#define API_LIST(name, item)                                                                                 \
    API_OBJECT("\"" name "\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{" item       \
               "}}},\"next\":{\"type\":[\"string\",\"null\"]}")
#define API_TEXT(name)  "\"" name "\":{\"type\":[\"string\",\"null\"]}"
#define API_TIME(name)  "\"" name "\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}"
#define API_COUNT(name) "\"" name "\":{\"type\":\"integer\",\"minimum\":0}"
#define API_FLAG(name)  "\"" name "\":{\"type\":\"boolean\"}"
#define API_WORDS(name) "\"" name "\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"

#endif
