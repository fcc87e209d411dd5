#include "delta/base.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"

const char base_class_letters[BASE_CLASS_COUNT] = {'?', 'c', 'l', 'f', 'e', 'd'};

bool base_identity(const struct base *base, struct digest *out, struct error *err)
{
    OWN(digester_end) struct digester digester = {0};
    char hex[DIGEST_HEX_MAX + 1];

    if (!digester_open(DIGEST_SHA256, &digester, err))
        return false;
    for (size_t i = 0; i < base->part_count; i++) {
        const struct base_part *part = &base->parts[i];
        const char class[] = {' ', base_class_letters[part->class], ' '};

        digest_hex(&part->md5, hex);
        if (!digester_add(&digester, bytes_of_text(text_of(hex)), err) ||
            !digester_add(&digester, (struct bytes){(const uint8_t *)class, sizeof(class)}, err) ||
            !digester_add(&digester, bytes_of_text(part->name), err) ||
            !digester_add(&digester, BYTES("\n"), err))
            return false;
    }
    digester_close(&digester, out);
    return true;
}

/* What administrators exclude with dpkg's path-exclude, and container images leave out: documents and languages. */
static const struct text documents[] = {
    TEXT("/usr/share/doc/"),    TEXT("/usr/share/man/"),   TEXT("/usr/share/info/"),
    TEXT("/usr/share/locale/"), TEXT("/usr/share/help/"),  TEXT("/usr/share/gnome/help/"),
    TEXT("/usr/share/omf/"),    TEXT("/usr/share/groff/"), TEXT("/usr/share/lintian/"),
    TEXT("/usr/share/linda/"),
};

enum base_class base_class_of(struct text path)
{
    for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++)
        if (text_starts(path, documents[i]))
            return BASE_DOC;
    return BASE_FILE;
}

size_t base_find(const struct base *base, enum base_class class, struct text name)
{
    for (size_t i = 0; i < base->part_count; i++)
        if (base->parts[i].class == class && text_equal(base->parts[i].name, name))
            return i;
    return SIZE_MAX;
}

/* One field of a paragraph: both are views into it. */
struct control_field {
    struct bytes name, value;
};

static int field_order(const void *a, const void *b)
{
    const struct control_field *left = a, *right = b;
    size_t both = left->name.size < right->name.size ? left->name.size : right->name.size;

    for (size_t i = 0; i < both; i++) {
        int order = tolower(left->name.at[i]) - tolower(right->name.at[i]);
        if (order != 0)
            return order;
    }
    if (left->name.size != right->name.size)
        return left->name.size < right->name.size ? -1 : 1;
    return left->name.at < right->name.at ? -1 : 1; /* given twice, which dpkg refuses: as they stand */
}

/* What dpkg adds to a paragraph when it is installed. */
static bool field_is_dpkgs(struct bytes name)
{
    static const struct text own[] = {TEXT("status"), TEXT("conffiles"), TEXT("config-version"),
                                      TEXT("triggers-pending"), TEXT("triggers-awaited")};

    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        if (text_equal_caseless((struct text){(const char *)name.at, name.size}, own[i]))
            return true;
    return false;
}

/* The end of the field that begins at `from`: of its last continuation line, without the newline. */
static size_t field_end(struct bytes paragraph, size_t from)
{
    for (size_t i = from; i < paragraph.size; i++)
        if (paragraph.at[i] == '\n' &&
            (i + 1 == paragraph.size || (paragraph.at[i + 1] != ' ' && paragraph.at[i + 1] != '\t')))
            return i;
    return paragraph.size;
}

static bool field_read(struct bytes paragraph, size_t from, size_t end, struct control_field *out,
                       struct error *err)
{
    size_t colon = from;

    while (colon < end && paragraph.at[colon] != ':' && paragraph.at[colon] != '\n')
        colon++;
    if (colon == end || paragraph.at[colon] != ':' || colon == from || paragraph.at[from] == ' ' ||
        paragraph.at[from] == '\t')
        return error_set(err, ERROR_INPUT, "control: byte %zu begins no field", from);
    size_t value = colon + 1;
    while (value < end && (paragraph.at[value] == ' ' || paragraph.at[value] == '\t'))
        value++;
    *out = (struct control_field){{paragraph.at + from, colon - from}, {paragraph.at + value, end - value}};
    return true;
}

bool base_control_text(struct bytes paragraph, struct writer *out, struct error *err)
{
    struct control_field fields[LIMIT_CONTROL_FIELDS];
    size_t count = 0;

    for (size_t at = 0; at < paragraph.size;) {
        size_t end = field_end(paragraph, at);
        if (end > at) {
            if (count == LIMIT_CONTROL_FIELDS)
                return error_set(err, ERROR_LIMIT, "control: more than %d fields", LIMIT_CONTROL_FIELDS);
            if (!field_read(paragraph, at, end, &fields[count], err))
                return false;
            if (!field_is_dpkgs(fields[count].name))
                count++;
        }
        at = end + 1;
    }
    qsort(fields, count, sizeof(*fields), field_order);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < fields[i].name.size; j++)
            writer_byte(out, (uint8_t)tolower(fields[i].name.at[j]));
        writer_string(out, ": ");
        writer_put(out, fields[i].value);
        writer_byte(out, '\n');
    }
    struct bytes done;
    return writer_done(out, &done, err);
}
