#include "identify/metrics.h"

#include "base/limits.h"

enum cvss_version metrics_version(struct text name)
{
    static const struct {
        const char *name;
        enum cvss_version version;
    } names[] = {
        {"cvssMetricV2", CVSS_2},   {"cvssV2_0", CVSS_2},  {"cvssMetricV30", CVSS_30}, {"cvssV3_0", CVSS_30},
        {"cvssMetricV31", CVSS_31}, {"cvssV3_1", CVSS_31}, {"cvssMetricV40", CVSS_40}, {"cvssV4_0", CVSS_40},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (text_equal(name, text_of(names[i].name)))
            return names[i].version;
    return CVSS_UNKNOWN;
}

bool metrics_read_cvss(struct json data, struct score *out, struct error *err)
{
    struct score score = *out;

    if (!json_is_object(data))
        return error_set(err, ERROR_INPUT, "not an object");
    if (!json_get_tenths(data, "baseScore", true, 100, &score.tenths, err) ||
        !json_get_text(data, "vectorString", false, LIMIT_VECTOR, &score.vector, err))
        return false;
    *out = score;
    return true;
}

enum point { POINT_UNKNOWN, POINT_EXPLOITATION, POINT_AUTOMATABLE, POINT_TECHNICAL_IMPACT };

static const struct {
    const char *name;
    enum point point;
} points[] = {
    {"Exploitation", POINT_EXPLOITATION},         {"exploitation", POINT_EXPLOITATION},
    {"Automatable", POINT_AUTOMATABLE},           {"automatable", POINT_AUTOMATABLE},
    {"Technical Impact", POINT_TECHNICAL_IMPACT}, {"technicalImpact", POINT_TECHNICAL_IMPACT},
};

static const struct {
    enum point point;
    const char *answer;
    int value; /* of the point's own enum */
} answers[] = {
    {POINT_EXPLOITATION, "none", EXPLOITATION_NONE},
    {POINT_EXPLOITATION, "poc", EXPLOITATION_POC},
    {POINT_EXPLOITATION, "public poc", EXPLOITATION_POC},
    {POINT_EXPLOITATION, "active", EXPLOITATION_ACTIVE},
    {POINT_AUTOMATABLE, "no", ANSWER_NO},
    {POINT_AUTOMATABLE, "yes", ANSWER_YES},
    {POINT_TECHNICAL_IMPACT, "partial", TECHNICAL_IMPACT_PARTIAL},
    {POINT_TECHNICAL_IMPACT, "total", TECHNICAL_IMPACT_TOTAL},
};

static enum point point_of(struct text name)
{
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
        if (text_equal(name, text_of(points[i].name)))
            return points[i].point;
    return POINT_UNKNOWN;
}

static void put_answer(enum point point, int value, struct vulnerability *out)
{
    if (point == POINT_EXPLOITATION)
        out->exploitation = (enum exploitation)value;
    else if (point == POINT_AUTOMATABLE)
        out->automatable = (enum answer)value;
    else
        out->technical_impact = (enum technical_impact)value;
}

static bool read_answer(struct text name, struct json value, struct vulnerability *out, struct error *err)
{
    enum point point = point_of(name);
    struct text answer;

    if (point == POINT_UNKNOWN)
        return true;
    if (!json_as_text(value, 32, &answer, err))
        return false;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        if (answers[i].point == point && text_equal_caseless(answer, text_of(answers[i].answer))) {
            put_answer(point, answers[i].value, out);
            return true;
        }
    return error_set(err, ERROR_INPUT, "\"%.*s\" is not known", TEXT_ARG(answer));
}

bool metrics_read_ssvc(struct json options, struct vulnerability *out, struct error *err)
{
    struct json_walk walk = json_walk_with(options);

    while (json_walk_next(&walk)) {
        struct json_walk option = json_walk_with(walk.value);
        while (json_walk_next(&option))
            if (!read_answer(option.name, option.value, out, err))
                return error_at(err, "%.*s", TEXT_ARG(text_part(option.name, 0, 32)));
    }
    return true;
}
