#include "base/os.h"
#include "server/server.h"

static int64_t real_now_us(void *self)
{
    (void)self;
    return time_now_us();
}

static void real_random(void *self, void *out, size_t size)
{
    (void)self;
    os_random(out, size);
}

const struct server_world server_world_real = {real_now_us, real_random, NULL};
