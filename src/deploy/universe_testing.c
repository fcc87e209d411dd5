#include "deploy/universe_testing.h"

#include "base/testing.h"

static void take_word(struct text word, struct universe_package *package, struct package *host)
{
    static const char *const multi[] = {"no", "same", "foreign", "allowed"};

    if (text_equal(word, TEXT("held")))
        host->held = true;
    else if (text_equal(word, TEXT("auto")))
        host->automatic = true;
    else if (text_equal(word, TEXT("essential")))
        package->essential = true;
    else if (text_starts(word, TEXT("source=")))
        package->source = text_part(word, 7, word.size);
    else if (text_starts(word, TEXT("arch=")))
        package->arch = text_part(word, 5, word.size);
    else if (text_starts(word, TEXT("multi="))) {
        for (unsigned i = 0; i < MULTI_ARCH_COUNT; i++)
            if (text_equal(text_part(word, 6, word.size), text_of(multi[i])))
                package->multi_arch = (enum multi_arch)i;
    } else
        fail_msg("\"%.*s\" is no word of a test's package", TEXT_ARG(word));
}

static void take_field(struct text field, struct universe_package *package)
{
    field = text_trim(field);
    for (unsigned i = 0; i < RELATION_KIND_COUNT; i++) {
        struct text name = text_of(relation_kind_name((enum relation_kind)i));
        if (text_starts(field, name) && field.size > name.size && field.at[name.size] == ':') {
            package->fields[i] = text_trim(text_part(field, name.size + 1, field.size));
            return;
        }
    }
    fail_msg("\"%.*s\" is no field of a test's package", TEXT_ARG(field));
}

static uint32_t find_installed(const struct universe *universe, const struct universe_package *package)
{
    for (size_t i = 0; i < universe->installed_count; i++)
        if (text_equal(universe->packages[i].name, package->name) &&
            relate_same_arch(universe, universe->packages[i].arch, package->arch))
            return (uint32_t)i;
    fail_msg("%.*s is not installed", TEXT_ARG(package->name));
    return 0;
}

static void take_line(struct text line, struct made_universe *into)
{
    struct universe *universe = &into->universe;
    struct universe_package *package = &universe->packages[universe->count];
    struct package ignored = {0}, *host = &ignored;
    struct text words, kind, word;

    (void)!text_cut(&line, ';', &words);
    *package = (struct universe_package){.arch = TEXT("amd64"), .package = PACKAGE_NONE, .archive = 0};
    if (!text_cut_word(&words, &kind) || !text_cut_word(&words, &package->name) ||
        !text_cut_word(&words, &package->version))
        fail_msg("\"%.*s\" is no line of a test's universe", TEXT_ARG(line));
    package->source = package->name;
    package->installed = text_equal(kind, TEXT("i"));
    if (package->installed) {
        package->package = (uint32_t)universe->installed_count;
        host = &into->host.packages[universe->installed_count++];
    }
    while (text_cut_word(&words, &word))
        take_word(word, package, host);
    while (text_cut(&line, ';', &word))
        take_field(word, package);
    if (text_equal(kind, TEXT("u")))
        package->package = find_installed(universe, package);
    *host = (struct package){.name = package->name,
                             .arch = package->arch,
                             .version = package->version,
                             .held = host->held,
                             .automatic = host->automatic};
    if (text_equal(package->arch, TEXT("i386")))
        universe->arch_count = 2;
    universe->count++;
}

void universe_make(const char *lines, struct arena *arena, struct made_universe *out)
{
    struct text rest = text_of(lines), line;
    struct error err;

    *out = (struct made_universe){.archs = {TEXT("amd64"), TEXT("i386")}};
    out->universe = (struct universe){.native = TEXT("amd64"), .archs = out->archs, .arch_count = 1};
    out->universe.packages = ARENA_ARRAY(arena, struct universe_package, rest.size);
    out->host.packages = ARENA_ARRAY(arena, struct package, rest.size);
    assert_non_null(out->universe.packages);
    assert_non_null(out->host.packages);
    while (text_cut(&rest, '\n', &line))
        if (text_trim(line).size > 0)
            take_line(text_trim(line), out);
    out->host.package_count = out->universe.installed_count;
    assert_done("relate", relate_open(&out->universe, arena, &out->relate, &err), &err);
}

uint32_t universe_offered(const struct universe *universe, const char *name)
{
    for (size_t i = universe->installed_count; i < universe->count; i++)
        if (text_equal(universe->packages[i].name, text_of(name)))
            return (uint32_t)i;
    fail_msg("%s is not offered", name);
    return 0;
}

struct text universe_spell(const struct universe *universe, uint32_t index, struct arena *arena)
{
    const struct universe_package *package = &universe->packages[index];
    bool native = relate_same_arch(universe, package->arch, universe->native);

    return text_format(arena, "%.*s%s%.*s %.*s", TEXT_ARG(package->name), native ? "" : ":",
                       TEXT_ARG(native ? TEXT("") : package->arch), TEXT_ARG(package->version));
}
