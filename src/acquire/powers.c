#include "acquire/powers.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"
#include "format/diff.h"
#include "manager/deb_file.h"

#define INFO "/var/lib/dpkg/info"
#define SETS (S_ISUID | S_ISGID)

/* All that the comparison of one package works with. What the answer keeps is in the caller's arena. */
struct work {
    const struct powers_subject *subject;
    struct arena *arena;
    struct arena *own; /* of this package alone */
    struct powers *into;
    struct deb_file deb;
    struct text number,
        number_before; /* that a new package and the one that it follows differ in: "6.1.0-41", "6.1.0-40" */
    struct map installed; /* paths of the installed version's list, without "/usr" before /lib */
    uint64_t modules;
    bool had_modules;   /* the installed version brings code for the kernel already */
    struct text module; /* the first new one */
};

static struct text place_of(struct text path)
{
    return text_starts(path, TEXT("/usr/lib/")) || text_starts(path, TEXT("/usr/bin/")) ||
                   text_starts(path, TEXT("/usr/sbin/"))
               ? text_part(path, 4, SIZE_MAX)
               : path;
}

/* ---- what a new package follows ---- */

static bool is_of_number(char byte)
{
    return (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' || byte == '+' || byte == '~';
}

/* The part that two names differ in, with the digits and marks around it; absent when they are the same. */
static void find_number(struct text name, struct text before, struct text *number, struct text *number_before)
{
    size_t start = 0, end = 0, least = name.size < before.size ? name.size : before.size;

    while (start < least && name.at[start] == before.at[start])
        start++;
    while (end < least - start && name.at[name.size - 1 - end] == before.at[before.size - 1 - end])
        end++;
    while (start > 0 && is_of_number(name.at[start - 1]))
        start--;
    while (start < least && name.at[start] == '-') /* between the word before and the number */
        start++;
    while (end > 0 && name.at[name.size - end] >= '0' && name.at[name.size - end] <= '9')
        end--;
    *number = text_part(name, start, name.size - end - start);
    *number_before = text_part(before, start, before.size - end - start);
    /* A bare digit is everywhere in a script: put in place of another it would hide what changed. */
    if (text_find_byte(*number, '.') == SIZE_MAX || text_find_byte(*number_before, '.') == SIZE_MAX)
        *number = *number_before = (struct text){0};
}

/* The path as the package that it follows has it; itself when memory is out, which is then a new path. */
static struct text path_before(const struct work *work, struct text path)
{
    struct text made = TEXT(""), rest = path;

    if (work->number.size == 0)
        return path;
    for (size_t at; (at = text_find(rest, work->number)) != SIZE_MAX;
         rest = text_part(rest, at + work->number.size, SIZE_MAX))
        made = text_format(work->own, "%.*s%.*s%.*s", TEXT_ARG(made), TEXT_ARG(text_part(rest, 0, at)),
                           TEXT_ARG(work->number_before));
    made = text_format(work->own, "%.*s%.*s", TEXT_ARG(made), TEXT_ARG(rest));
    return made.at == NULL ? path : made;
}

/* ---- what is there ---- */

/* "info/NAME.ENDING", or "info/NAME:ARCH.ENDING" of packages that may be there for several. *out is NULL: there is none. */
static bool read_info(const struct work *work, const char *ending, size_t limit, struct bytes *out,
                      bool *found, struct error *err)
{
    const struct powers_subject *s = work->subject;
    struct text before = s->follows.size > 0 ? s->follows : s->name;
    bool there = s->from.size > 0 || s->follows.size > 0;
    const struct text names[] = {
        text_format(work->own, INFO "/%.*s.%s", TEXT_ARG(before), ending),
        text_format(work->own, INFO "/%.*s:%.*s.%s", TEXT_ARG(before), TEXT_ARG(s->arch), ending),
    };

    *found = false;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !*found && there; i++) {
        const char *path = names[i].at == NULL ? NULL : file_below(work->own, s->root, names[i].at);
        if (path == NULL)
            return arena_full(work->own, err);
        *found = file_read(path, limit, work->own, out, err);
        if (!*found && err->kind != ERROR_ABSENT)
            return false;
    }
    *err = (struct error){0}; /* that it is not there is no failure */
    return true;
}

static bool is_module(struct text path)
{
    return powers_kind_of(path) == POWER_KERNEL_MODULE && text_find(path, TEXT("/lib/modules/")) != SIZE_MAX;
}

static bool read_list(struct work *work, struct error *err)
{
    struct bytes raw;
    struct text rest, line;
    bool found;

    work->installed = map_with(work->own);
    if (!read_info(work, "list", LIMIT_DPKG_LIST, &raw, &found, err))
        return false;
    for (rest = found ? (struct text){(const char *)raw.at, raw.size} : (struct text){0};
         text_cut(&rest, '\n', &line);) {
        if (!map_put(&work->installed, place_of(line), 1, err))
            return false;
        work->had_modules = work->had_modules || is_module(line);
    }
    return true;
}

static bool was_there(const struct work *work, struct text path)
{
    return map_get(&work->installed, place_of(path_before(work, path))) != MAP_NONE;
}

/* ---- adding ---- */

static struct power *add(struct work *work, enum power_kind kind, struct text path, bool is_new)
{
    struct powers *into = work->into;

    if (into->count == LIMIT_POWERS)
        return NULL;
    into->at =
        arena_grow(work->arena, into->at, into->count, &into->capacity, into->count + 1, sizeof(*into->at));
    if (into->at == NULL)
        return NULL;
    struct power *new = &into->at[into->count];
    *new = (struct power){
        .kind = kind,
        .is_new = is_new,
        .count = 1,
        .package = text_copy(work->arena, work->subject->name),
        .arch = text_copy(work->arena, work->subject->arch),
        .path = text_copy(work->arena, path),
        .what = TEXT(""),
    };
    if (new->package.at == NULL || new->arch.at == NULL || new->path.at == NULL)
        return NULL;
    into->count++;
    return new;
}

static bool full(const struct work *work, struct error *err)
{
    return work->into->count == LIMIT_POWERS
               ? error_set(err, ERROR_LIMIT, "more than %d new powers", LIMIT_POWERS)
               : arena_full(work->arena, err);
}

static bool is_binary(struct bytes content)
{
    return content.size > 0 && memchr(content.at, 0, content.size) != NULL;
}

/* What differs, in the arena of the answer. A file that is no text is not shown. */
static bool show_change(struct work *work, struct power *power, struct bytes before, struct bytes after,
                        struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_POWERS_SHOWN);

    if (is_binary(before) || is_binary(after)) {
        power->what = TEXT("is no text");
        return true;
    }
    if (!diff_write(before, after, &w, err))
        return false;
    struct text shown = {(const char *)w.at, w.size};
    if (!writer_ok(&w)) { /* cut at a whole line */
        while (shown.size > 0 && shown.at[shown.size - 1] != '\n')
            shown.size--;
    }
    power->change = text_format(work->arena, "%.*s%s", TEXT_ARG(shown), writer_ok(&w) ? "" : "(and more)\n");
    return power->change.at != NULL || arena_full(work->arena, err);
}

/* ---- scripts ---- */

/* The line that debhelper's tools put around what they add: "# Automatically added by dh_installsystemd/13.11.4". */
static bool is_mark(struct text line)
{
    line = text_trim(line);
    return text_starts(line, TEXT("# Automatically added by ")) ||
           text_equal(line, TEXT("# End automatically added section"));
}

/* The first of two texts, of which either may be absent. */
static size_t find_either(struct text line, struct text one, struct text other, struct text *found)
{
    size_t first = one.size == 0 ? SIZE_MAX : text_find(line, one);
    size_t second = other.size == 0 ? SIZE_MAX : text_find(line, other);

    *found = first <= second ? one : other;
    return first <= second ? first : second;
}

/* Without marks, and with "@" for the package's own version, and for its number. */
static bool reduce(struct bytes script, struct text version, struct text number, struct writer *out)
{
    struct text rest = {(const char *)script.at, script.size}, line, found;

    while (text_cut(&rest, '\n', &line)) {
        if (is_mark(line))
            continue;
        for (size_t at; (at = find_either(line, version, number, &found)) != SIZE_MAX;
             line = text_part(line, at + found.size, SIZE_MAX)) {
            writer_text(out, text_part(line, 0, at));
            writer_byte(out, '@');
        }
        writer_text(out, line);
        writer_byte(out, '\n');
    }
    return writer_ok(out);
}

/* Of what a new package follows only the number is known. */
static bool is_small(const struct work *work, struct bytes before, struct bytes after)
{
    OWN(writer_end) struct writer a = writer_with(LIMIT_DEB_CONTROL);
    OWN(writer_end) struct writer b = writer_with(LIMIT_DEB_CONTROL);
    struct text from = work->subject->from, to = from.size > 0 ? work->subject->to : from;

    return reduce(before, from, work->number_before, &a) && reduce(after, to, work->number, &b) &&
           a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static bool compare_scripts(struct work *work, struct error *err)
{
    static const char *const scripts[] = {"preinst", "postinst", "prerm", "postrm", "config"};
    struct bytes before = {0};
    bool found;

    for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
        const struct deb_part *part = deb_file_part(&work->deb, text_of(scripts[i]));
        if (part == NULL)
            continue;
        if (!read_info(work, scripts[i], LIMIT_DEB_CONTROL, &before, &found, err))
            return false;
        if (found && before.size == part->content.size &&
            memcmp(before.at, part->content.at, before.size) == 0)
            continue;
        struct power *power = add(work, POWER_SCRIPT, text_of(scripts[i]), !found);
        if (power == NULL)
            return full(work, err);
        power->small = found && is_small(work, before, part->content);
        if (!show_change(work, power, found ? before : (struct bytes){0}, part->content, err))
            return false;
    }
    return true;
}

/* ---- files ---- */

static bool look(const struct work *work, struct text path, struct stat *out, const char **on_disk)
{
    char *plain = text_string(work->own, path_before(work, path));

    *on_disk = plain == NULL ? NULL : file_below(work->own, work->subject->root, plain);
    return *on_disk != NULL && lstat(*on_disk, out) == 0;
}

static bool add_setuid(struct work *work, const struct deb_entry *entry, struct error *err)
{
    struct stat there;
    const char *on_disk;
    bool exists = look(work, entry->path, &there, &on_disk) && S_ISREG(there.st_mode);

    if (exists && (there.st_mode & 07777 & SETS) == (entry->mode & SETS) && there.st_uid == (entry->uid) &&
        there.st_gid == entry->gid)
        return true;
    /* A group is known by its name: its number is of the machine that built the package. */
    if (exists && was_there(work, entry->path) && (there.st_mode & SETS) == (entry->mode & SETS) &&
        entry->uid == there.st_uid)
        return true;
    bool is_new = !exists || (there.st_mode & SETS) == 0;
    struct power *power = add(work, POWER_SETUID, entry->path, is_new);
    if (power == NULL)
        return full(work, err);
    power->what = text_format(work->arena, "mode %04o, %.*s:%.*s", entry->mode & 07777,
                              TEXT_ARG(entry->owner), TEXT_ARG(entry->group));
    return power->what.at != NULL || arena_full(work->arena, err);
}

/* The content of the entry that stands next in the data; NULL content: too long to be shown. */
static bool read_entry(struct deb_data *data, const struct deb_entry *entry, struct arena *arena,
                       struct bytes *out, struct error *err)
{
    uint8_t *at = entry->size > LIMIT_POWERS_FILE ? NULL : arena_take(arena, (size_t)entry->size + 1);
    size_t have = 0, got = 1;

    *out = (struct bytes){0};
    if (at == NULL)
        return entry->size > LIMIT_POWERS_FILE || arena_full(arena, err);
    while (got > 0 && have < entry->size) {
        if (!deb_data_read(data, at + have, (size_t)entry->size - have, &got, err))
            return false;
        have += got;
    }
    *out = (struct bytes){at, have};
    return true;
}

/* A link counts by where it leads. */
static bool content_of(struct deb_data *data, const struct deb_entry *entry, struct arena *arena,
                       struct bytes *out, struct error *err)
{
    if (entry->kind == ARCHIVE_FILE)
        return read_entry(data, entry, arena, out, err);
    *out = bytes_of_text(entry->target);
    return true;
}

/* What is there under that path, if everyone may read it. */
static bool read_there(const struct work *work, struct text path, struct bytes *out, bool *secret)
{
    struct stat there;
    const char *on_disk;
    struct text target;
    struct error ignored;

    *secret = false;
    if (!look(work, path, &there, &on_disk))
        return false;
    if (S_ISLNK(there.st_mode)) {
        if (!file_link(on_disk, work->own, &target, &ignored))
            return false;
        *out = bytes_of_text(target);
        return true;
    }
    if (!S_ISREG(there.st_mode))
        return false;
    *secret = (there.st_mode & S_IROTH) == 0;
    return *secret || file_read(on_disk, LIMIT_POWERS_FILE, work->own, out, &ignored);
}

static bool add_file(struct work *work, enum power_kind kind, struct deb_data *data,
                     const struct deb_entry *entry, struct error *err)
{
    struct bytes before = {0}, after;
    bool secret = false, listed = was_there(work, entry->path);
    bool there = listed && read_there(work, entry->path, &before, &secret);

    if (kind == POWER_OUTSIDE && listed)
        return true;
    if (!content_of(data, entry, work->own, &after, err))
        return false;
    if (there && !secret && before.size == after.size &&
        (before.size == 0 || memcmp(before.at, after.at, before.size) == 0))
        return true;
    /* Another build of a program is no other power; who is believed is, however it is written. */
    if (there && !secret && is_binary(before) && is_binary(after) && kind != POWER_APT_KEY &&
        kind != POWER_CA)
        return true;
    struct power *power = add(work, kind, entry->path, !there);
    if (power == NULL)
        return full(work, err);
    power->small =
        kind == POWER_UNIT && entry->kind == ARCHIVE_FILE && text_ends(entry->path, TEXT(".slice"));
    if (secret || (entry->mode & S_IROTH) == 0) {
        power->what = TEXT("not for everyone to read: not shown");
        return true;
    }
    if (entry->kind == ARCHIVE_FILE && entry->size > LIMIT_POWERS_FILE) {
        power->what = TEXT("too long to be shown");
        return true;
    }
    if (kind == POWER_CA || kind == POWER_APT_KEY || kind == POWER_OUTSIDE)
        return true; /* a key says nothing to people */
    return show_change(work, power, there ? before : (struct bytes){0}, after, err);
}

static bool judge_entry(struct work *work, struct deb_data *data, const struct deb_entry *entry,
                        struct error *err)
{
    enum power_kind kind = powers_kind_of(entry->path);

    if (entry->kind == ARCHIVE_FOLDER)
        return true;
    if (entry->kind == ARCHIVE_FILE && (entry->mode & SETS) != 0 && !add_setuid(work, entry, err))
        return false;
    if (kind == POWER_UNKNOWN)
        return true;
    if (is_module(entry->path)) {
        if (!was_there(work, entry->path) && work->modules++ == 0)
            work->module = text_copy(work->arena, entry->path);
        return true;
    }
    return add_file(work, kind, data, entry, err);
}

static bool compare_files(struct work *work, struct error *err)
{
    OWN(deb_data_end) struct deb_data data = {0};
    struct deb_entry entry;
    bool found = true;

    if (!deb_data_open(work->subject->packed, &data, err))
        return false;
    while (found) {
        if (!deb_data_next(&data, work->own, &entry, &found, err) ||
            (found && !judge_entry(work, &data, &entry, err)))
            return false;
    }
    if (work->modules == 0)
        return true;
    struct power *power = add(work, POWER_KERNEL_MODULE, work->module, true);
    if (power == NULL)
        return full(work, err);
    power->count = work->modules;
    power->small = work->had_modules;
    if (power->small)
        power->what = TEXT("beside others that it brings already");
    return true;
}

bool powers_read(const struct powers_subject *subject, struct arena *arena, struct powers *into,
                 struct error *err)
{
    OWN(arena_end) struct arena own = arena_with(LIMIT_POWERS_MEMORY);
    struct work work = {.subject = subject, .arena = arena, .own = &own, .into = into};

    if (subject->from.size == 0 && subject->follows.size > 0)
        find_number(subject->name, subject->follows, &work.number, &work.number_before);
    /* Its data is read once, and each entry for itself: what holds a package together is dpkg's to refuse. */
    if (!deb_file_read_control(subject->packed, &own, &work.deb, err))
        return false;
    if (!text_equal(work.deb.package, subject->name))
        return error_set(err, ERROR_INPUT, "is the package %.*s", TEXT_ARG(work.deb.package));
    return read_list(&work, err) && compare_scripts(&work, err) && compare_files(&work, err);
}

static int by_package(const void *a, const void *b)
{
    const struct power *x = a, *y = b;
    int order = text_compare(x->package, y->package);

    if (order == 0)
        order = text_compare(x->arch, y->arch);
    if (order == 0)
        order = (int)x->kind - (int)y->kind;
    return order != 0 ? order : text_compare(x->path, y->path);
}

void powers_sort(struct powers *powers)
{
    if (powers->count > 1)
        qsort(powers->at, powers->count, sizeof(*powers->at), by_package);
}

static void write_text(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

bool powers_digest(const struct powers *powers, struct text package, struct text arch, struct digest *out,
                   struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_PROVE_MESSAGE);
    struct bytes bytes;

    for (size_t i = 0; i < powers->count; i++) {
        const struct power *power = &powers->at[i];
        if (!text_equal(power->package, package) || !text_equal(power->arch, arch))
            continue;
        write_text(&w, text_of(power_kind_name(power->kind)));
        writer_byte(&w, (uint8_t)(power->is_new | power->small << 1));
        writer_varint(&w, power->count);
        write_text(&w, power->path);
        write_text(&w, power->what);
        write_text(&w, power->change);
    }
    return writer_done(&w, &bytes, err) && digest_bytes(DIGEST_SHA256, bytes, out, err);
}
