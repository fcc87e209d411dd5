/*
 * Runs a fuzz target over stored files without libFuzzer: every file below the folders given, and every prefix of
 * the small ones. So the corpus is an ordinary test on every compiler.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PREFIXES_UP_TO 4096
#define FILE_SIZE_MAX  (64 * 1024 * 1024)

static unsigned files_run;

static void run_bytes(const uint8_t *data, size_t size)
{
    /* A copy of the exact size, so that a read past the end is seen by the sanitizers and valgrind. */
    uint8_t *copy = malloc(size ? size : 1);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || size > FILE_SIZE_MAX) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    uint8_t *data = malloc(size ? size : 1);
    if (data == NULL || fread(data, 1, size, file) != size)
        exit(1);
    fclose(file);
    run_bytes(data, size);
    for (size_t prefix = 0; size <= PREFIXES_UP_TO && prefix < size; prefix++)
        run_bytes(data, prefix);
    free(data);
    files_run++;
}

static void run_path(const char *path)
{
    struct stat found;
    if (stat(path, &found) != 0) {
        fprintf(stderr, "%s: is not there\n", path);
        exit(1);
    }
    if (S_ISREG(found.st_mode)) {
        run_file(path, (size_t)found.st_size);
        return;
    }
    DIR *folder = opendir(path);
    if (folder == NULL)
        exit(1);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char below[4096];
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) < (int)sizeof(below))
            run_path(below);
    }
    closedir(folder);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    printf("%u files\n", files_run);
    return files_run == 0;
}
