/*
 * The OpenAPI document (3.1) of /api/1, made from the rows that route requests: what is not in it is not routed, and the other way round.
 */
#ifndef SERVER_OPENAPI_H
#define SERVER_OPENAPI_H

#include "base/writer.h"
#include "server/route.h"

/* table ends in NULL; its rows of the people's listener are written. ERROR_INPUT: a row's schema is no JSON. */
bool openapi_write(const struct route *const *table, struct writer *out, struct error *err) MUST_USE;

#endif
