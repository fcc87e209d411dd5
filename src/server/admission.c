#include "server/admission.h"

#define FIRST_SLOT_US (5 * TIME_SECOND_US) /* nobody comes back before what is under way had time to end */
#define LAST_SLOT_US  TIME_HOUR_US /* a machine that is refused in vain for so long is better late than lost */

/* Up to which part of the house each class of agents' requests may fill it, and how many of others at most. */
static const struct {
    uint32_t percent; /* of the capacity, all agents' requests counted; 0: counted for itself */
    uint32_t most;    /* of this class; 0: any */
} ceilings[ADMIT_COUNT] = {
    [ADMIT_RESULTS] = {100, 0},  [ADMIT_CHECKIN] = {85, 0},
    [ADMIT_INVENTORY] = {50, 0}, [ADMIT_ENROL] = {25, 32}, /* a signature of the keeper each */
    [ADMIT_PEOPLE] = {0, 256},   [ADMIT_STATIC] = {0, 8192},
};

struct admission admission_with(uint32_t capacity, uint32_t slots_a_second)
{
    return (struct admission){
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .capacity = capacity,
        .slots_a_second = slots_a_second == 0 ? 1 : slots_a_second,
    };
}

static bool has_room(const struct admission *admission, enum route_admission class)
{
    uint64_t percent = ceilings[class].percent, most = ceilings[class].most;

    if (class == ADMIT_UNKNOWN || (most > 0 && admission->under_way[class] >= most))
        return false;
    return percent == 0 || admission->agents * UINT64_C(100) < admission->capacity * percent;
}

/* The next free one, and not one long ago or far away. */
static uint32_t give_slot(struct admission *admission, int64_t now_us)
{
    int64_t first_us = now_us + FIRST_SLOT_US, last_us = now_us + LAST_SLOT_US;

    if (admission->next_slot_us < first_us || admission->next_slot_us > last_us)
        admission->next_slot_us = first_us;
    int64_t slot_us = admission->next_slot_us;
    admission->next_slot_us += TIME_SECOND_US / admission->slots_a_second;
    return (uint32_t)((slot_us - now_us + TIME_SECOND_US - 1) / TIME_SECOND_US);
}

bool admission_enter(struct admission *admission, enum route_admission class, int64_t now_us,
                     uint32_t *retry_s)
{
    (void)pthread_mutex_lock(&admission->lock);
    bool room = has_room(admission, class);
    if (room) {
        admission->under_way[class]++;
        admission->agents += ceilings[class].percent > 0;
    } else {
        admission->refused++;
        *retry_s = give_slot(admission, now_us);
    }
    (void)pthread_mutex_unlock(&admission->lock);
    return room;
}

void admission_leave(struct admission *admission, enum route_admission class)
{
    (void)pthread_mutex_lock(&admission->lock);
    admission->under_way[class]--;
    admission->agents -= ceilings[class].percent > 0;
    (void)pthread_mutex_unlock(&admission->lock);
}

uint32_t admission_under_way(struct admission *admission)
{
    uint32_t sum = 0;

    (void)pthread_mutex_lock(&admission->lock);
    for (int i = 0; i < ADMIT_COUNT; i++)
        sum += admission->under_way[i];
    (void)pthread_mutex_unlock(&admission->lock);
    return sum;
}
