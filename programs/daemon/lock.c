/* Locks: one daemon per state directory and per libvirt host, one that governs page sharing. Held
 * by an open descriptor, so that a crash releases them. */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/units.h"
#include "daemon/daemon.h"

gint64 bl_daemon_lock_holder(const char *path)
{
    char text[32];
    gint64 pid;
    return bl_file_read_at(AT_FDCWD, path, text, sizeof text) > 0 && bl_integer_parse(text, &pid)
               ? pid
               : 0;
}

int bl_daemon_lock(const char *path, const char *what, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_mkdir_with_parents(folder, 0755);
    g_auto(BlFd) fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot open the lock \"%s\": %s; run as root, or give another --state", path,
                    g_strerror(errno));
        return -1;
    }
    char text[32] = "";
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        bl_fd_read_start(fd, text, sizeof text);
        g_strstrip(text);
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY,
                    "another ballastd (process %s) already works on %s; stop it first",
                    text[0] != '\0' ? text : "unknown", what);
        return -1;
    }
    g_snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) != 0 || !bl_fd_write_all(fd, text, strlen(text)))
        bl_daemon_log(BL_LOG_WARNING, "cannot write \"%s\": %s", path, g_strerror(errno));
    return bl_fd_steal(&fd);
}
