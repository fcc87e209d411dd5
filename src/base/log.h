/*
 * One line per event on standard error: time, level, module, what. Only roofs log; everything below reports.
 * What comes from outside is escaped. The level is the one process-wide variable of this program.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/error.h"

enum log_level { LOG_LEVEL_UNKNOWN, LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_LEVEL_COUNT };

void log_set_level(enum log_level level);
void log_line(enum log_level level, const char *module, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
