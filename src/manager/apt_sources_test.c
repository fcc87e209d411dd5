#include "base/testing.h"

#include "base/own.h"
#include "manager/apt_sources.h"

static const struct text arch_names[] = {{"amd64", 5}, {"i386", 4}};
#define ONE                                                                                                  \
    (struct apt_archs)                                                                                       \
    {                                                                                                        \
        arch_names, 1                                                                                        \
    }
#define TWO                                                                                                  \
    (struct apt_archs)                                                                                       \
    {                                                                                                        \
        arch_names, 2                                                                                        \
    }

/* "uri suite component arch signed-by flags" of each source, one a line. */
static struct text written(const struct apt_sources *sources, struct arena *arena)
{
    struct text all = TEXT("");

    for (size_t i = 0; i < sources->count; i++) {
        const struct apt_source *source = &sources->sources[i];
        all = text_format(arena, "%.*s%.*s %.*s %.*s %.*s%s%.*s%s\n", TEXT_ARG(all), TEXT_ARG(source->uri),
                          TEXT_ARG(source->suite), TEXT_ARG(source->component), TEXT_ARG(source->arch),
                          source->signed_by.size > 0 ? " " : "", TEXT_ARG(source->signed_by),
                          source->trusted ? " trusted" : "");
    }
    for (size_t i = 0; i < sources->problem_count; i++)
        all = text_format(arena, "%.*s! %.*s: %.*s\n", TEXT_ARG(all), TEXT_ARG(sources->problems[i].place),
                          TEXT_ARG(sources->problems[i].why));
    return all;
}

struct row {
    const char *name, *raw, *expected;
};

static void run_rows(const struct row *rows, size_t count, bool deb822, struct apt_archs archs)
{
    for (size_t i = 0; i < count; i++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 20);
        struct apt_sources sources = {0};
        struct apt_sources_file file = {
            .name = "f", .raw = bytes_of_text(text_of(rows[i].raw)), .deb822 = deb822};
        struct error err;
        assert_done(rows[i].name, apt_sources_parse(&file, archs, &arena, &sources, &err), &err);
        assert_text(rows[i].name, written(&sources, &arena), rows[i].expected);
    }
}

static void lines_are_parsed(void **state)
{
    static const struct row rows[] = {
        {"one", "deb http://m.example/d oak main\n",
         "http://m.example/d/ oak main amd64\nhttp://m.example/d/ oak main all\n"},
        {"blanks and comments", "# deb http://x/ y z\n\n  deb\thttp://m.example/d/   oak\tmain # contrib\n",
         "http://m.example/d/ oak main amd64\nhttp://m.example/d/ oak main all\n"},
        {"returns", "deb http://m.example/d/ oak main\r\n",
         "http://m.example/d/ oak main amd64\nhttp://m.example/d/ oak main all\n"},
        {"two components", "deb [arch=amd64 arch-=all] http://m.example/ oak main contrib\n",
         "http://m.example/ oak main amd64\nhttp://m.example/ oak contrib amd64\n"},
        {"options",
         "deb [ signed-by=/k/x.gpg trusted=yes arch=i386,all lang=de ] http://m.example/ oak main\n",
         "http://m.example/ oak main i386 /k/x.gpg trusted\nhttp://m.example/ oak main all /k/x.gpg "
         "trusted\n"},
        {"one more architecture", "deb [arch+=arm64] http://m.example/ oak main\n",
         "http://m.example/ oak main amd64\nhttp://m.example/ oak main arm64\nhttp://m.example/ oak main "
         "all\n"},
        {"one less", "deb [arch-=amd64] http://m.example/ oak main\n", "http://m.example/ oak main all\n"},
        {"no comment in options", "deb [signed-by=/k/#1.gpg arch-=all] http://m.example/ oak main\n",
         "http://m.example/ oak main amd64 /k/#1.gpg\n"},
        {"flat", "deb file:/srv/r ./\n", "file:/srv/r/ ./  amd64\n"},
        {"architecture filled in", "deb http://m.example/$(ARCH) $(ARCH)/\n",
         "http://m.example/amd64/ amd64/  amd64\n"},
        {"quotes and escapes", "deb [arch-=all] \"http://m.example/a b\" oak%2fsub main\n",
         "http://m.example/a b/ oak/sub main amd64\n"},
        {"there twice",
         "deb [arch-=all] http://m.example/ oak main\ndeb [arch-=all] http://m.example/ oak main\n",
         "http://m.example/ oak main amd64\n"},
        {"sources of sources", "deb-src http://m.example/ oak main\n", ""},
        {"unknown type", "rpm http://m.example/ oak main\n",
         "! f:1: begins with neither \"deb\" nor \"deb-src\"\n"},
        {"no uri", "\ndeb\n", "! f:2: names no URI\n"},
        {"no suite", "deb http://m.example/\n", "! f:1: names no suite\n"},
        {"no component", "deb http://m.example/ oak\n", "! f:1: names no component\n"},
        {"no colon", "deb m.example oak main\n", "! f:1: has a URI without a colon\n"},
        {"component of a flat one", "deb http://m.example/ ./ main\n",
         "! f:1: has components beside a suite that ends in '/'\n"},
        {"options without end", "deb [arch=amd64 http://m.example/ oak main\n",
         "! f:1: has options that do not end\n"},
        {"option without value", "deb [arch] http://m.example/ oak main\n",
         "! f:1: has an option that is not NAME=VALUE\n"},
        {"no text", "deb http://m.example/ oak \xff\n# \xff\ndeb [arch-=all] http://m.example/ oak main\n",
         "http://m.example/ oak main amd64\n! f:1: byte 0xff at 26 is not text\n"},
    };
    (void)state;

    run_rows(rows, COUNT_OF(rows), false, ONE);
}

#define BEGIN "Types: deb\nURIs: http://m.example/d\nSuites: oak\n"

static void paragraphs_are_parsed(void **state)
{
    static const struct row rows[] = {
        {"one", BEGIN "Components: main\n",
         "http://m.example/d/ oak main amd64\nhttp://m.example/d/ oak main i386\nhttp://m.example/d/ oak "
         "main all\n"},
        {"several of each",
         "Types: deb deb-src\nURIs: http://a.example/ http://b.example/\nSuites: oak "
         "oak-updates\nComponents: main\n"
         "Architectures: i386\nArchitectures-Remove: all\n",
         "http://a.example/ oak main i386\nhttp://a.example/ oak-updates main i386\n"
         "http://b.example/ oak main i386\nhttp://b.example/ oak-updates main i386\n"},
        {"lines and comments",
         "# head\nTypes: deb\n# URIs: no\nURIs:\n http://m.example/\n# in a value\n "
         "http://n.example/\nSuites: ./\n",
         "http://m.example/ ./  amd64\nhttp://n.example/ ./  amd64\n"},
        {"switched off", BEGIN "Components: main\nEnabled: no\n\n" BEGIN "Components: main\nEnabled: false\n",
         ""},
        {"switched on",
         BEGIN "Components: main\nEnabled: yes\nArchitectures: amd64\nArchitectures-Remove: all\n",
         "http://m.example/d/ oak main amd64\n"},
        {"keys",
         BEGIN "Components: main\nArchitectures: i386 all\nSigned-By: /k/a.gpg,/k/b.asc\nTrusted: yes\n",
         "http://m.example/d/ oak main i386 /k/a.gpg,/k/b.asc trusted\n"
         "http://m.example/d/ oak main all /k/a.gpg,/k/b.asc trusted\n"},
        {"sources of sources", "Types: deb-src\nURIs: http://m.example/\nSuites: oak\nComponents: main\n",
         ""},
        {"no type", "URIs: http://m.example/\nSuites: oak\nComponents: main\n", "! f:1: names no type\n"},
        {"no component", BEGIN, "! f:1: names no component\n"},
        {"the second is wrong",
         BEGIN "Components: main\nArchitectures: amd64\nArchitectures-Remove: all\n\n\n" BEGIN,
         "http://m.example/d/ oak main amd64\n! f:9: names no component\n"},
        {"no field", "deb http://m.example/ oak main\n",
         "! f:1: line 1: \"deb http://m.example/ oak main\" is neither a field nor the continuation of "
         "one\n"},
        {"no text", BEGIN "Components: \xff\n", "! f:1: byte 0xff at 0 is not text\n"},
    };
    (void)state;

    run_rows(rows, COUNT_OF(rows), true, TWO);
}

/* As `apt-get update --print-uris` names them. */
static void lists_have_apts_names(void **state)
{
    static const struct {
        const char *line, *name, *site, *uri;
    } rows[] = {
        {"deb http://user:pw@mirror.example:8080/debian oak main",
         "mirror.example:8080_debian_dists_oak_main_binary-amd64_Packages", "mirror.example",
         "http://mirror.example:8080/debian/"},
        {"deb [arch=i386] https://mirror.example/a_b~c+d oak/sub main/x",
         "mirror.example_a%5fb%7ec+d_dists_oak_sub_main_x_binary-i386_Packages", "mirror.example",
         "https://mirror.example/a_b~c+d/"},
        {"deb file:/srv/repo ./", "_srv_repo_._Packages", "", "file:/srv/repo/"},
        {"deb file:///srv/repo2/ /", "_srv_repo2_Packages", "", "file:///srv/repo2/"},
        {"deb http://[2001:db8::1]/d oak main", "2001:db8::1_d_dists_oak_main_binary-amd64_Packages",
         "2001:db8::1", "http://[2001:db8::1]/d/"},
        {"deb http://mirror.example/$(ARCH)/ oak main",
         "mirror.example_amd64_dists_oak_main_binary-amd64_Packages", "mirror.example",
         "http://mirror.example/amd64/"},
        {"deb http://mirror.example/flat $(ARCH)/", "mirror.example_flat_amd64_Packages", "mirror.example",
         "http://mirror.example/flat/"},
        {"deb copy:/x/y oak main", "_x_y_dists_oak_main_binary-amd64_Packages", "", "copy:/x/y/"},
        {"deb http://mirror.example/debian \"oak\" contrib",
         "mirror.example_debian_dists_oak_contrib_binary-amd64_Packages", "mirror.example",
         "http://mirror.example/debian/"},
        {"deb mirror+http://m.example/list oak main", "m.example_list_dists_oak_main_binary-amd64_Packages",
         "m.example", "mirror+http://m.example/list/"},
        {"deb http://m.example/a%20b oak main", "m.example_a%20b_dists_oak_main_binary-amd64_Packages",
         "m.example", "http://m.example/a b/"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 20);
        struct apt_sources sources = {0};
        struct apt_sources_file file = {.name = "f", .raw = bytes_of_text(text_of(rows[i].line))};
        struct error err;
        assert_done(rows[i].line, apt_sources_parse(&file, ONE, &arena, &sources, &err), &err);
        const struct apt_source *source = &sources.sources[0];
        assert_text(rows[i].line, apt_source_file_name(source, apt_source_list_name(source, &arena), &arena),
                    rows[i].name);
        assert_text(rows[i].line, apt_source_site(source), rows[i].site);
        assert_text(rows[i].line, apt_source_public_uri(source, &arena), rows[i].uri);
    }
}

static void sources_are_bounded(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 << 20);
    struct apt_sources sources = {0};
    struct text all = TEXT("Types: deb\nURIs: http://m.example/\nSuites:");
    struct error err;
    (void)state;

    for (unsigned i = 0; i < 600; i++)
        all = text_format(&arena, "%.*s s%u", TEXT_ARG(all), i);
    all = text_format(&arena, "%.*s\nComponents: main\n", TEXT_ARG(all));
    struct apt_sources_file file = {.name = "f", .raw = bytes_of_text(all), .deb822 = true};
    assert_false(apt_sources_parse(&file, ONE, &arena, &sources, &err));
    assert_failed("many", &err, ERROR_LIMIT, "more than 1024 sources of packages");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_parsed),
        cmocka_unit_test(paragraphs_are_parsed),
        cmocka_unit_test(lists_have_apts_names),
        cmocka_unit_test(sources_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
