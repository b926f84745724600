/* The listening socket's file: see socket.h. */
#include "api/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/peer.h"

/* Waiting connections beyond the server's limit. */
#define BACKLOG 64

static gboolean fail(GError **error, const char *doing, const char *path)
{
    int code = errno;
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code), "cannot %s \"%s\": %s", doing, path,
                g_strerror(code));
    return FALSE;
}

static gboolean lock_path(BlApiSocket *sock, const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *lock = g_strconcat(path, ".lock", NULL);
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return fail(error, "make the folder", folder);
    sock->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
    if (sock->lock < 0)
        return fail(error, "open the lock", lock);
    if (flock(sock->lock, LOCK_EX | LOCK_NB) == 0)
        return TRUE;
    if (errno != EWOULDBLOCK)
        return fail(error, "take the lock", lock);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
                "cannot listen on \"%s\": another server holds it; stop that one first", path);
    return FALSE;
}

/* Removes a socket that nobody answers on; anything else at `path` is an error. */
static gboolean clear_path(const struct sockaddr_un *address, GError **error)
{
    const char *path = address->sun_path;
    struct stat info;
    if (lstat(path, &info) != 0)
        return errno == ENOENT || fail(error, "look at", path);
    if (!S_ISSOCK(info.st_mode)) {
        g_set_error(
            error, G_IO_ERROR, G_IO_ERROR_EXISTS,
            "cannot listen on \"%s\": something that is not a socket is there; move it away", path);
        return FALSE;
    }
    g_auto(BlFd) probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return fail(error, "open a socket for", path);
    /* EAGAIN: somebody listens, with a full backlog. */
    if (connect(probe, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
                    "cannot listen on \"%s\": a server answers there; stop that one first", path);
        return FALSE;
    }
    if (errno != ECONNREFUSED)
        return fail(error, "probe", path);
    return unlink(path) == 0 || fail(error, "remove the dead socket", path);
}

static gboolean bind_path(BlApiSocket *sock, int fd, const struct sockaddr_un *address, gid_t group,
                          GError **error)
{
    const char *path = address->sun_path;
    /* The file gets the mode of the unbound socket: nobody else can connect before the group is
     * right. Changing the umask instead would be seen by other threads. */
    if (fchmod(fd, 0600) != 0 || bind(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        return fail(error, "bind", path);
    struct stat info;
    if (lstat(path, &info) != 0)
        return fail(error, "look at", path);
    sock->path = g_strdup(path);
    sock->device = info.st_dev;
    sock->inode = info.st_ino;
    /* Without the right to give it to the group (a daemon run by hand) it stays ours. */
    if (group != BL_GROUP_NONE && lchown(path, (uid_t)-1, group) != 0 && errno != EPERM)
        return fail(error, "give to the group", path);
    if (chmod(path, 0660) != 0)
        return fail(error, "set the mode of", path);
    return listen(fd, BACKLOG) == 0 || fail(error, "listen on", path);
}

int bl_api_socket_open(BlApiSocket *sock, const char *path, gid_t group, GError **error)
{
    *sock = (BlApiSocket){.lock = -1};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG,
                    "cannot listen on \"%s\": a socket's path has at most %" G_GSIZE_FORMAT
                    " characters",
                    path, sizeof address.sun_path - 1);
        return -1;
    }
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    g_auto(BlFd) fd = -1;
    if (lock_path(sock, path, error) && clear_path(&address, error)) {
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
            fail(error, "open a socket for", path);
        else if (bind_path(sock, fd, &address, group, error))
            return bl_fd_steal(&fd);
    }
    bl_api_socket_clear(sock);
    return -1;
}

void bl_api_socket_clear(BlApiSocket *sock)
{
    struct stat info;
    if (sock->path != NULL && lstat(sock->path, &info) == 0 && S_ISSOCK(info.st_mode) &&
        info.st_dev == sock->device && info.st_ino == sock->inode)
        unlink(sock->path);
    g_clear_pointer(&sock->path, g_free);
    /* The lock's file stays: removing it would let two servers lock two different files. */
    bl_fd_close(&sock->lock);
}
