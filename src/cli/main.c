#include "base/os.h"
#include "cli/cli.h"
#include "cli/command.h"

int main(int argc, char **argv)
{
    struct error err;

    if (!os_hold_standard_descriptors(&err)) {
        fprintf(stderr, "suture: %s\n", err.text);
        return COMMAND_FAILED;
    }
    return cli_run(argc, (const char *const *)argv, stdin, stdout, stderr);
}
