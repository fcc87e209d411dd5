/* sutured-front: started by sutured, with sutured's own options. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/own.h"
#include "server/front.h"
#include "server/options.h"

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct server_options options = {.config = NULL};
    struct server_settings settings;
    struct error err;

    if (isatty(STDIN_FILENO) == 1 || !options_parse(argc, (const char *const *)argv, &options, &err)) {
        fprintf(stderr, "sutured-front is started by sutured: it has no use by hand\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* whoever hangs up while a file is sent ends that alone */
    if (!options_settings(&options, &arena, &settings, &err) || !front_run(&settings, &arena, &err)) {
        log_line(LOG_ERROR, "front", "%s", err.text);
        return 1;
    }
    return 0;
}
