/*
 * Process 1 of a made machine: buries children that lost their parent, as an init does, and nothing else.
 *
 * Linked statically and started from the machine's own /run, so that it maps no file of any package: whatever an update
 * replaces, this process never counts as one that runs old code.
 *
 *     init READY_FD       run by boot.sh as process 1, the root that was before lies at /run/before
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    if (count != 2 || getpid() != 1)
        return 2;
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    if (chdir("/") != 0 || umount2("/run/before", MNT_DETACH) != 0 || rmdir("/run/before") != 0)
        return 1;
    int ready = atoi(arguments[1]);
    if (write(ready, "1", 1) != 1)
        return 1;
    close(ready);
    for (;;) {
        siginfo_t info;
        sigwaitinfo(&children, &info);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
}
