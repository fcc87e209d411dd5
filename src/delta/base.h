/*
 * The base of a delta: the old files, wherever they are.
 *
 * A base is a list of parts in an order that everybody finds alike: of a package, the files of its control part that dpkg keeps, its
 * list of paths, then the files of its md5sums, then its conffiles; of a folder, its list (delta/tree.h) and
 * its files in byte order of their paths; of a file, itself. A delta holds the base's identity (the SHA-256 of the text below) and names parts by their
 * index, so that it names each file it needs with its hash without carrying them.
 *
 *     MD5 CLASS NAME\n      for each part; MD5 in hexadecimal, CLASS a letter (base_class), NAME as it is
 *
 * MD5 because that is what dpkg keeps of what it installed. Nothing is trusted by it: whoever can change installed
 * files is root already, and what is made from a base is believed for its own SHA-256 alone.
 *
 * Who opens a base fills this struct: delta/base_file.c, delta/base_deb.c, manager/installed_base.c.
 */
#ifndef DELTA_BASE_H
#define DELTA_BASE_H

#include "base/digest.h"
#include "base/writer.h"

enum base_class {
    BASE_UNKNOWN,
    BASE_CONTROL, /* 'c': a file of the control part, as dpkg keeps it in info/, and "control" itself in base_control_text's form */
    BASE_LIST, /* 'l': the paths of the package, a line each, in the order of its archive ("/." first), as dpkg keeps it; of a folder, its tree's text */
    BASE_FILE, /* 'f' */
    BASE_CONFFILE, /* 'e': its owner may have edited it */
    BASE_DOC, /* 'd': below /usr/share/{doc,man,info,locale,help,gnome/help,omf,lintian,linda,groff}: may be excluded on purpose */
    BASE_CLASS_COUNT
};
extern const char base_class_letters[BASE_CLASS_COUNT];

enum base_kind { BASE_KIND_UNKNOWN, BASE_KIND_FILE, BASE_KIND_FOLDER, BASE_KIND_PACKAGE, BASE_KIND_COUNT };

struct base_part {
    struct text name; /* "/usr/bin/curl", without "."; "postinst" of a control file */
    enum base_class class;
    struct digest md5; /* DIGEST_MD5: what it must be */
};

struct base {
    enum base_kind kind;
    struct text package, version, arch; /* of a package, else empty */
    const struct base_part *parts;
    size_t part_count;
    /*
     * The part's bytes, checked against its MD5, appended to *out (which has the caller's limit). ERROR_ABSENT: not there (excluded, removed);
     * ERROR_CONFLICT: there, but other bytes (edited); the text names the file.
     */
    bool (*read)(void *self, size_t index, struct writer *out, struct error *err);
    /*
     * The same without the comparison, for a decoder: MD5 takes a third of its time, and what is made of other bytes has another
     * SHA-256. It reads again, checked, when something was wrong, so that the file is named all the same. NULL: there is only `read`.
     */
    bool (*read_unchecked)(void *self, size_t index, struct writer *out, struct error *err);
    /* Its size, where that is known without reading it; NULL: it must be read for that. A wrong answer makes decoding fail, nothing else. */
    bool (*size)(void *self, size_t index, uint64_t *out, struct error *err);
    void *self;
    struct arena *arena; /* all of the above lives here */
};

/* SHA-256 of the text above. */
bool base_identity(const struct base *base, struct digest *out, struct error *err) MUST_USE;
/* The class of a path that is no conffile. */
enum base_class base_class_of(struct text path);
/* The part of that class and name, or SIZE_MAX. A map for many look-ups is the caller's. */
size_t base_find(const struct base *base, enum base_class class, struct text name);

/*
 * What control says, in a form that a .deb's control file and dpkg's status paragraph give alike: the fields but Status,
 * Conffiles, Config-Version and Triggers-*, names in lower case, sorted, "name: value\n", values as they are.
 */
bool base_control_text(struct bytes paragraph, struct writer *out, struct error *err) MUST_USE;

#endif
