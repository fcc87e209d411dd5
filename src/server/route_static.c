/*
 * The plain listener: bytes that are signed, or named by their hash. Whoever is between cannot change them, so it needs no TLS,
 * and any mirror can serve the same.
 *
 *     GET /pulse/RING      what the fleet is told just now (bulletin.h)
 *     GET /content/SHA256  a file of DATA/content, whole or in part
 *     GET /repo/...        the fleet's TUF repository
 */
#include <sys/stat.h>

#include "base/below.h"
#include "base/digest.h"
#include "base/own.h"
#include "server/bulletin.h"
#include "server/first_start.h"
#include "server/range.h"

#define BYTES_TYPE "application/octet-stream"

static bool hex_etag(struct request *request, struct bytes bytes, struct error *err)
{
    struct digest digest;
    char hex[DIGEST_HEX_MAX + 1];

    if (!digest_bytes(DIGEST_SHA256, bytes, &digest, err))
        return false;
    digest_hex(&digest, hex);
    return request_set_etag(request, text_part(text_of(hex), 0, 32), err);
}

/* ---- the pulse ---- */

static bool pulse(struct server *server, struct request *request, struct error *err)
{
    struct bytes signed_pulse;
    uint64_t ring;

    if (!text_to_u64(request->parts[0], &ring, err))
        return error_set(err, ERROR_ABSENT, "no such ring");
    if (ring >= BULLETIN_RINGS)
        return error_set(err, ERROR_ABSENT, "no such ring");
    if (!bulletin_pulse(server->bulletin, (uint8_t)ring, request->arena, &signed_pulse, err) ||
        !hex_etag(request, signed_pulse, err))
        return false;
    request_add_header(request, "Cache-Control", TEXT("max-age=15"));
    return request_send(request, 200, BYTES_TYPE, signed_pulse);
}

/* ---- files ---- */

/* *fd and its size; ERROR_ABSENT when there is no such file below the folder. */
static bool open_below(const char *folder, struct text path, int *fd, uint64_t *size, struct error *err)
{
    OWN(own_fd) int root = -1;
    struct stat found;
    bool there = false;

    if (!below_open_root(folder, &root, err) || !below_stat(root, path, false, &found, &there, err))
        return false;
    if (!there || !S_ISREG(found.st_mode))
        return error_set(err, ERROR_ABSENT, "there is nothing here");
    *size = (uint64_t)found.st_size;
    return below_open_file(root, path, &found, fd, err);
}

/* A part is only of use to whoever has the beginning of the same file: If-Range says of which. */
static bool wants_part(const struct request *request, struct text etag)
{
    struct text condition = request_header(request, "If-Range");

    return condition.size == 0 || (condition.size == etag.size + 2 && condition.at[0] == '"' &&
                                   text_equal(text_part(condition, 1, etag.size), etag));
}

static bool send_part(struct request *request, int *fd, uint64_t size, struct text etag)
{
    struct range range = {RANGE_WHOLE, 0, size};

    if (wants_part(request, etag))
        range = range_parse(request_header(request, "Range"), size);
    request_add_header(request, "Accept-Ranges", TEXT("bytes"));
    if (range.kind == RANGE_NONE) {
        request_add_header(request, "Content-Range",
                           text_format(request->arena, "bytes */%llu", (unsigned long long)size));
        return request_refuse(request, 416, "the file has %llu bytes", (unsigned long long)size);
    }
    (void)request_send_file(request, BYTES_TYPE, fd, range.from, range.size);
    if (range.kind == RANGE_PART) {
        request->answer.status = 206;
        request_add_header(request, "Content-Range",
                           text_format(request->arena, "bytes %llu-%llu/%llu", (unsigned long long)range.from,
                                       (unsigned long long)(range.from + range.size - 1),
                                       (unsigned long long)size));
    }
    return true;
}

static bool content(struct server *server, struct request *request, struct error *err)
{
    OWN(own_fd) int fd = -1;
    struct text name = request->parts[0], path;
    struct digest digest;
    uint64_t size;

    if (!digest_parse(DIGEST_SHA256, name, &digest, err))
        return error_set(err, ERROR_ABSENT, "there is nothing here");
    path = text_format(request->arena, "/%.*s", TEXT_ARG(name));
    if (path.at == NULL)
        return arena_full(request->arena, err);
    if (!open_below(server->paths->content, path, &fd, &size, err) || !request_set_etag(request, name, err))
        return false;
    request_add_header(request, "Cache-Control", TEXT("public, max-age=31536000, immutable"));
    return send_part(request, &fd, size, name);
}

static bool repository(struct server *server, struct request *request, struct error *err)
{
    OWN(own_fd) int fd = -1;
    struct text path = text_format(request->arena, "/%.*s", TEXT_ARG(request->parts[0]));
    uint64_t size;

    if (path.at == NULL)
        return arena_full(request->arena, err);
    if (!open_below(server->paths->public_folder, path, &fd, &size, err))
        return false;
    request_add_header(request, "Cache-Control", TEXT("max-age=15"));
    return send_part(request, &fd, size, (struct text){0});
}

/* ---- the rows ---- */

static const struct route_parameter ring_parameter[] = {
    {"ring", ROUTE_IN_PATH, ROUTE_NUMBER, "the machine's ring, as it was told at enrolment and check-in",
     true},
    {0}};
static const struct route_parameter content_parameter[] = {
    {"hash", ROUTE_IN_PATH, ROUTE_TEXT, "SHA-256 in hexadecimal", true},
    {"Range", ROUTE_IN_HEADER, ROUTE_TEXT, "one part: bytes=FROM-TO", false},
    {0}};
static const struct route_parameter path_parameter[] = {
    {"path", ROUTE_IN_PATH, ROUTE_TEXT, "below the repository's public folder", true}, {0}};
static const struct route_answer pulse_answers[] = {
    {200, BYTES_TYPE, "the signed pulse: SAP1 of the protocol", NULL},
    {304, NULL, "it is the one that you have", NULL},
    {0}};
static const struct route_answer file_answers[] = {{200, BYTES_TYPE, "the file", NULL},
                                                   {206, BYTES_TYPE, "the part", NULL},
                                                   {404, "text/plain", "no such file", NULL},
                                                   {0}};

const struct route route_static_pulse = {
    .listener = ROUTE_STATIC,
    .method = REQUEST_GET,
    .path = "/pulse/{ring}",
    .admission = ADMIT_STATIC,
    .summary = "what the fleet is told just now",
    .parameters = ring_parameter,
    .answers = pulse_answers,
    .handle = pulse,
};

const struct route route_static_content = {
    .listener = ROUTE_STATIC,
    .method = REQUEST_GET,
    .path = "/content/{hash}",
    .admission = ADMIT_STATIC,
    .summary = "a file by its hash",
    .parameters = content_parameter,
    .answers = file_answers,
    .handle = content,
};

const struct route route_static_repository = {
    .listener = ROUTE_STATIC,
    .method = REQUEST_GET,
    .path = "/repo/{path*}",
    .admission = ADMIT_STATIC,
    .summary = "the fleet's signed repository",
    .parameters = path_parameter,
    .answers = file_answers,
    .handle = repository,
};
