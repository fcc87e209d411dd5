/*
 * `suture scan --format sarif`: SARIF 2.1.0 (OASIS), for the places where developers already look at findings.
 *
 * One rule for each vulnerability, one result for each finding, due or not; a suppressed one carries SARIF's own
 * suppression. An update of which nobody says what it closes is a result too, and data that is stale or absent a
 * notification of the invocation: no results and no notifications is what health looks like. The place is the package, as a purl (github.com/package-url/purl-spec) in a logical location, and dpkg's status as the artifact.
 */
#include "cli/print_scan.h"

#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"
#include "flow/groups.h"
#include "format/json.h"

#define SARIF_SCHEMA                                                                                         \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

static void put(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    json_put_text(j, text);
}

static void put_message(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    json_open_object(j);
    put(j, "text", text);
    json_close_object(j);
}

/* error: late or to be acted on now; warning: open; note: nothing to do, or nothing that can be done. */
static const char *level_of(const struct finding *finding, const struct decision *decision)
{
    if (finding->class_of == CLASS_SUPPRESSED || finding->class_of == CLASS_NOT_EXECUTABLE)
        return "note";
    return decision->late || decision->action >= ACTION_MITIGATE ? "error" : "warning";
}

/* GitHub reads the score of a rule from this property; "9.8". */
static void put_rule(struct json_writer *j, const struct finding *finding, const struct decision *decision,
                     struct arena *arena)
{
    json_open_object(j);
    put(j, "id", finding->id);
    if (text_starts(finding->id, TEXT("CVE-")))
        put(j, "helpUri", text_format(arena, "https://www.cve.org/CVERecord?id=%.*s", TEXT_ARG(finding->id)));
    put_message(j, "shortDescription", text_format(arena, "%.*s", TEXT_ARG(finding->id)));
    json_name(j, "properties");
    json_open_object(j);
    if (finding->vulnerability != NULL && decision->score != SCORE_NONE) {
        int16_t tenths = finding->vulnerability->scores[decision->score].tenths;
        put(j, "security-severity", text_format(arena, "%d.%d", tenths / 10, tenths % 10));
    }
    json_name(j, "tags");
    json_open_array(j);
    json_put_string(j, "security");
    json_close_array(j);
    json_close_object(j);
    json_close_object(j);
}

static struct text message_of(const struct scan *scan, size_t index, struct arena *arena)
{
    const struct finding *finding = &scan->match.findings[index];
    struct text *reasons = NULL;
    size_t reason_count = 0;
    struct error err;
    struct text fix = finding->fixed.size > 0 ? text_format(arena, "fixed in %.*s", TEXT_ARG(finding->fixed))
                                              : TEXT("no fix");
    struct text line = text_format(arena, "%.*s in %.*s %.*s: %.*s", TEXT_ARG(finding->id),
                                   TEXT_ARG(finding->source), TEXT_ARG(finding->installed), TEXT_ARG(fix));

    if (!explain_reasons(&scan->explain, finding, &scan->decisions[index], arena, &reasons, &reason_count,
                         &err))
        return line;
    for (size_t i = 0; i < reason_count; i++)
        line = text_format(arena, "%.*s%s%.*s", TEXT_ARG(line), i == 0 ? ". " : "; ", TEXT_ARG(reasons[i]));
    return line;
}

static void put_location(struct json_writer *j, const struct scan *scan, const struct package *package,
                         struct arena *arena)
{
    struct text distribution = text_of(scan->host->release.name), kind;

    (void)text_cut(&distribution, '-', &kind);
    json_open_object(j);
    json_name(j, "physicalLocation");
    json_open_object(j);
    json_name(j, "artifactLocation");
    json_open_object(j);
    put(j, "uri", TEXT("var/lib/dpkg/status"));
    json_close_object(j);
    json_close_object(j);
    json_name(j, "logicalLocations");
    json_open_array(j);
    json_open_object(j);
    put(j, "name", package->name);
    put(j, "fullyQualifiedName",
        text_format(arena, "pkg:deb/%.*s/%.*s@%.*s?arch=%.*s", TEXT_ARG(kind), TEXT_ARG(package->name),
                    TEXT_ARG(package->version), TEXT_ARG(package->arch)));
    put(j, "kind", TEXT("package"));
    json_close_object(j);
    json_close_array(j);
    json_close_object(j);
}

static void put_suppression(struct json_writer *j, const struct finding *finding)
{
    if (finding->class_of != CLASS_SUPPRESSED)
        return;
    json_name(j, "suppressions");
    json_open_array(j);
    json_open_object(j);
    put(j, "kind", TEXT("external"));
    put(j, "justification", text_of(suppression_name(finding->suppressed_by)));
    json_close_object(j);
    json_close_array(j);
}

static void put_result(struct json_writer *j, const struct scan *scan, size_t index, struct arena *arena)
{
    const struct finding *finding = &scan->match.findings[index];
    const struct decision *decision = &scan->decisions[index];

    json_open_object(j);
    put(j, "ruleId", finding->id);
    put(j, "level", text_of(level_of(finding, decision)));
    put_message(j, "message", message_of(scan, index, arena));
    json_name(j, "locations");
    json_open_array(j);
    for (size_t i = 0; i < finding->package_count; i++)
        put_location(j, scan, &scan->host->packages[finding->packages[i]], arena);
    json_close_array(j);
    json_name(j, "partialFingerprints");
    json_open_object(j);
    put(j, "suture/v1",
        text_format(arena, "%.*s:%.*s:%.*s", TEXT_ARG(scan->host->name), TEXT_ARG(finding->source),
                    TEXT_ARG(finding->id)));
    json_close_object(j);
    put_suppression(j, finding);
    json_name(j, "properties");
    json_open_object(j);
    put(j, "class", text_of(finding_class_name(finding->class_of)));
    put(j, "action", text_of(action_name(decision->action)));
    json_name(j, "due");
    json_put_time(j, decision->due_us);
    json_close_object(j);
    json_close_object(j);
}

/* Security by its archive alone, or not known to be anything else: no finding stands for it. */
static const char *rule_of(const struct update *update)
{
    if (update->finding_count > 0 || update->kind == UPDATE_FUNCTIONAL)
        return NULL;
    return update->kind == UPDATE_SECURITY ? "security-update" : "unknown-update";
}

static void put_update(struct json_writer *j, const struct scan *scan, size_t index, struct arena *arena)
{
    OWN(writer_end) struct writer reason = writer_with(LIMIT_LINE);
    const struct update *update = &scan->match.updates[index];
    const struct update_decision *decision = &scan->update_decisions[index];
    const struct package *package = &scan->host->packages[update->package];
    struct text to = update_offer(scan->host, update)->version;

    explain_update(&reason, &scan->explain, update, decision);
    struct bytes why = writer_bytes(&reason);
    json_open_object(j);
    put(j, "ruleId", text_of(rule_of(update)));
    put(j, "level", text_of(decision->late || decision->action >= ACTION_MITIGATE ? "error" : "warning"));
    put_message(j, "message",
                text_format(arena, "%.*s %.*s -> %.*s: %.*s", TEXT_ARG(package->name),
                            TEXT_ARG(package->version), TEXT_ARG(to), (int)why.size, (const char *)why.at));
    json_name(j, "locations");
    json_open_array(j);
    put_location(j, scan, package, arena);
    json_close_array(j);
    json_name(j, "partialFingerprints");
    json_open_object(j);
    put(j, "suture/v1",
        text_format(arena, "%.*s:%.*s:%.*s", TEXT_ARG(scan->host->name), TEXT_ARG(package->name),
                    TEXT_ARG(to)));
    json_close_object(j);
    json_close_object(j);
}

static void put_notification(struct json_writer *j, const char *level, struct text text)
{
    json_open_object(j);
    put(j, "level", text_of(level));
    put_message(j, "message", text);
    json_close_object(j);
}

/* Whether anything could be judged, and what the answer lacks. */
static void put_invocation(struct json_writer *j, const struct scan *scan, struct arena *arena)
{
    json_name(j, "invocations");
    json_open_array(j);
    json_open_object(j);
    json_name(j, "executionSuccessful");
    json_put_bool(j, scan->judged);
    json_name(j, "toolExecutionNotifications");
    json_open_array(j);
    if (!scan->judged)
        put_notification(j, "error",
                         TEXT("nothing could be judged: there are neither package lists nor advisories"));
    for (size_t i = 0; i < scan->data_count; i++) {
        const struct scan_data *data = &scan->data[i];
        if (data->state == DATA_FRESH)
            continue;
        put_notification(j, data->needed ? "warning" : "note",
                         text_format(arena, "%.*s is %s%s%.*s", TEXT_ARG(data->feed),
                                     data_freshness_name(data->state), data->why.size > 0 ? ": " : "",
                                     TEXT_ARG(data->why)));
    }
    json_close_array(j);
    json_close_object(j);
    json_close_array(j);
}

static void put_results(struct json_writer *j, const struct scan *scan, struct arena *arena)
{
    json_name(j, "results");
    json_open_array(j);
    for (size_t i = 0; i < scan->match.finding_count; i++)
        put_result(j, scan, i, arena);
    for (size_t i = 0; i < scan->match.update_count; i++)
        if (rule_of(&scan->match.updates[i]) != NULL)
            put_update(j, scan, i, arena);
    json_close_array(j);
}

static void put_update_rule(struct json_writer *j, const char *id, struct text description)
{
    json_open_object(j);
    put(j, "id", text_of(id));
    put_message(j, "shortDescription", description);
    json_close_object(j);
}

/* Rules are distinct by id; two sources may share a vulnerability. */
static void put_rules(struct json_writer *j, const struct scan *scan, struct arena *arena)
{
    struct map seen = map_with(arena);
    struct error err;

    json_name(j, "rules");
    json_open_array(j);
    for (size_t i = 0; i < scan->match.finding_count; i++) {
        const struct finding *finding = &scan->match.findings[i];
        if (map_get(&seen, finding->id) != MAP_NONE || !map_put(&seen, finding->id, (uint32_t)i, &err))
            continue;
        put_rule(j, finding, &scan->decisions[i], arena);
    }
    put_update_rule(j, "security-update",
                    TEXT("An update from a security archive, of which no advisory says what it closes"));
    put_update_rule(j, "unknown-update", TEXT("An update of which nothing says whether it closes holes"));
    json_close_array(j);
}

void print_scan_sarif(const struct scan *scan, const struct print_options *options, struct arena *arena,
                      struct screen *screen)
{
    struct json_writer j = json_writer_with(screen->out, true);

    (void)options;
    json_open_object(&j);
    put(&j, "$schema", TEXT(SARIF_SCHEMA));
    put(&j, "version", TEXT("2.1.0"));
    json_name(&j, "runs");
    json_open_array(&j);
    json_open_object(&j);
    json_name(&j, "tool");
    json_open_object(&j);
    json_name(&j, "driver");
    json_open_object(&j);
    put(&j, "name", TEXT("Suture"));
    put(&j, "version", TEXT(SUTURE_VERSION));
    put_rules(&j, scan, arena);
    json_close_object(&j);
    json_close_object(&j);
    put_invocation(&j, scan, arena);
    put_results(&j, scan, arena);
    json_close_object(&j);
    json_close_array(&j);
    json_close_object(&j);
    writer_byte(screen->out, '\n');
}
