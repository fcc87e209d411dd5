#include "model/lane.h"

static const char *const names[LANE_COUNT] = {
    [LANE_UNKNOWN] = "unknown",     [LANE_FUNCTIONAL] = "functional", [LANE_SECURITY] = "security",
    [LANE_EXPLOITED] = "exploited", [LANE_CRISIS] = "crisis",
};

const char *lane_name(enum lane lane)
{
    return names[lane < LANE_COUNT ? lane : LANE_UNKNOWN];
}

enum lane lane_find(struct text name)
{
    for (enum lane lane = LANE_FUNCTIONAL; lane < LANE_COUNT; lane++)
        if (text_equal(name, text_of(names[lane])))
            return lane;
    return LANE_UNKNOWN;
}
