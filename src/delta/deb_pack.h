/*
 * The ways in which members of packages are packed, and packing them again to the bit.
 *
 * dpkg-deb packs with the libraries that we link too: since 2016 xz by liblzma's multi-threaded encoder, whose bytes depend on
 * preset, checksum and block size alone and not on the threads; zstd (Ubuntu) by libzstd with workers; gzip by zlib.
 * Others pack with one thread. What another library has made is found out by packing again, and is then no packing that we know.
 */
#ifndef DELTA_DEB_PACK_H
#define DELTA_DEB_PACK_H

#include "base/reader.h"
#include "base/writer.h"
#include "delta/opener.h"

/* For ever: a structure says them. */
enum deb_pack_kind { DEB_PACK_NONE, DEB_PACK_XZ, DEB_PACK_ZSTD, DEB_PACK_GZIP, DEB_PACK_KIND_COUNT };

struct deb_packing {
    enum deb_pack_kind kind;
    uint8_t level;
    bool threaded; /* xz: sizes in the heads of its blocks; zstd: by workers, one is enough */
    bool extreme;  /* xz -e */
    bool sized;    /* zstd: the size stands in the frame's head */
    uint8_t check; /* xz: the number of its checksum; zstd: 1 where there is one; gzip: its memory level */
    uint32_t
        block_size; /* xz with threads: 0 is liblzma's own choice, three dictionaries; gzip: the time in its head */
};

/* A byte for a usual packing, more for others. */
void deb_packing_write(const struct deb_packing *packing, struct writer *out);
/* Fails the reader where it is none. */
struct deb_packing deb_packing_read(struct reader *r);
/* ".xz"; what is not packed has none. */
struct text deb_packing_suffix(const struct deb_packing *packing);

struct deb_budget {
    unsigned threads; /* that pack at once; at least 1 */
    size_t
        memory_max; /* of packing; fewer threads where it does not suffice. One thread of xz preset 6 takes 165 MiB */
};

/* Packs what is put into it, into the sink. size: of all that will be put. OWN(deb_packer_end). */
struct deb_packer;
bool deb_packer_open(const struct deb_packing *packing, uint64_t size, struct deb_budget budget,
                     struct opener_sink sink, struct deb_packer **out, struct error *err) MUST_USE;
bool deb_packer_put(struct deb_packer *packer, struct bytes bytes, struct error *err) MUST_USE;
/* The end of the packed bytes. */
bool deb_packer_close(struct deb_packer *packer, struct error *err) MUST_USE;
void deb_packer_end(struct deb_packer **packer);

/* How a packing is proven. */
struct deb_proof {
    struct deb_budget budget;
    bool quick; /* by its first megabytes where these can tell: for who packs the whole again later on */
};

/*
 * How `packed` was made from `raw`, proven by packing it again. *found is false where no packing gives it. ERROR_LIMIT and
 * ERROR_SYSTEM: it could not be tried.
 */
bool deb_packing_find(struct bytes packed, struct bytes raw, const struct deb_proof *proof,
                      struct deb_packing *out, bool *found, struct error *err) MUST_USE;

#endif
