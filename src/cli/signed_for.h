/*
 * The repositories that this person has signed for from here: a file of floors (store/floors.h), "signed-for" in the state folder, with
 * the first root of each and when the newest document that was signed for it had been made.
 *
 * Whatever a page of suture sign says is judged by what is in force in the folder, and somebody who owns that folder could
 * lay down a repository of his own. Its first root is another one, and this is where that shows.
 */
#ifndef CLI_SIGNED_FOR_H
#define CLI_SIGNED_FOR_H

#include "trust/signing.h"

/* *known: something was signed for it before, or nothing is published yet and nobody can know. */
bool signed_for_known(const struct signing *signing, struct arena *arena, bool *known, struct error *err)
    MUST_USE;
bool signed_for_remember(const struct signing *signing, struct arena *arena, struct error *err) MUST_USE;

#endif
