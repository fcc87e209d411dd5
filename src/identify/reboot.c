#include "identify/reboot.h"

#include <ctype.h>

#include "base/file.h"
#include "base/limits.h"
#include "identify/kernel.h"
#include "model/version.h"

#define BUILD_CUT_SIZE 64 /* uname gives no more, and the end may be cut off */
#define NAMES_SHOWN    3

static const struct text nothing = {NULL, 0};

static bool digit_at(struct text text, size_t at)
{
    return at < text.size && isdigit((unsigned char)text.at[at]);
}

static bool cut_start(struct text *text, struct text start)
{
    if (!text_starts(*text, start))
        return false;
    *text = text_part(*text, start.size, SIZE_MAX);
    return true;
}

static bool cut_end(struct text *text, struct text end)
{
    if (!text_ends(*text, end))
        return false;
    text->size -= end.size;
    return true;
}

/* Absent for what is no image; modules alone are not started. */
static struct text image_release(struct text package)
{
    return text_starts(package, TEXT("linux-image-")) ? kernel_package_release(package) : nothing;
}

/*
 * What follows the version and, where there is one, the number of its interface: "amd64" in 6.1.0-18-amd64 and in
 * 6.12.9+bpo-amd64, "686-pae" in 6.1.0-18-686-pae, "generic-64k" in 5.15.0-91-generic-64k, "rpi-v8" in 6.1.0-rpi7-rpi-v8.
 */
struct text reboot_flavour(struct text release)
{
    struct text version, second, rest = release;

    if (!text_cut(&rest, '-', &version))
        return nothing;
    struct text behind = rest;
    if (!text_cut(&behind, '-', &second) || behind.size == 0)
        return rest;
    bool numbered =
        digit_at(second, 0) || (text_starts(second, TEXT("rpi")) && digit_at(second, TEXT("rpi").size));
    return numbered ? behind : rest;
}

/* "... Debian 6.1.76-1 (2024-02-01)" is the version; "#101~20.04.1-Ubuntu SMP ..." only its last part. */
struct text reboot_build_version(struct text build)
{
    static const struct text debian = {" Debian ", sizeof(" Debian ") - 1};
    struct text word, rest = build;
    size_t at = text_find(build, debian);

    if (at != SIZE_MAX) {
        rest = text_part(build, at + debian.size, SIZE_MAX);
        bool whole = text_cut(&rest, ' ', &word) && (rest.size > 0 || build.size < BUILD_CUT_SIZE);
        return whole && digit_at(word, 0) ? word : nothing;
    }
    if (!text_cut(&rest, ' ', &word) || !cut_start(&word, TEXT("#")) || !cut_end(&word, TEXT("-Ubuntu")))
        return nothing;
    return digit_at(word, 0) ? word : nothing;
}

/* Ubuntu's "5.15.0-91.101~20.04.1" is upload 101~20.04.1 of interface 91. */
static struct text upload_of(struct text version)
{
    size_t dash = text_find_byte(version, '-');
    struct text rest = text_part(version, dash == SIZE_MAX ? version.size : dash, SIZE_MAX);
    size_t dot = text_find_byte(rest, '.');

    return dot == SIZE_MAX ? nothing : text_part(rest, dot + 1, SIZE_MAX);
}

/* True when the package of the running release was built later than what runs. */
static bool build_is_older(struct text build, struct text installed)
{
    struct text running = reboot_build_version(build);

    if (text_starts(build, TEXT("#")) && text_find(build, TEXT("-Ubuntu")) != SIZE_MAX)
        installed = upload_of(installed);
    return running.size > 0 && installed.size > 0 && version_compare(VERSION_DEB, running, installed) < 0;
}

/* Its files are there and it can be started. */
static bool is_usable(const struct package *package)
{
    return package->state != PACKAGE_STATE_UNKNOWN && package->state != PACKAGE_HALF_INSTALLED &&
           package->state != PACKAGE_UNPACKED;
}

/* The images of one flavour: the newest, and the one that runs. */
struct images {
    const struct package *newest, *running;
};

static bool is_newer(const struct package *a, const struct package *b)
{
    int order = b == NULL ? 1 : version_compare(VERSION_DEB, a->version, b->version);

    if (order != 0)
        return order > 0;
    return version_compare(VERSION_DEB, image_release(a->name), image_release(b->name)) > 0;
}

static struct images find_images(const struct host *host, struct text running)
{
    struct text flavour = reboot_flavour(running);
    struct images found = {NULL, NULL};

    for (size_t i = 0; i < host->package_count; i++) {
        const struct package *package = &host->packages[i];
        struct text release = image_release(package->name);
        if (release.size == 0 || !is_usable(package) ||
            (running.size > 0 && !text_equal(reboot_flavour(release), flavour)))
            continue;
        if (is_newer(package, found.newest))
            found.newest = package;
        if (text_equal(release, running))
            found.running = package;
    }
    return found;
}

/* A reason joins those before it. */
static bool need(struct host *host, struct text why, struct arena *arena, struct error *err)
{
    if (why.at != NULL && host->reboot_why.size > 0)
        why = text_format(arena, "%.*s; %.*s", TEXT_ARG(host->reboot_why), TEXT_ARG(why));
    if (why.at == NULL)
        return arena_full(arena, err);
    host->reboot_needed = true;
    host->reboot_why = why;
    return true;
}

static bool judge_kernel(const struct reboot_from *from, const struct images *images, struct host *host,
                         struct arena *arena, struct error *err)
{
    struct text running = from->kernel_release, newest = host->kernel_installed;
    const struct package *same = images->running;

    if (text_equal(running, newest))
        return !build_is_older(from->kernel_build, images->newest->version) ||
               need(host,
                    text_format(arena, "kernel %.*s runs build %.*s, %.*s is installed", TEXT_ARG(running),
                                TEXT_ARG(reboot_build_version(from->kernel_build)),
                                TEXT_ARG(images->newest->version)),
                    arena, err);
    /* One that was removed while it runs has only its name to be compared. */
    bool older = same != NULL ? version_compare(VERSION_DEB, same->version, images->newest->version) < 0
                              : version_compare(VERSION_DEB, running, newest) < 0;
    return !older || need(host,
                          text_format(arena, "kernel %.*s runs, %.*s is installed", TEXT_ARG(running),
                                      TEXT_ARG(newest)),
                          arena, err);
}

/* Packages write their names into the file, one in each line, often more than once. */
static struct text name_askers(struct text lines, struct arena *arena)
{
    struct text names[NAMES_SHOWN] = {{NULL, 0}}, line, all = TEXT("");
    size_t count = 0;
    bool more = false;

    while (text_cut(&lines, '\n', &line)) {
        size_t i = 0;
        while (i < count && !text_equal(names[i], line))
            i++;
        if (line.size == 0 || line.size > LIMIT_PACKAGE_NAME || i < count)
            continue;
        if (count == NAMES_SHOWN) {
            more = true;
            continue;
        }
        all = text_format(arena, "%.*s%s%.*s", TEXT_ARG(all), count == 0 ? "" : ", ", TEXT_ARG(line));
        names[count++] = line;
    }
    if (count == 0)
        return TEXT("");
    return more ? text_format(arena, "%.*s and others", TEXT_ARG(all)) : all;
}

static bool judge_request(const char *root, struct host *host, struct arena *arena, struct error *err)
{
    const char *flag = file_below(arena, root, "/run/reboot-required");
    const char *packages = file_below(arena, root, "/run/reboot-required.pkgs");
    struct bytes raw;
    struct text lines = TEXT(""), names;
    struct error ignored; /* without the names the request still counts */

    if (flag == NULL || packages == NULL)
        return arena_full(arena, err);
    if (!file_exists(flag))
        return true;
    if (!file_read(packages, LIMIT_LINE, arena, &raw, &ignored) ||
        !text_from_lines(raw, LIMIT_LINE, &lines, &ignored))
        lines = TEXT("");
    names = name_askers(lines, arena);
    if (names.at == NULL)
        return arena_full(arena, err);
    return need(host,
                names.size == 0 ? TEXT("/run/reboot-required asks for it")
                                : text_format(arena, "asked for by %.*s", TEXT_ARG(names)),
                arena, err);
}

bool reboot_look(const struct reboot_from *from, struct host *host, struct arena *arena, struct error *err)
{
    struct text running = host->live ? from->kernel_release : nothing;
    struct images images = find_images(host, running);

    host->kernel_running = running;
    host->kernel_installed = images.newest == NULL ? nothing : image_release(images.newest->name);
    host->reboot_needed = false;
    host->reboot_why = nothing;
    if (!host->live)
        return true;
    return (images.newest == NULL || judge_kernel(from, &images, host, arena, err)) &&
           judge_request(from->root, host, arena, err);
}
