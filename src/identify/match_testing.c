#include "identify/match_testing.h"

#include "base/testing.h"

static bool named(struct text word, const char *name, struct text *value)
{
    struct text start = text_of(name);

    if (!text_starts(word, start) || word.size <= start.size || word.at[start.size] != '=')
        return false;
    *value = text_part(word, start.size + 1, word.size);
    return true;
}

static void read_archive(struct machine *machine, struct text line)
{
    struct archive *archive = &machine->archives[machine->host.archive_count++];
    struct text word, value;
    struct error err;

    *archive = (struct archive){.state = ARCHIVE_VERIFIED, .has_advisories = true, .date_us = TIME_ABSENT};
    while (text_cut_word(&line, &word)) {
        if (text_equal(word, TEXT("security")))
            archive->security = true;
        else if (text_equal(word, TEXT("foreign")))
            archive->has_advisories = false;
        else if (text_equal(word, TEXT("stale")))
            archive->state = ARCHIVE_STALE;
        else if (text_equal(word, TEXT("refused")))
            archive->state = ARCHIVE_REFUSED;
        else if (named(word, "date", &value))
            assert_true(time_parse(value, &archive->date_us, &err));
        else
            assert_text("archive", word, "main");
    }
}

/* "VERSION@0,1" */
static void read_offer(struct package *package, struct text value)
{
    struct offer *offer = &package->offers[package->offer_count++];
    struct text archive;
    uint64_t number = 0;
    struct error err;

    *offer = (struct offer){.archive = OFFER_NONE};
    (void)text_cut(&value, '@', &offer->version);
    offer->source_version = offer->version;
    while (text_cut(&value, ',', &archive)) {
        assert_true(text_to_u64(archive, &number, &err));
        if (offer->archive == OFFER_NONE)
            offer->archive = (uint32_t)number;
        offer->archives |= UINT32_C(1) << number;
    }
}

static void read_package(struct machine *machine, struct text line)
{
    size_t number = machine->host.package_count++;
    struct package *package = &machine->packages[number];
    struct text word, value;

    assert_true(number < PACKAGES_MAX);
    *package = (struct package){.type = PACKAGE_DEB,
                                .state = PACKAGE_INSTALLED,
                                .candidate = OFFER_NONE,
                                .arch = TEXT("amd64"),
                                .offers = machine->offers[number]};
    assert_true(text_cut_word(&line, &package->name) && text_cut_word(&line, &package->version));
    package->source = package->name;
    package->source_version = package->version;
    while (text_cut_word(&line, &word)) {
        if (named(word, "candidate", &value)) {
            package->candidate = (uint32_t)package->offer_count;
            read_offer(package, value);
        } else if (named(word, "offer", &value)) {
            read_offer(package, value);
        } else if (text_equal(word, TEXT("rpm"))) {
            package->type = PACKAGE_RPM;
        } else if (text_equal(word, TEXT("foreign"))) {
            package->foreign = true;
        } else if (text_equal(word, TEXT("unpacked"))) {
            package->state = PACKAGE_UNPACKED;
        } else if (!named(word, "source", &package->source) &&
                   !named(word, "source-version", &package->source_version) &&
                   !named(word, "section", &package->section) && !named(word, "arch", &package->arch) &&
                   !named(word, "stream", &package->stream)) {
            fail_msg("package: %.*s", TEXT_ARG(word));
        }
    }
}

void match_testing_machine(struct machine *machine, const char *release, const char *lines)
{
    struct text rest = text_of(lines), line, word;

    memset(machine, 0, sizeof(*machine));
    machine->host = (struct host){.packages = machine->packages, .archives = machine->archives};
    memcpy(machine->host.release.name, release, strlen(release));
    machine->host.release.order = VERSION_DEB;
    while (text_cut(&rest, '\n', &line)) {
        assert_true(text_cut_word(&line, &word));
        if (text_equal(word, TEXT("archive")))
            read_archive(machine, line);
        else if (text_equal(word, TEXT("running")))
            (void)text_cut_word(&line, &machine->host.kernel_running);
        else if (text_equal(word, TEXT("all")))
            machine->all = true;
        else
            read_package(machine, line);
    }
}

/* What was found, as text: a line for each finding, update and source that has no code here. */
static void put_text(struct writer *w, const char *before, struct text text)
{
    if (text.size > 0)
        writer_format(w, "%s%.*s", before, TEXT_ARG(text));
}

static void put_packages(struct writer *w, const struct host *host, const uint32_t *packages, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_text(w, i == 0 ? " [" : " ", host->packages[packages[i]].name);
    writer_string(w, count > 0 ? "]" : " []");
}

static void put_finding(struct writer *w, const struct host *host, const struct finding *finding)
{
    writer_format(w, "%.*s %.*s %s", TEXT_ARG(finding->source), TEXT_ARG(finding->id),
                  finding_class_name(finding->class_of));
    if (finding->suppressed_by != SUPPRESSION_NONE)
        writer_format(w, " %s", suppression_name(finding->suppressed_by));
    if (finding->state != FINDING_OPEN)
        writer_format(w, " %s", finding_state_name(finding->state));
    put_text(w, " ", finding->installed);
    put_text(w, " -> ", finding->fixed);
    put_text(w, " ", finding->advisory);
    if (finding->fix_available_us != TIME_ABSENT) {
        writer_byte(w, ' ');
        time_write_date(w, finding->fix_available_us);
    }
    if (finding->vendor_severity != SEVERITY_UNKNOWN)
        writer_format(w, " %s", severity_name(finding->vendor_severity));
    if (finding->unimportant)
        writer_string(w, " unimportant");
    put_packages(w, host, finding->packages, finding->package_count);
    if (finding->update != UPDATE_NONE)
        writer_format(w, " by %u", finding->update);
    if (finding->vulnerability != NULL)
        writer_string(w, finding->vulnerability->kev ? " kev" : " known");
    writer_byte(w, '\n');
}

struct text match_testing_describe(struct writer *w, const struct host *host, const struct match *match)
{
    struct text text = {NULL, 0};
    struct error err;

    writer_clear(w);
    for (size_t i = 0; i < match->finding_count; i++)
        put_finding(w, host, &match->findings[i]);
    for (size_t i = 0; i < match->update_count; i++) {
        const struct update *update = &match->updates[i];
        writer_format(w, "update %.*s %s%s", TEXT_ARG(host->packages[update->package].name),
                      update_kind_name(update->kind), update->by_origin ? " by origin" : "");
        for (size_t j = 0; j < update->finding_count; j++)
            put_text(w, j == 0 ? " closes " : " ", match->findings[update->findings[j]].id);
        if (update->not_executable_count > 0)
            writer_format(w, " not-executable %u", update->not_executable_count);
        writer_byte(w, '\n');
    }
    for (size_t i = 0; i < match->not_executable_count; i++) {
        const struct match_not_executable *source = &match->not_executable[i];
        writer_format(w, "not-executable %.*s %u", TEXT_ARG(source->source), source->count);
        put_packages(w, host, source->packages, source->package_count);
        writer_byte(w, '\n');
    }
    for (unsigned i = 0; i < SUPPRESSION_COUNT; i++)
        if (match->suppressed[i] > 0)
            writer_format(w, "suppressed %s %u\n", suppression_name((enum suppression)i),
                          match->suppressed[i]);
    assert_done("describe", text_from_lines(writer_bytes(w), w->limit, &text, &err), &err);
    return text;
}
