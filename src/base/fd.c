/* Small files: see fd.h. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

void bl_fd_close(BlFd *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int bl_fd_steal(BlFd *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

ssize_t bl_fd_read_start(int fd, char *buffer, gsize size)
{
    ssize_t got;
    do {
        got = pread(fd, buffer, size - 1, 0);
    } while (got < 0 && errno == EINTR);
    if (got >= 0)
        buffer[got] = '\0';
    return got;
}

ssize_t bl_file_read_at(int dir_fd, const char *path, char *buffer, gsize size)
{
    g_auto(BlFd) fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -1;
    return bl_fd_read_start(fd, buffer, size);
}

int bl_dir_open_at(int dir_fd, const char *path)
{
    return openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void set_error(GError **error, const char *doing, const char *path)
{
    int code = errno;
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code), "cannot %s \"%s\": %s", doing, path,
                g_strerror(code));
}

DIR *bl_dir_list_at(int dir_fd, const char *path)
{
    g_auto(BlFd) fd = bl_dir_open_at(dir_fd, path);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir != NULL)
        bl_fd_steal(&fd);
    return dir;
}

gboolean bl_file_read_limited(const char *path, gsize limit, char **ret_text, gsize *ret_length,
                              GError **error)
{
    /* O_NONBLOCK: opening a FIFO somebody put there must not hang us. */
    g_auto(BlFd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        set_error(error, "read", path);
        return FALSE;
    }
    if (!S_ISREG(info.st_mode)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                    "cannot read \"%s\": it is not a regular file", path);
        return FALSE;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    char chunk[16384];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            set_error(error, "read", path);
            return FALSE;
        }
        if (got == 0)
            break;
        if (text->len + (gsize)got > limit) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                        "cannot read \"%s\": it is larger than the limit of %" G_GSIZE_FORMAT
                        " bytes",
                        path, limit);
            return FALSE;
        }
        g_string_append_len(text, chunk, got);
    }
    *ret_length = text->len;
    *ret_text = g_string_free(g_steal_pointer(&text), FALSE);
    return TRUE;
}

gboolean bl_fd_write_all(int fd, const char *data, gsize length)
{
    while (length > 0) {
        ssize_t put = write(fd, data, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return FALSE;
        data += put;
        length -= (gsize)put;
    }
    return TRUE;
}

gboolean bl_file_replace(const char *path, const char *data, gsize length, GError **error)
{
    g_autofree char *beside = g_strconcat(path, ".new", NULL);
    g_auto(BlFd) fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || !bl_fd_write_all(fd, data, length) || fsync(fd) != 0 ||
        rename(beside, path) != 0) {
        set_error(error, "write", path);
        if (fd >= 0)
            unlink(beside);
        return FALSE;
    }
    g_autofree char *folder = g_path_get_dirname(path);
    g_auto(BlFd) dir = bl_dir_open_at(AT_FDCWD, folder);
    if (dir < 0 || fsync(dir) != 0) {
        set_error(error, "sync the folder of", path);
        return FALSE;
    }
    return TRUE;
}

void bl_fd_limit_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}
