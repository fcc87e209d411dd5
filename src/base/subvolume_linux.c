#include "base/subvolume.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/own.h"

#define TOP_INODE 256 /* of every subvolume: BTRFS_FIRST_FREE_OBJECTID */

static bool open_folder(const char *path, int *out, struct error *err)
{
    *out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *out >= 0 || error_system(err, "%s", path);
}

static bool is_btrfs(int fd, bool *out)
{
    struct statfs found;

    if (fstatfs(fd, &found) != 0)
        return false;
    *out = (unsigned long)found.f_type == BTRFS_SUPER_MAGIC;
    return true;
}

static bool open_subvolume(const char *path, int *out, struct error *err)
{
    struct stat found;
    bool btrfs;

    if (!open_folder(path, out, err))
        return false;
    if (!is_btrfs(*out, &btrfs) || fstat(*out, &found) != 0)
        return error_system(err, "%s", path);
    return (btrfs && found.st_ino == TOP_INODE) ||
           error_set(err, ERROR_ABSENT, "%s is no btrfs subvolume", path);
}

bool subvolume_snapshot(const char *path, const char *folder, const char *name, struct error *err)
{
    OWN(own_fd) int from = -1;
    OWN(own_fd) int into = -1;
    struct btrfs_ioctl_vol_args_v2 wanted = {.flags = BTRFS_SUBVOL_RDONLY};
    size_t size = strlen(name);
    bool btrfs;

    assert(size > 0 && size < sizeof(wanted.name) && strchr(name, '/') == NULL);
    if (!open_subvolume(path, &from, err) || !open_folder(folder, &into, err))
        return false;
    if (!is_btrfs(into, &btrfs))
        return error_system(err, "%s", folder);
    wanted.fd = from;
    memcpy(wanted.name, name, size);
    if (btrfs && ioctl(into, BTRFS_IOC_SNAP_CREATE_V2, &wanted) == 0)
        return true;
    if (!btrfs || errno == EXDEV)
        return error_set(err, ERROR_CONFLICT, "%s is on another file system than %s", folder, path);
    if (errno == EEXIST)
        return error_set(err, ERROR_CONFLICT, "%s/%s is there already", folder, name);
    return error_system(err, "snapshot of %s", path);
}

bool subvolume_remove(const char *folder, const char *name, struct error *err)
{
    OWN(own_fd) int in = -1;
    struct btrfs_ioctl_vol_args wanted = {0};
    struct stat found;
    size_t size = strlen(name);

    assert(size > 0 && size < sizeof(wanted.name) && strchr(name, '/') == NULL);
    if (!open_folder(folder, &in, err))
        return err->kind == ERROR_ABSENT;
    if (fstatat(in, name, &found, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || error_system(err, "%s/%s", folder, name);
    memcpy(wanted.name, name, size);
    return ioctl(in, BTRFS_IOC_SNAP_DESTROY, &wanted) == 0 ||
           error_system(err, "removing the snapshot %s/%s", folder, name);
}
