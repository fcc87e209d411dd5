/*
 * Admission: what is let in when there is more than can be done, before a request is read or the database asked.
 *
 * Each class may fill the house up to its own ceiling: results to the roof, check-ins and inventories to less, so that
 * what has happened on machines always finds room when the rest has taken its own. Who is refused gets a slot of its own
 * to come back in: slots are given one after the other, so many a second as can be worked off, so that a herd comes back
 * as a queue. One for all listeners; any thread may call.
 */
#ifndef SERVER_ADMISSION_H
#define SERVER_ADMISSION_H

#include <pthread.h>

#include "base/time.h"
#include "server/route.h"

struct admission {
    pthread_mutex_t lock;
    uint32_t under_way[ADMIT_COUNT];
    uint32_t agents;   /* under way, of all classes of the agents' listener */
    uint32_t capacity; /* of agents' requests under way */
    uint32_t slots_a_second;
    int64_t next_slot_us;
    uint64_t refused;
};

struct admission admission_with(uint32_t capacity, uint32_t slots_a_second);

/* False: not now; *retry_s, at least 1, is when the slot is that was given. */
bool admission_enter(struct admission *admission, enum route_admission class, int64_t now_us,
                     uint32_t *retry_s) MUST_USE;
/* What was let in is done. */
void admission_leave(struct admission *admission, enum route_admission class);
uint32_t admission_under_way(struct admission *admission);

#endif
