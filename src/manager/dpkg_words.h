/*
 * The grammar of what is handed to dpkg and apt: no word that passes can be taken for an option, a path or a pattern.
 *
 * deb-control(5) and dpkg's own checks, made a little narrower: a first letter or digit, then letters, digits and the
 * few signs that each may have. What does not fit is refused by everyone who puts such words into a command.
 */
#ifndef MANAGER_DPKG_WORDS_H
#define MANAGER_DPKG_WORDS_H

#include "base/bytes.h"

bool dpkg_word_is_name(struct text word);    /* "libstdc++6", "gcc-12.2_x" */
bool dpkg_word_is_arch(struct text word);    /* "amd64", "all" */
bool dpkg_word_is_version(struct text word); /* "1:2.36-9+deb12u4~x" */
/* "20261121T030502Z-9f3a61c2": the name of a run (model/run.h), and so of its folder. */
bool dpkg_word_is_run(struct text word);
/* A unit of the service manager: "ssh.service", "getty@tty1.service". */
bool dpkg_word_is_unit(struct text word);

#endif
