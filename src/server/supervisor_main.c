#include "base/os.h"
#include "server/tool.h"

int main(int argc, char **argv)
{
    struct error err;

    if (!os_hold_standard_descriptors(&err)) {
        fprintf(stderr, "sutured: %s\n", err.text);
        return 1;
    }
    return tools_run(argc, (const char *const *)argv, stdout, stderr);
}
