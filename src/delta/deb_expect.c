#include "delta/deb_expect.h"

/* For ever: a structure says their places. */
static const struct {
    struct text path;
    uint32_t mode;
} control_files[] = {
    {TEXT("/."), 0755},        {TEXT("/conffiles"), 0644}, {TEXT("/config"), 0755},
    {TEXT("/control"), 0644},  {TEXT("/md5sums"), 0644},   {TEXT("/postinst"), 0755},
    {TEXT("/postrm"), 0755},   {TEXT("/preinst"), 0755},   {TEXT("/prerm"), 0755},
    {TEXT("/shlibs"), 0644},   {TEXT("/symbols"), 0644},   {TEXT("/templates"), 0644},
    {TEXT("/triggers"), 0644},
};
_Static_assert(sizeof(control_files) / sizeof(control_files[0]) == DEB_EXPECT_NAMES,
               "the header says how many");

static struct text as_text(struct bytes bytes)
{
    return (struct text){(const char *)bytes.at, bytes.size};
}

struct text deb_expect_name(size_t index)
{
    return control_files[index].path;
}

static bool begins_folder(struct bytes path, struct bytes next)
{
    return next.size > path.size && next.at[path.size] == '/' && memcmp(next.at, path.at, path.size) == 0;
}

enum deb_tar_kind deb_expect_kind(const struct deb_tar *tar, size_t index, size_t last_links)
{
    struct bytes path = tar->entries[index].path;

    if (index + last_links >= tar->count)
        return DEB_TAR_LINK;
    if (text_equal(as_text(path), TEXT("/.")) ||
        (index + 1 < tar->count && begins_folder(path, tar->entries[index + 1].path)))
        return DEB_TAR_FOLDER;
    return DEB_TAR_FILE;
}

static size_t folder_size(struct bytes path)
{
    size_t size = path.size;

    while (size > 0 && path.at[size - 1] != '/')
        size--;
    return size;
}

static uint32_t expected_mode_of_path(struct bytes path, bool control)
{
    static const struct text programs[] = {TEXT("/bin/"), TEXT("/sbin/"), TEXT("/games/"), TEXT("/libexec/")};
    struct text folder = {(const char *)path.at, folder_size(path)};

    for (size_t i = 0; control && i < DEB_EXPECT_NAMES; i++)
        if (text_equal(as_text(path), control_files[i].path))
            return control_files[i].mode;
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (text_ends(folder, programs[i]))
            return 0755;
    return 0644;
}

uint32_t deb_expect_mode(const struct deb_tar *tar, size_t index, uint32_t last, bool control)
{
    const struct deb_tar_entry *entry = &tar->entries[index];

    if (entry->kind == DEB_TAR_FOLDER)
        return 0755;
    if (entry->kind == DEB_TAR_LINK)
        return 0777;
    if (entry->kind == DEB_TAR_HARD && entry->hard != DEB_TAR_NONE)
        return tar->entries[entry->hard].mode;
    if (last != DEB_TAR_NONE && !control) {
        const struct deb_tar_entry *before = &tar->entries[last];
        size_t size = folder_size(entry->path);
        if (folder_size(before->path) == size && memcmp(before->path.at, entry->path.at, size) == 0)
            return before->mode;
    }
    return expected_mode_of_path(entry->path, control);
}
