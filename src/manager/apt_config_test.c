#include "base/testing.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/own.h"
#include "manager/apt_config.h"

static void files_are_parsed(void **state)
{
    static const struct {
        const char *name, *raw;
        const char *key, *value; /* value NULL: not there */
    } rows[] = {
        {"line", "APT::Architecture \"amd64\";", "APT::Architecture", "amd64"},
        {"without quotes", "APT::Get::Assume-Yes true;", "APT::Get::Assume-Yes", "true"},
        {"scope", "APT { Architecture \"arm64\"; };", "apt::architecture", "arm64"},
        {"scopes", "A { B { C \"1\"; }; D \"2\"; };", "A::B::C", "1"},
        {"behind a scope", "A { B { C \"1\"; }; D \"2\"; };", "A::D", "2"},
        {"closed without semicolon", "A { B \"1\"; } C \"2\";", "C", "2"},
        {"long key in a scope", "A { B::C \"1\"; };", "A::B::C", "1"},
        {"item", "A { \"1\"; \"2\"; };", "A::", "2"},
        {"item by name", "A:: \"1\";", "A::", "1"},
        {"last counts", "A \"1\"; A \"2\";", "A", "2"},
        {"empty value", "A \"\";", "A", ""},
        {"comments", "// x \"y\";\n# APT \"no\";\n/* A \"1\"; */ A \"2\"; // A \"3\";", "A", "2"},
        {"comment marks in quotes", "A \"http://x/*#;{\";", "A", "http://x/*#;{"},
        {"value of a scope", "Target \"name\" { X \"1\"; };", "Target", "name"},
        {"below a scope with a value", "Target \"name\" { X \"1\"; };", "Target::X", "1"},
        {"lines within a value", "A\n\"1\n2\"\n;", "A", "1\n2"},
        {"cleared", "A::B \"1\"; AB \"2\";\n#clear A;\n", "A::B", NULL},
        {"not cleared", "A::B \"1\"; AB \"2\";\n#clear A;\n", "AB", "2"},
        {"set after it was cleared", "A \"1\";\n#clear A;\nA \"2\";", "A", "2"},
        {"absent", "A \"1\";", "B", NULL},
        {"no text", "A \"1\"; A \"\xff\";", "A", "1"},
        {"empty", "", "A", NULL},
        {"windows", "A \"1\";\r\nB \"2\";\r\n", "B", "2"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 20);
        struct apt_config config = {.root = "/"};
        struct error err;
        assert_done(rows[i].name,
                    apt_config_parse(&config, bytes_of_text(text_of(rows[i].raw)), "f", &arena, &err), &err);
        struct text got = apt_config_find(&config, text_of(rows[i].key), TEXT("(none)"));
        assert_text(rows[i].name, got, rows[i].value == NULL ? "(none)" : rows[i].value);
    }
}

static void mistakes_are_told(void **state)
{
    static const struct {
        const char *name, *raw;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"quote", "A \"1;\n", ERROR_INPUT, "f: line 1: a quote does not end"},
        {"comment", "\n/* A", ERROR_INPUT, "f: line 2: a comment does not end"},
        {"not closed", "A {\nB \"1\";\n", ERROR_INPUT, "f: line 3: a '{' is not closed"},
        {"closes nothing", "A \"1\";\n}", ERROR_INPUT, "f: line 2: a '}' closes nothing"},
        {"no semicolon", "A \"1\"\nB \"2\";", ERROR_INPUT,
         "f: line 2: \"B\" is one word too many (a ';' is missing)"},
        {"clears nothing", "#clear ;", ERROR_INPUT, "f: line 1: #clear names nothing"},
        {"relative include", "#include \"x\";", ERROR_INPUT, "f: line 1: x is no absolute path"},
        {"deep", "a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{", ERROR_LIMIT,
         "f: line 1: more than 32 braces deep"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 20);
        struct apt_config config = {.root = "/"};
        struct error err = {0};
        assert_false(apt_config_parse(&config, bytes_of_text(text_of(rows[i].raw)), "f", &arena, &err));
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
    }
}

static void lists_and_words_are_found(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct apt_config config = {.root = "/"};
    struct error err;
    struct text *items;
    size_t count;
    (void)state;

    assert_done("parse",
                apt_config_parse(
                    &config,
                    BYTES("APT { Architectures { \"amd64\"; \"i386\"; }; }; Apt::Architectures:: \"arm64\";"
                          "A \"off\"; B \"Enable\"; C \"maybe\";"),
                    "f", &arena, &err),
                &err);
    assert_done("list", apt_config_list(&config, TEXT("APT::Architectures"), &arena, &items, &count, &err),
                &err);
    assert_int_equal(count, 3);
    assert_text("item", items[0], "amd64");
    assert_text("item", items[2], "arm64");
    assert_done("list", apt_config_list(&config, TEXT("APT::Nothing"), &arena, &items, &count, &err), &err);
    assert_int_equal(count, 0);
    assert_false(apt_config_bool(&config, TEXT("A"), true));
    assert_true(apt_config_bool(&config, TEXT("B"), false));
    assert_true(apt_config_bool(&config, TEXT("C"), true));
    assert_false(apt_config_bool(&config, TEXT("D"), false));
}

static void paths_are_put_together(void **state)
{
    static const struct {
        const char *raw;
        enum apt_path path;
        const char *expected;
    } rows[] = {
        {"", APT_PATH_STATUS, "/root/var/lib/dpkg/status"},
        {"", APT_PATH_LISTS, "/root/var/lib/apt/lists"},
        {"", APT_PATH_SOURCES_PARTS, "/root/etc/apt/sources.list.d"},
        {"Dir::State::lists \"other/\";", APT_PATH_LISTS, "/root/var/lib/apt/other"},
        {"Dir::State::lists \"/srv/lists\";", APT_PATH_LISTS, "/root/srv/lists"},
        {"Dir::State \"/srv/apt\";", APT_PATH_LISTS, "/root/srv/apt/lists"},
        {"Dir::State \"srv/apt/\";", APT_PATH_EXTENDED_STATES, "/root/srv/apt/extended_states"},
        {"Dir \"/srv\"; Dir::Etc \"conf\";", APT_PATH_PREFERENCES, "/root/srv/conf/preferences"},
        {"Dir \"srv\";", APT_PATH_TRUSTED, "/root/srv/etc/apt/trusted.gpg"},
        {"Dir::State::status \"/srv/status\";", APT_PATH_STATUS, "/root/srv/status"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 20);
        struct apt_config config = {.root = "/root"};
        struct error err;
        assert_done(rows[i].raw,
                    apt_config_parse(&config, bytes_of_text(text_of(rows[i].raw)), "f", &arena, &err), &err);
        assert_string_equal(apt_config_path(&config, rows[i].path, &arena), rows[i].expected);
    }
}

static void put(const char *root, const char *name, const char *content, mode_t mode)
{
    char path[256];
    struct error err;

    (void)snprintf(path, sizeof(path), "%s/etc/apt/%s", root, name);
    assert_done(name, file_replace_cache(path, bytes_of_text(text_of(content)), mode, &err), &err);
}

static void the_files_of_a_root_are_read_in_order(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    char root[64], folder[128];
    struct apt_config config;
    struct error err;
    (void)state;

    test_folder(root);
    assert_done("nothing", apt_config_read(root, &arena, &config, &err), &err);
    assert_int_equal(config.count, 0);
    (void)snprintf(folder, sizeof(folder), "%s/etc/apt/apt.conf.d/99folder", root);
    assert_done("folders", file_make_folders(folder, 0700, &err), &err);
    put(root, "apt.conf.d/20b", "A \"20\"; B \"20\";", 0644);
    put(root, "apt.conf.d/10a.conf", "A \"10\"; C \"10\";", 0644);
    put(root, "apt.conf.d/30c.dpkg-old", "A \"30\";", 0644);
    put(root, "apt.conf.d/.hidden", "A \"hidden\";", 0644);
    put(root, "apt.conf.d/40 blank", "A \"40\";", 0644);
    put(root, "apt.conf", "#include \"/etc/apt/more\";\nB \"main\";", 0644);
    put(root, "more", "D \"more\";", 0644);
    assert_done("read", apt_config_read(root, &arena, &config, &err), &err);
    assert_text("by name", apt_config_find(&config, TEXT("A"), TEXT("")), "20");
    assert_text("main last", apt_config_find(&config, TEXT("B"), TEXT("")), "main");
    assert_text("first", apt_config_find(&config, TEXT("C"), TEXT("")), "10");
    assert_text("included", apt_config_find(&config, TEXT("D"), TEXT("")), "more");
    put(root, "more", "#include \"/etc/apt/more\";", 0644);
    assert_false(apt_config_read(root, &arena, &config, &err));
    assert_true(text_ends(text_of(err.text), TEXT("/etc/apt/more: included more than 8 files deep")));
    put(root, "apt.conf", "A {", 0644);
    assert_false(apt_config_read(root, &arena, &config, &err));
    assert_true(text_ends(text_of(err.text), TEXT("/etc/apt/apt.conf: line 1: a '{' is not closed")));
    assert_done("remove", file_remove_tree(root, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_parsed),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(lists_and_words_are_found),
        cmocka_unit_test(paths_are_put_together),
        cmocka_unit_test(the_files_of_a_root_are_read_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
