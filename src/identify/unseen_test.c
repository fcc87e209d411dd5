/* What cannot be judged is counted where it lies, and said. */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "identify/unseen.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static void put(const char *root, const char *path)
{
    char whole[512];
    struct error err;

    (void)snprintf(whole, sizeof(whole), "%s%s", root, path);
    char *slash = strrchr(whole, '/');
    *slash = 0;
    assert_done(whole, file_make_folders(whole, 0755, &err), &err);
    *slash = '/';
    assert_done(whole, file_replace_cache(whole, BYTES(""), 0644, &err), &err);
}

/* "kind count why", one in each line. */
static struct text unseen_of(const struct host *host, struct arena *arena)
{
    struct text all = TEXT("");

    for (size_t i = 0; i < host->unseen_count; i++)
        all = text_format(arena, "%.*s%s %u %.*s\n", TEXT_ARG(all), unseen_kind_name(host->unseen[i].kind),
                          (unsigned)host->unseen[i].count, TEXT_ARG(host->unseen[i].why));
    return all;
}

static void test_places(void **state)
{
    static const struct {
        const char *name;
        const char *paths[8]; /* files of an otherwise empty root */
        const char *unseen;
    } rows[] = {
        {"nothing", {NULL}, ""},
        {"snaps",
         {"/var/lib/snapd/snaps/core22_1.snap", "/var/lib/snapd/snaps/core22_2.snap",
          "/var/lib/snapd/snaps/firefox_4173.snap", "/var/lib/snapd/snaps/partial/x"},
         "snap 2 2 snaps not read\n"},
        {"one snap", {"/var/lib/snapd/snaps/core22_1.snap"}, "snap 1 1 snap not read\n"},
        {"flatpaks",
         {"/var/lib/flatpak/app/org.example.A/current",
          "/home/ann/.local/share/flatpak/app/org.example.B/current"},
         "flatpak 2 2 flatpaks not read\n"},
        {"pip",
         {"/usr/local/lib/python3.11/dist-packages/a-1.dist-info/METADATA",
          "/usr/local/lib/python3.11/dist-packages/a/__init__.py",
          "/usr/local/lib/python3.11/dist-packages/b.egg-info",
          "/opt/tool/lib/python3.9/site-packages/c-1.dist-info/x",
          "/home/ann/.local/lib/python3.11/site-packages/d-1.dist-info/x",
          "/root/.pyenv/versions/3.12.1/lib/python3.12/site-packages/pip-1.dist-info/x",
          "/home/bob/.local/share/pipx/venvs/e/lib/python3.11/site-packages/e-1.dist-info/x"},
         "pip 6 6 pip packages not read\n"},
        {"what packages brought is not counted",
         {"/usr/lib/python3/dist-packages/apt-1.egg-info/x", "/usr/share/nodejs/x/package.json",
          "/usr/lib/node_modules/npm/package.json", "/usr/lib/node_modules/corepack/package.json"},
         ""},
        {"npm",
         {"/usr/lib/node_modules/npm/package.json", "/usr/lib/node_modules/tool/package.json",
          "/usr/local/lib/node_modules/npm/package.json", "/usr/local/lib/node_modules/@scope/a/package.json",
          "/usr/local/lib/node_modules/@scope/b/package.json",
          "/usr/local/lib/node_modules/no-package/index.js",
          "/home/ann/.nvm/versions/node/v20.1.0/lib/node_modules/c/package.json",
          "/usr/local/lib/node_modules/npm/node_modules/own/package.json"},
         "npm 5 5 npm packages not read\n"},
        {"images",
         {"/var/lib/docker/image/overlay2/imagedb/content/sha256/" ID "0",
          "/var/lib/docker/image/overlay2/imagedb/content/sha256/" ID "1",
          "/var/lib/docker/image/overlay2/imagedb/content/sha256/tmp",
          "/var/lib/containers/storage/overlay-images/" ID "0/manifest",
          "/var/lib/containers/storage/overlay-images/images.json",
          "/home/ann/.local/share/containers/storage/overlay-images/" ID "2/manifest"},
         "image 4 4 container images not read\n"},
        {"containerd",
         {"/var/lib/containerd/io.containerd.content.v1.content/blobs/sha256/" ID "0"},
         "image 0 containerd's images not counted\n"},
        {"containerd without images",
         {"/var/lib/containerd/io.containerd.content.v1.content/blobs/other", "/opt/file", "/home/file"},
         ""},
    };
    struct error err;
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct host host = {0};
        char root[64];
        test_folder(root);
        for (size_t p = 0; p < COUNT_OF(rows[i].paths) && rows[i].paths[p] != NULL; p++)
            put(root, rows[i].paths[p]);
        assert_done(rows[i].name, unseen_count(&(struct unseen_from){.root = root}, &host, &arena, &err),
                    &err);
        assert_text(rows[i].name, unseen_of(&host, &arena), rows[i].unseen);
        assert_done("remove", file_remove_tree(root, &err), &err);
    }
}

/* A home that is among the others is not counted twice; one elsewhere counts. */
static void test_home(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct host host = {0};
    struct error err;
    char root[64], home[96];
    (void)state;

    test_folder(root);
    put(root, "/home/ann/.local/share/flatpak/app/org.example.A/current");
    put(root, "/srv/bob/.local/share/flatpak/app/org.example.B/current");
    (void)snprintf(home, sizeof(home), "%s/home/ann", root);
    assert_done("ann", unseen_count(&(struct unseen_from){.root = root, .home = home}, &host, &arena, &err),
                &err);
    (void)snprintf(home, sizeof(home), "%s/srv/bob", root);
    assert_done("bob", unseen_count(&(struct unseen_from){.root = root, .home = home}, &host, &arena, &err),
                &err);
    assert_done("none", unseen_count(&(struct unseen_from){.home = home}, &host, &arena, &err), &err);
    assert_text("homes", unseen_of(&host, &arena),
                "flatpak 1 1 flatpak not read\nflatpak 2 2 flatpaks not read\n");
    assert_done("remove", file_remove_tree(root, &err), &err);
}

/* More folders than are looked into. */
static void test_bound(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct host host = {0};
    struct error err;
    char root[64], path[256];
    (void)state;

    test_folder(root);
    for (unsigned i = 0; i < 9; i++) {
        (void)snprintf(path, sizeof(path), "/opt/%u/lib/python3.11/site-packages/a.dist-info/METADATA", i);
        put(root, path);
    }
    put(root, "/usr/local/lib/node_modules/a/package.json");
    assert_done("bound",
                unseen_count(&(struct unseen_from){.root = root, .folders_max = 12}, &host, &arena, &err),
                &err);
    assert_text("bound", unseen_of(&host, &arena),
                "pip 3 at least 3 pip packages not read\nnpm 1 1 npm package not read\n");
    assert_done("remove", file_remove_tree(root, &err), &err);
}

static void close_folder(const char *root, const char *path)
{
    char whole[128];

    (void)snprintf(whole, sizeof(whole), "%s%s", root, path);
    assert_int_equal(chmod(whole, 0), 0);
}

/* What root sees of closed folders tells nothing of others, so another asks. */
static bool ask_as_nobody(const char *root, const char *expected)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct host host = {0};
        struct error err;
        if (getuid() == 0 && setuid(65534) != 0)
            _exit(2);
        char home[96];
        (void)snprintf(home, sizeof(home), "%s/home/bob", root); /* once more: it counts once */
        bool done = unseen_count(&(struct unseen_from){.root = root, .home = home}, &host, &arena, &err);
        struct text got = unseen_of(&host, &arena);
        if (!done || !text_equal(got, text_of(expected)))
            print_message("%.*s", TEXT_ARG(got));
        _exit(done && text_equal(got, text_of(expected)) ? 0 : 1);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_closed(void **state)
{
    static const char *const folders[] = {"/home/ann", "/home/bob", "/var/lib/docker",
                                          "/var/lib/containers/storage"};
    struct error err;
    char root[64], path[128];
    (void)state;

    test_folder(root);
    assert_int_equal(chmod(root, 0755), 0);
    put(root, "/home/ann/.local/share/flatpak/app/org.example.A/current");
    put(root, "/home/eve/.local/share/flatpak/app/org.example.A/current");
    put(root, "/home/bob/x");
    put(root, "/var/lib/docker/image/overlay2/imagedb/content/sha256/" ID "0");
    put(root, "/var/lib/containers/storage/overlay-images/" ID "0/manifest");
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        close_folder(root, folders[i]);
    bool same = ask_as_nobody(root, "flatpak 1 1 flatpak not read\n"
                                    "pip 0 2 home folders not looked into without root\n"
                                    "image 0 docker's images not counted without root\n"
                                    "image 0 podman's images not counted without root\n");
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", root, folders[i]);
        assert_int_equal(chmod(path, 0755), 0);
    }
    assert_done("remove", file_remove_tree(root, &err), &err);
    assert_true(same);
}

enum site_number { MAIN, VENDOR, OTHER, SMALL, TINY };

/* A package that is foreign, with its one offer: in the archive, or in none. */
static struct package foreign(const char *version, struct offer *offer)
{
    return (struct package){
        .name = TEXT("p"), .version = text_of(version), .offers = offer, .offer_count = 1, .foreign = true};
}

static void test_foreign(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct archive archives[] = {{.site = TEXT("main.example")},
                                 {.site = TEXT("vendor.example")},
                                 {.site = TEXT("other.example")},
                                 {.site = TEXT("small.example")},
                                 {.site = TEXT("tiny.example")}};
    struct offer offers[] = {
        {.version = TEXT("1"), .archive = VENDOR},
        {.version = TEXT("1"), .archive = OTHER},
        {.version = TEXT("1"), .archive = OFFER_INSTALLED},
        {.version = TEXT("1"), .archive = SMALL},
        {.version = TEXT("1"), .archive = TINY},
    };
    struct offer two[] = {{.version = TEXT("2"), .archive = OTHER},
                          {.version = TEXT("1"), .archive = VENDOR}};
    struct package packages[] = {
        {.name = TEXT("ours")},   foreign("1", &offers[0]), foreign("1", &offers[0]),
        foreign("1", two),        foreign("1", &offers[1]), foreign("0", &offers[1]),
        foreign("1", &offers[2]), foreign("1", &offers[3]), foreign("1", &offers[4]),
    };
    struct host host = {.packages = packages, .archives = archives, .archive_count = COUNT_OF(archives)};
    struct error err;
    (void)state;

    packages[3].offer_count = 2;
    host.package_count = 8;
    assert_done("four", unseen_count(&(struct unseen_from){.root = NULL}, &host, &arena, &err), &err);
    assert_text("four", unseen_of(&host, &arena),
                "foreign-archive 3 3 packages of vendor.example (no advisories: unknown, not safe)\n"
                "foreign-archive 2 2 packages of other.example (no advisories: unknown, not safe)\n"
                "foreign-archive 1 1 package of no enabled archive (no advisories: unknown, not safe)\n"
                "foreign-archive 1 1 package of small.example (no advisories: unknown, not safe)\n");
    host.unseen_count = 0;
    host.package_count = 9;
    assert_done("five", unseen_count(&(struct unseen_from){.root = NULL}, &host, &arena, &err), &err);
    assert_int_equal(host.unseen_count, 4);
    assert_text("rest", host.unseen[3].why,
                "2 packages of 2 other archives (no advisories: unknown, not safe)");
}

static void test_processes(void **state)
{
    static const struct {
        const char *name;
        uint32_t count, unreadable;
        bool hidden;
        const char *unseen;
    } rows[] = {
        {"all", 212, 0, false, ""},
        {"some", 212, 41, false, "process 41 41 of 212 processes not readable by this user\n"},
        {"hidden", 20, 0, true, "process 0 others' processes hidden here\n"},
        {"none", 0, 0, true, "process 0 processes not listed here\n"},
    };
    struct error err;
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct host host = {.process_count = rows[i].count,
                            .process_unreadable = rows[i].unreadable,
                            .process_hidden = rows[i].hidden};
        assert_done(rows[i].name, unseen_count(&(struct unseen_from){.root = NULL}, &host, &arena, &err),
                    &err);
        assert_text(rows[i].name, unseen_of(&host, &arena), rows[i].unseen);
    }
    OWN(arena_end) struct arena small = arena_with(64);
    struct host host = {.process_count = 2, .process_unreadable = 1};
    assert_false(unseen_count(&(struct unseen_from){.root = NULL}, &host, &small, &err));
    assert_failed("memory", &err, ERROR_LIMIT, "out of memory (64 bytes allowed)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places), cmocka_unit_test(test_home),    cmocka_unit_test(test_bound),
        cmocka_unit_test(test_closed), cmocka_unit_test(test_foreign), cmocka_unit_test(test_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
