/*
 * How fast a Packages list is read for the dozen fields that a scan wants.
 *
 *     deb822_speed [FILE]      without a file: a made list of 50 MB
 */
#include <stdio.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "format/deb822.h"

#define ROUNDS     7
#define PARAGRAPHS 63000

static const char *const names[] = {
    "Package", "Source",    "Version",   "Architecture", "Filename",
    "Size",    "SHA256",    "Essential", "Depends",      "Phased-Update-Percentage",
    "Section", "Multi-Arch"};

/* Shaped as Debian's main list: 800 bytes and 20 lines a package, tags on lines of their own. */
static void write_list(struct writer *w)
{
    for (unsigned i = 0; i < PARAGRAPHS; i++) {
        writer_format(w, "Package: lib%u-%u-perl\n", i, i % 97);
        if (i % 3 == 0)
            writer_format(w, "Source: source%u\n", i / 3);
        writer_format(w,
                      "Version: 1.%u-%u+deb12u1\nInstalled-Size: %u\n"
                      "Maintainer: A Group of People <people-%u@lists.example>\nArchitecture: amd64\n"
                      "Depends: libc6 (>= 2.34), libexample%u (>= 1.2.3), perl:any, libother%u (= 1.%u)\n"
                      "Description: library that does one thing in many ways\n"
                      "Multi-Arch: same\nHomepage: https://project%u.example/\n"
                      "Description-md5: 0123456789abcdef0123456789abcdef\nTag: devel::library,\n"
                      " implemented-in::c, role::shared-lib, works-with::text,\n use::checking\n"
                      "Section: libs\nPriority: optional\n"
                      "Filename: pool/main/l/lib%u/lib%u_1.%u-%u+deb12u1_amd64.deb\nSize: %u\n"
                      "MD5sum: 0123456789abcdef0123456789abcdef\n"
                      "SHA256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n\n",
                      i % 50, i % 9, i % 3000, i % 800, i % 999, i % 777, i % 50, i, i, i, i % 50, i % 9,
                      i * 7);
    }
}

static bool run(struct bytes raw, struct error *err)
{
    int64_t best_us = INT64_MAX;
    size_t count = 0, size = 0;

    for (int round = 0; round < ROUNDS; round++) {
        struct deb822 list =
            deb822_with(raw, (struct deb822_fields){names, sizeof(names) / sizeof(names[0])}, false);
        struct deb822_paragraph paragraph;
        bool found = true;
        int64_t before_us = time_cpu_us();
        for (count = 0, size = 0;; count++) {
            if (!deb822_next(&list, &paragraph, &found, err))
                return false;
            if (!found)
                break;
            size += paragraph.values[2].size;
        }
        int64_t took_us = time_cpu_us() - before_us;
        best_us = took_us < best_us ? took_us : best_us;
    }
    printf("deb822: %.1f MB, %zu paragraphs, %.0f MB per CPU second (%zu bytes of versions)\n",
           (double)raw.size / 1e6, count, (double)raw.size / (double)best_us, size);
    return true;
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_PACKAGES_FILE);
    OWN(writer_end) struct writer w = writer_with(LIMIT_PACKAGES_FILE);
    struct error err = {0};
    struct bytes raw;
    bool done = true;

    if (argc == 2) {
        done = file_read(argv[1], LIMIT_PACKAGES_FILE, &arena, &raw, &err);
    } else {
        write_list(&w);
        done = writer_done(&w, &raw, &err);
    }
    if (!done || !run(raw, &err)) {
        fprintf(stderr, "deb822_speed: %s\n", err.text);
        return 1;
    }
    return 0;
}
