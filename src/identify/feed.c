#include "identify/feed.h"

#include "base/limits.h"

struct feed_facts feed_facts_none(void)
{
    return (struct feed_facts){.generated_us = TIME_ABSENT};
}

void feed_facts_add(struct feed_facts *sum, const struct feed_facts *document)
{
    if (document->generated_us > sum->generated_us)
        sum->generated_us = document->generated_us;
    sum->record_count += document->record_count;
    sum->skipped_count += document->skipped_count;
    if (document->version[0] != 0)
        memcpy(sum->version, document->version, sizeof(sum->version));
    sum->complete |= document->complete;
}

bool feed_is_about(const struct feed *feed, struct text release)
{
    return (feed->only_for == NULL || text_starts(release, text_of(feed->only_for))) &&
           (feed->not_for == NULL || !text_starts(release, text_of(feed->not_for)));
}

bool feed_give_advisory(const struct feed_sink *sink, const struct advisory *advisory, struct error *err)
{
    return sink->advisory == NULL || sink->advisory(sink->self, advisory, err);
}

bool feed_give_vulnerability(const struct feed_sink *sink, const struct vulnerability *vulnerability,
                             struct error *err)
{
    return sink->vulnerability == NULL || sink->vulnerability(sink->self, vulnerability, err);
}

bool feed_give_support(const struct feed_sink *sink, const struct support *support, struct error *err)
{
    return sink->support == NULL || sink->support(sink->self, support, err);
}

enum severity feed_severity(struct text word)
{
    static const struct {
        struct text word;
        enum severity severity;
    } words[] = {
        {{"none", 4}, SEVERITY_NONE},         {{"negligible", 10}, SEVERITY_LOW}, /* Ubuntu, below its low */
        {{"low", 3}, SEVERITY_LOW},           {{"minor", 5}, SEVERITY_LOW},
        {{"medium", 6}, SEVERITY_MEDIUM},     {{"moderate", 8}, SEVERITY_MEDIUM},
        {{"high", 4}, SEVERITY_HIGH},         {{"important", 9}, SEVERITY_HIGH},
        {{"critical", 8}, SEVERITY_CRITICAL},
    };

    /* Debian's tracker marks with "**" what it took from NVD. */
    if (text_ends(word, TEXT("**")))
        word.size -= 2;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (text_equal_caseless(word, words[i].word))
            return words[i].severity;
    return SEVERITY_UNKNOWN;
}

struct text feed_note(struct text remark)
{
    if (remark.size > LIMIT_NOTE)
        for (remark.size = LIMIT_NOTE; remark.size > 0 && ((uint8_t)remark.at[remark.size] & 0xc0) == 0x80;)
            remark.size--;
    return remark;
}

struct text feed_base_name(struct text name)
{
    for (size_t i = name.size; i > 0; i--)
        if (name.at[i - 1] == '/')
            return text_part(name, i, SIZE_MAX);
    return name;
}

bool feed_starts(struct bytes start, const char *words)
{
    size_t size = strlen(words);

    return start.size >= size && memcmp(start.at, words, size) == 0;
}

bool feed_start_holds(struct bytes start, size_t size, const char *words)
{
    return start.size > 0 &&
           memmem(start.at, start.size < size ? start.size : size, words, strlen(words)) != NULL;
}

/* The text of a JSON string that begins behind its quote at `from`, escapes as they are; false when it does not end here. */
static bool string_at(struct bytes start, size_t from, struct text *out)
{
    for (size_t i = from; i < start.size; i++) {
        if (start.at[i] == '\\') {
            i++;
        } else if (start.at[i] == '"') {
            *out = (struct text){(const char *)start.at + from, i - from};
            return true;
        }
    }
    return false;
}

static bool is_name(struct bytes start, size_t behind)
{
    while (behind < start.size && strchr(" \t\r\n", start.at[behind]) != NULL && start.at[behind] != 0)
        behind++;
    return behind < start.size && start.at[behind] == ':';
}

bool feed_start_has(struct bytes start, size_t depth, const char *name_start)
{
    size_t here = 0;
    struct text string;

    if (start.size > FEED_START)
        start.size = FEED_START;
    for (size_t i = 0; i < start.size; i++) {
        uint8_t byte = start.at[i];
        if (byte == '{' || byte == '[')
            here++;
        else if ((byte == '}' || byte == ']') && here > 0)
            here--;
        if (byte != '"')
            continue;
        if (!string_at(start, i + 1, &string))
            return false;
        i += string.size + 1;
        if (here == depth && text_starts(string, text_of(name_start)) && is_name(start, i + 1))
            return true;
    }
    return false;
}
