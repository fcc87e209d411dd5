/*
 * The door of flow/publish.h to the codec: a proved delta of two package files, and supplements of the old one's
 * documentation and conffiles.
 */
#ifndef FLOW_PUBLISH_CODEC_H
#define FLOW_PUBLISH_CODEC_H

#include "flow/publish.h"

struct publish_door publish_codec_door(void);

#endif
