/*
 * The one canonical form of a JSON document, so that its bytes can be hashed and signed and made again by anybody.
 *
 *     - UTF-8, no byte order mark, no space or newline between the tokens or behind them
 *     - the members of an object sorted by the bytes of their names, each name once
 *     - numbers are whole, from 0 to 9007199254740991 (2^53 - 1, which every reader of JSON holds exactly), written in
 *       decimal without leading zeros; no fractions, no exponents, no signs
 *     - texts have no control characters (below U+0020, U+007F to U+009F); only '"' and '\' are escaped, by a '\' before
 *       them; every other character stands for itself
 *     - true, false and null as they are; depth at most LIMIT_JSON_DEPTH
 *
 * For documents within these rules, with names in ASCII, these are the bytes of RFC 8785.
 */
#ifndef FORMAT_JSON_CANONICAL_H
#define FORMAT_JSON_CANONICAL_H

#include "format/json.h"

#define JSON_CANONICAL_NUMBER_MAX UINT64_C(9007199254740991)

/* Writes any JSON document in its canonical form. ERROR_INPUT where it has none: a fraction, a control byte. */
bool json_canonical(struct bytes raw, size_t limit, struct writer *out, struct error *err) MUST_USE;
/* The same of a value that was parsed. */
bool json_canonical_value(struct json value, struct writer *out, struct error *err) MUST_USE;
/* ERROR_INPUT, with the place, when these bytes are not the canonical form of the document that was parsed from them. */
bool json_canonical_check(const struct json_document *document, struct bytes raw, struct error *err) MUST_USE;

/*
 * The other form: canonical JSON as OLPC has it (wiki.laptop.org/go/Canonical_JSON), which is what TUF signs. It differs in
 *
 *     - texts: any character may stand in them, control characters for themselves too; only '"' and '\' are escaped
 *     - numbers: whole, of either sign and any size, by their digits; "-0" is "0"
 *
 * So two documents that differ have different forms, but a form with a raw newline in it is no JSON: it is hashed, never read.
 * ERROR_INPUT: a fraction or an exponent.
 *
 * `near` may be bytes that begin with the form already: then *out is their beginning. Otherwise (or empty) it is written into the arena.
 */
bool json_canonical_olpc(struct json value, struct bytes near, struct arena *arena, struct bytes *out,
                         struct error *err) MUST_USE;

#endif
