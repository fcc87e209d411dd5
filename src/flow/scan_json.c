#include "flow/scan_json.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/own.h"
#include "flow/groups.h"
#include "format/json.h"

/* A text, or null when it is absent. */
static void put_or_null(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    if (text.size == 0)
        json_put_null(j);
    else
        json_put_text(j, text);
}

static void put_named_text(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    json_put_text(j, text);
}

static void put_named_string(struct json_writer *j, const char *name, const char *string)
{
    json_name(j, name);
    json_put_string(j, string);
}

static void put_named_u64(struct json_writer *j, const char *name, uint64_t number)
{
    json_name(j, name);
    json_put_u64(j, number);
}

static void put_named_bool(struct json_writer *j, const char *name, bool value)
{
    json_name(j, name);
    json_put_bool(j, value);
}

static void put_named_time(struct json_writer *j, const char *name, int64_t us)
{
    json_name(j, name);
    json_put_time(j, us);
}

static void put_assumed(struct json_writer *j, uint16_t assumed)
{
    json_name(j, "assumed");
    json_open_array(j);
    for (enum decision_input input = INPUT_NONE + 1; input < INPUT_COUNT; input++)
        if ((assumed & 1u << input) != 0)
            json_put_string(j, decision_input_name(input));
    json_close_array(j);
}

static void put_explained(struct json_writer *j, const struct writer *explained)
{
    struct bytes bytes = writer_bytes(explained);

    put_named_text(j, "explained", (struct text){(const char *)bytes.at, bytes.size});
}

static void put_host(struct json_writer *j, const struct host *host)
{
    json_name(j, "host");
    json_open_object(j);
    put_named_text(j, "name", host->name);
    put_named_string(j, "os", host->release.name);
    put_named_u64(j, "packages", host->package_count);
    put_named_text(j, "arch", host->arch);
    put_or_null(j, "kernel", host->kernel_running);
    put_or_null(j, "kernel_installed", host->kernel_installed);
    put_named_bool(j, "reboot_needed", host->reboot_needed);
    put_or_null(j, "reboot_why", host->reboot_why);
    json_name(j, "half_configured");
    json_open_array(j);
    for (size_t i = 0; i < host->package_count; i++)
        if (host->packages[i].state > PACKAGE_INSTALLED) {
            json_open_object(j);
            put_named_text(j, "package", host->packages[i].name);
            put_named_string(j, "state", package_state_name(host->packages[i].state));
            json_close_object(j);
        }
    json_close_array(j);
    json_close_object(j);
}

static void put_data(struct json_writer *j, const struct scan *scan)
{
    json_name(j, "data");
    json_open_array(j);
    for (size_t i = 0; i < scan->data_count; i++) {
        const struct scan_data *data = &scan->data[i];
        json_open_object(j);
        put_named_text(j, "feed", data->feed);
        put_named_time(j, "generated", data->generated_us);
        put_named_string(j, "state", data_freshness_name(data->state));
        put_or_null(j, "why", data->why);
        json_close_object(j);
    }
    json_close_array(j);
}

static void put_unseen(struct json_writer *j, const struct host *host)
{
    json_name(j, "unseen");
    json_open_array(j);
    for (size_t i = 0; i < host->unseen_count; i++) {
        json_open_object(j);
        put_named_string(j, "kind", unseen_kind_name(host->unseen[i].kind));
        put_named_u64(j, "count", host->unseen[i].count);
        put_named_text(j, "why", host->unseen[i].why);
        json_close_object(j);
    }
    json_close_array(j);
    json_name(j, "updaters");
    json_open_array(j);
    for (size_t i = 0; i < host->updater_count; i++)
        json_put_text(j, host->updaters[i].name);
    json_close_array(j);
}

static void put_old_code(struct json_writer *j, const struct host *host)
{
    json_name(j, "old_code");
    json_open_array(j);
    for (size_t i = 0; i < host->old_code_count; i++) {
        const struct old_code *old = &host->old_code[i];
        json_open_object(j);
        put_named_u64(j, "pid", old->pid);
        put_named_text(j, "process", old->process);
        put_or_null(j, "service", old->service);
        put_named_text(j, "path", old->path);
        put_or_null(j, "package",
                    old->package == PACKAGE_NONE ? TEXT("") : host->packages[old->package].name);
        json_close_object(j);
    }
    json_close_array(j);
}

static void put_update(struct json_writer *j, const struct scan *scan, size_t index, enum scan_json_form form)
{
    const struct update *update = &scan->match.updates[index];
    const struct update_decision *decision = &scan->update_decisions[index];
    const struct package *package = &scan->host->packages[update->package];
    const struct offer *offer = update_offer(scan->host, update);
    const struct archive *archive = &scan->host->archives[offer->archive];

    json_open_object(j);
    put_named_text(j, "package", package->name);
    put_named_text(j, "source", package->source);
    put_named_text(j, "arch", package->arch);
    put_named_text(j, "installed", package->version);
    put_named_text(j, "candidate", offer->version);
    put_named_string(j, "kind", update_kind_name(update->kind));
    put_named_text(j, "origin", archive->label.size > 0 ? archive->label : archive->site);
    put_named_u64(j, "size", offer->size);
    json_name(j, "delta_size");
    json_put_null(j); /* a plan knows: suture plan --deltas */
    json_name(j, "cves");
    json_open_array(j);
    for (size_t i = 0; i < update->finding_count; i++)
        json_put_text(j, scan->match.findings[update->findings[i]].id);
    json_close_array(j);
    put_named_bool(j, "held", package->held);
    put_named_bool(j, "phased", package->phased_out);
    put_named_string(j, "action", action_name(decision->action));
    put_named_time(j, "due", decision->due_us);
    put_named_bool(j, "late", decision->late);
    put_named_string(j, "standing", standing_name(decision->standing));
    put_named_bool(j, "by_origin", update->by_origin);
    put_assumed(j, decision->assumed);
    if (form == SCAN_JSON_KEPT) {
        OWN(writer_end) struct writer explained = writer_with(LIMIT_SCAN_EXPLAINED);
        explain_update(&explained, &scan->explain, update, decision);
        put_explained(j, &explained);
    }
    json_close_object(j);
}

static void put_score(struct json_writer *j, const struct finding *finding, const struct decision *decision)
{
    json_name(j, "score");
    if (finding->vulnerability == NULL || decision->score == SCORE_NONE) {
        json_put_null(j);
        return;
    }
    const struct score *score = &finding->vulnerability->scores[decision->score];
    json_open_object(j);
    put_named_string(j, "version", cvss_version_name(score->version));
    put_named_u64(j, "tenths", (uint64_t)score->tenths);
    put_or_null(j, "vector", score->vector);
    put_named_string(j, "from", score_source_name(score->from));
    json_close_object(j);
}

static void put_judgement(struct json_writer *j, const struct scan *scan, size_t index, struct arena *arena)
{
    const struct finding *finding = &scan->match.findings[index];
    const struct decision *decision = &scan->decisions[index];
    const struct vulnerability *vulnerability = finding->vulnerability;
    struct text *reasons = NULL;
    size_t reason_count = 0;
    struct error err;

    put_score(j, finding, decision);
    put_named_bool(j, "exploited", decision->exploitation == EXPLOITATION_ACTIVE);
    json_name(j, "epss");
    if (vulnerability == NULL || vulnerability->epss_millionths == EPSS_ABSENT)
        json_put_null(j);
    else
        json_put_millionths(j, vulnerability->epss_millionths);
    put_named_string(j, "urgency", urgency_name(decision->urgency));
    put_named_string(j, "action", action_name(decision->action));
    put_named_time(j, "due", decision->due_us);
    put_named_bool(j, "late", decision->late);
    put_or_null(j, "profile",
                decision->named == VERDICT_NONE ? TEXT("")
                                                : text_of(decision->verdicts[decision->named].profile));
    put_assumed(j, decision->assumed);
    json_name(j, "reasons");
    json_open_array(j);
    if (explain_reasons(&scan->explain, finding, decision, arena, &reasons, &reason_count, &err))
        for (size_t i = 0; i < reason_count; i++)
            json_put_text(j, reasons[i]);
    json_close_array(j);
}

static void put_finding(struct json_writer *j, const struct scan *scan, size_t index,
                        enum scan_json_form form, struct arena *arena)
{
    const struct finding *finding = &scan->match.findings[index];

    json_open_object(j);
    put_named_text(j, "id", finding->id);
    put_named_text(j, "source", finding->source);
    json_name(j, "packages");
    json_open_array(j);
    for (size_t i = 0; i < finding->package_count; i++)
        json_put_text(j, scan->host->packages[finding->packages[i]].name);
    json_close_array(j);
    put_named_text(j, "installed", finding->installed);
    put_or_null(j, "fixed", finding->fixed);
    put_or_null(j, "advisory", finding->advisory);
    put_named_string(j, "state", finding_state_name(finding->state));
    put_named_string(j, "class", finding_class_name(finding->class_of));
    json_name(j, "suppressed_by");
    if (finding->suppressed_by == SUPPRESSION_NONE)
        json_put_null(j);
    else
        json_put_string(j, suppression_name(finding->suppressed_by));
    put_named_time(j, "detected", finding->detected_us);
    put_judgement(j, scan, index, arena);
    if (form == SCAN_JSON_KEPT) {
        OWN(writer_end) struct writer explained = writer_with(LIMIT_SCAN_EXPLAINED);
        explain_decision(&explained, &scan->explain, finding, &scan->decisions[index]);
        put_explained(j, &explained);
    }
    json_close_object(j);
}

/* Holes that are only in packages without code that runs: a class of their own, by source. */
static void put_not_executable(struct json_writer *j, const struct scan *scan)
{
    json_name(j, "not_executable");
    json_open_array(j);
    for (size_t i = 0; i < scan->match.not_executable_count; i++) {
        const struct match_not_executable *one = &scan->match.not_executable[i];
        json_open_object(j);
        put_named_text(j, "source", one->source);
        put_named_u64(j, "count", one->count);
        json_name(j, "packages");
        json_open_array(j);
        for (size_t k = 0; k < one->package_count; k++)
            json_put_text(j, scan->host->packages[one->packages[k]].name);
        json_close_array(j);
        json_close_object(j);
    }
    json_close_array(j);
}

static void put_suppressed(struct json_writer *j, const struct scan *scan)
{
    json_name(j, "suppressed");
    json_open_object(j);
    for (enum suppression why = SUPPRESSION_NONE + 1; why < SUPPRESSION_COUNT; why++)
        put_named_u64(j, suppression_name(why), scan->match.suppressed[why]);
    json_close_object(j);
}

static void put_summary(struct json_writer *j, const struct scan_summary *summary)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"security", summary->security},
        {"functional", summary->functional},
        {"late", summary->late},
        {"full_bytes", summary->full_bytes},
        {"due_bytes", summary->due_bytes},
        {"unknown", summary->unknown},
        {"due_week", summary->due_week},
        {"held", summary->held},
        {"phased", summary->phased},
        {"unfixed", summary->unfixed},
        {"unfixed_exploited", summary->unfixed_exploited},
        {"not_executable", summary->not_executable},
        {"half_configured", summary->half_configured},
    };

    json_name(j, "summary");
    json_open_object(j);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        put_named_u64(j, rows[i].name, rows[i].value);
    json_close_object(j);
}

void scan_write_json(const struct scan *scan, enum scan_json_form form, struct arena *arena,
                     struct writer *out)
{
    struct json_writer j = json_writer_with(out, true);

    json_open_object(&j);
    put_named_string(&j, "schema", "suture.scan/1");
    put_named_text(&j, "inputs", text_format(arena, "%016llx", (unsigned long long)scan->inputs));
    put_named_time(&j, "now", scan->now_us);
    put_named_bool(&j, "judged", scan->judged);
    put_named_bool(&j, "complete", scan->complete);
    put_named_string(&j, "level", level_name(scan->level));
    json_name(&j, "order");
    if (scan->context.order == NULL)
        json_put_null(&j);
    else
        json_put_string(&j, scan->context.order);
    put_named_time(&j, "level_end", scan->context.order == NULL ? TIME_ABSENT : scan->order.end_us);
    put_named_string(&j, "policy", scan->policy->name);
    put_host(&j, scan->host);
    put_data(&j, scan);
    put_unseen(&j, scan->host);
    put_old_code(&j, scan->host);
    json_name(&j, "updates");
    json_open_array(&j);
    for (size_t i = 0; i < scan->match.update_count; i++)
        put_update(&j, scan, i, form);
    json_close_array(&j);
    json_name(&j, "findings");
    json_open_array(&j);
    for (size_t i = 0; i < scan->match.finding_count; i++)
        put_finding(&j, scan, i, form, arena);
    json_close_array(&j);
    put_not_executable(&j, scan);
    put_suppressed(&j, scan);
    put_summary(&j, &scan->summary);
    json_close_object(&j);
    writer_byte(out, '\n');
}

bool scan_json_has_inputs(struct bytes json, uint64_t inputs)
{
    char wanted[64];
    struct text start = {(const char *)json.at, json.size < 128 ? json.size : 128};

    (void)snprintf(wanted, sizeof(wanted), "\"inputs\": \"%016llx\"", (unsigned long long)inputs);
    return text_find(start, text_of(wanted)) != SIZE_MAX;
}

bool scan_json_has_level(struct bytes json, enum level level, const char *order)
{
    char wanted[96];
    struct text start = {(const char *)json.at, json.size < 512 ? json.size : 512};
    const char *quote = order == NULL ? "" : "\"";

    (void)snprintf(wanted, sizeof(wanted), "\"level\": \"%s\",\n  \"order\": %s%s%s,", level_name(level),
                   quote, order == NULL ? "null" : order, quote);
    return text_find(start, text_of(wanted)) != SIZE_MAX;
}
