/*
 * A package file of a way back as a delta: what makes it from the package that the run installed in its place.
 *
 *     HEX.delta    HEX is the digest of what it makes: the old package, unpacked (manager/deb_plain.h)
 *     HEX.base     the new package, as it was fetched and proved: a second name of runs/ID/packages/HEX.deb
 *
 * The way back is the last hope, so nothing that can change is leant on:
 *
 *   - The base is the vendor's file, not what is installed. An owner edits conffiles and others, an update comes on top,
 *     a disk is repaired: what is on the machine is not certain to be there on the day when somebody wants to go back.
 *   - No library packs anything when it is undone, only code of our own: what liblzma or libzstd make of bytes may be another thing
 *     after the very update that is to be taken back. So what it makes is unpacked, and a package whose files would be
 *     packed by one of them (delta/opener.h: a kernel's image) stays whole.
 *   - What it comes to has a digest that stood in the manifest, and so under the seal, before the run.
 *   - A file goes only when the delta has been read back and has made that digest; until then both are there.
 *
 * Making one can be stopped at any line: what is half made ends in ".part" and is made anew; HEX.delta without HEX.base, or
 * one beside the file that it replaces, counts for nothing until the file is gone.
 */
#ifndef STORE_KEPT_DELTA_H
#define STORE_KEPT_DELTA_H

#include "store/rollback_store.h"

/*
 * base: path of the package that the run installed, in the same file system; plain: of the old one, unpacked. When it returns true
 * the package file itself is gone. ERROR_CONFLICT: it would not be smaller; then, and on every failure, the file stays.
 */
bool kept_delta_make(const char *folder, const struct kept_change *change, const char *base,
                     const char *plain, struct error *err) MUST_USE;

/* That it makes what it must; nothing is written but what decoding lays down and removes. ERROR_INPUT: it does not. */
bool kept_delta_prove(const char *folder, const struct kept_content *plain, struct error *err) MUST_USE;

/* Whether there is room for all of them as files, and for decoding: ERROR_LIMIT says how much is wanted. */
bool kept_delta_check_room(const char *folder, const struct rollback_store *store, struct error *err)
    MUST_USE;

/*
 * Every delta of the store becomes a package file beside it, before anything else is done to go back. The room for all of them is
 * looked for first (ERROR_LIMIT, with how much is wanted). Done twice it is as done once.
 */
bool kept_delta_unpack_all(const char *folder, const struct rollback_store *store, struct arena *arena,
                           struct error *err) MUST_USE;
/* Removes what that made: the deltas are still there. */
bool kept_delta_pack_all(const char *folder, const struct rollback_store *store, struct arena *arena,
                         struct error *err) MUST_USE;

/* What stopped attempts left behind. */
bool kept_delta_tidy(const char *folder, struct arena *arena, struct error *err) MUST_USE;

#endif
