#include "server/route.h"

/* Parts of a path: the longest pattern has seven, a file of the repository lies three folders deep. */
#define WORDS_MAX 16

struct words {
    struct text at[WORDS_MAX];
    size_t count;
};

/* ---- decoding ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 3986, 2.1. What comes is text, or the target is refused: no zero byte, no control byte, no broken UTF-8. */
static bool decode(struct arena *arena, struct text raw, struct text *out, struct error *err)
{
    uint8_t *plain = arena_take(arena, raw.size + 1);
    size_t size = 0;

    if (plain == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < raw.size; i++) {
        if (raw.at[i] != '%') {
            plain[size++] = (uint8_t)raw.at[i];
            continue;
        }
        int high = raw.size - i > 2 ? hex_digit(raw.at[i + 1]) : -1;
        int low = raw.size - i > 2 ? hex_digit(raw.at[i + 2]) : -1;
        if (high < 0 || low < 0)
            return error_set(err, ERROR_INPUT, "a '%%' without two hexadecimal digits");
        plain[size++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    return text_from_bytes((struct bytes){plain, size}, ROUTE_PATH_MAX, out, err);
}

static bool cut_words(struct text path, struct words *out, struct error *err)
{
    struct words got = {.count = 0};

    if (path.size == 0 || path.at[0] != '/')
        return error_set(err, ERROR_INPUT, "a path begins with '/'");
    for (size_t from = 1; from <= path.size; from++) {
        struct text rest = text_part(path, from, SIZE_MAX);
        size_t end = text_find_byte(rest, '/');
        struct text word = text_part(rest, 0, end);
        if (got.count == WORDS_MAX)
            return error_set(err, ERROR_LIMIT, "more than %d parts", WORDS_MAX);
        got.at[got.count++] = word;
        from += word.size;
    }
    *out = got;
    return true;
}

/* ---- matching ---- */

static bool is_name(struct text word)
{
    return word.size > 2 && word.at[0] == '{' && word.at[word.size - 1] == '}';
}

static bool is_rest(struct text word)
{
    return is_name(word) && word.at[word.size - 2] == '*';
}

/* How well a pattern fits: 0 not at all, more for each word that stands there itself. */
static unsigned fits(const char *pattern, const struct words *words)
{
    struct text rest = text_part(text_of(pattern), 1, SIZE_MAX), word;
    unsigned worth = 1;
    size_t i = 0;

    while (text_cut(&rest, '/', &word)) {
        if (i == words->count)
            return 0;
        if (is_rest(word))
            return words->at[i].size > 0 ? worth : 0;
        if (!is_name(word) && !text_equal(word, words->at[i]))
            return 0;
        if (is_name(word) && words->at[i].size == 0)
            return 0;
        worth += is_name(word) ? 1 : 100;
        i++;
    }
    return i == words->count ? worth : 0;
}

static enum request_method method_of(struct text method)
{
    static const struct {
        struct text name;
        enum request_method method;
    } rows[] = {
        {TEXT("GET"), REQUEST_GET}, {TEXT("HEAD"), REQUEST_GET},      {TEXT("POST"), REQUEST_POST},
        {TEXT("PUT"), REQUEST_PUT}, {TEXT("DELETE"), REQUEST_DELETE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (text_equal(rows[i].name, method))
            return rows[i].method;
    return REQUEST_METHOD_UNKNOWN;
}

static bool find_row(const struct route *const *table, enum route_listener listener,
                     const struct words *words, struct request *request, struct error *err)
{
    const struct route *best = NULL;
    unsigned best_worth = 0;
    bool other_method = false;

    for (; *table != NULL; table++) {
        unsigned worth = (*table)->listener == listener ? fits((*table)->path, words) : 0;
        if (worth > 0 && (*table)->method != request->method)
            other_method = true;
        else if (worth > best_worth) {
            best = *table;
            best_worth = worth;
        }
    }
    request->route = best;
    if (best != NULL)
        return true;
    if (other_method)
        return error_set(err, ERROR_CONFLICT, "not by this method");
    return error_set(err, ERROR_ABSENT, "there is nothing here");
}

/* All of it as one text; a part that leads elsewhere, or hides a '/', is refused. */
static bool take_rest(const struct words *words, size_t from, struct request *request, struct text *out,
                      struct error *err)
{
    const struct text first = words->at[from], last = words->at[words->count - 1];
    struct text whole = {first.at, (size_t)(last.at + last.size - first.at)};

    for (size_t i = from; i < words->count; i++) {
        struct text plain;
        if (!decode(request->arena, words->at[i], &plain, err))
            return false;
        if (plain.size == 0 || text_equal(plain, TEXT(".")) || text_equal(plain, TEXT("..")) ||
            text_find_byte(plain, '/') != SIZE_MAX)
            return error_set(err, ERROR_INPUT, "no path of a file");
    }
    return decode(request->arena, whole, out, err);
}

static bool take_parts(const struct words *words, struct request *request, struct error *err)
{
    struct text rest = text_part(text_of(request->route->path), 1, SIZE_MAX), word;
    size_t count = 0;

    for (size_t i = 0; text_cut(&rest, '/', &word); i++) {
        if (!is_name(word) || count == REQUEST_PARTS_MAX)
            continue;
        bool done = is_rest(word) ? take_rest(words, i, request, &request->parts[count], err)
                                  : decode(request->arena, words->at[i], &request->parts[count], err);
        if (!done)
            return error_at(err, "path");
        count++;
    }
    return true;
}

static bool take_query(struct text query, struct request *request, struct error *err)
{
    struct text pair;

    while (text_cut(&query, '&', &pair)) {
        size_t equals = text_find_byte(pair, '=');
        struct request_pair *out = &request->query[request->query_count];
        if (pair.size == 0)
            continue;
        if (request->query_count == REQUEST_QUERY_MAX)
            return error_set(err, ERROR_LIMIT, "query: more than %d pairs", REQUEST_QUERY_MAX);
        if (!decode(request->arena, text_part(pair, 0, equals), &out->name, err) ||
            (equals != SIZE_MAX &&
             !decode(request->arena, text_part(pair, equals + 1, SIZE_MAX), &out->value, err)))
            return error_at(err, "query");
        if (request_has_query(request, out->name.at))
            return error_set(err, ERROR_INPUT, "query: \"%.*s\" twice", TEXT_ARG(out->name));
        request->query_count++;
    }
    return true;
}

bool route_match(const struct route_asked *asked, struct request *request, struct error *err)
{
    struct words words;
    struct text line;

    if (!text_from_bytes(asked->target, ROUTE_PATH_MAX, &line, err))
        return error_at(err, "path");
    size_t question = text_find_byte(line, '?');
    request->path = text_part(line, 0, question);
    request->method = method_of(asked->method);
    request->head_only = text_equal(asked->method, TEXT("HEAD"));
    if (!cut_words(request->path, &words, err))
        return error_at(err, "path");
    if (!find_row(asked->table, asked->listener, &words, request, err) || !take_parts(&words, request, err))
        return false;
    return question == SIZE_MAX || take_query(text_part(line, question + 1, SIZE_MAX), request, err);
}
