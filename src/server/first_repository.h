/*
 * The fleet's own TUF repository, made with nobody asked: one person's key, made here with a passphrase that lies beside it, until
 * people take their own keys to other machines. A step of first_start.h.
 */
#ifndef SERVER_FIRST_REPOSITORY_H
#define SERVER_FIRST_REPOSITORY_H

#include "server/first_start.h"

/* Nothing is published there yet: whatever an interrupted start left is cleared away first. */
bool first_repository_make(const struct server_paths *paths, int64_t now_us, struct error *err) MUST_USE;

#endif
