/* Small files: reading one-page kernel files through kept-open descriptors or below a directory
 * descriptor, and replacing a file so that a crash leaves either the old or the new one whole. */
#ifndef BL_BASE_FD_H
#define BL_BASE_FD_H

#include <dirent.h>
#include <glib.h>
#include <sys/types.h>

/* An owned file descriptor that closes itself; -1 is "none". */
typedef int BlFd;
void bl_fd_close(BlFd *fd);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BlFd, bl_fd_close)

/* Takes the descriptor out of its auto variable. */
int bl_fd_steal(BlFd *fd);

/* Reads from offset 0 into `buffer` and terminates it. Returns the length, or -1 with errno set.
 * Kernel files re-generate at offset 0, so the descriptor can stay open. */
ssize_t bl_fd_read_start(int fd, char *buffer, gsize size);

/* The same for a path below `dir_fd`. */
ssize_t bl_file_read_at(int dir_fd, const char *path, char *buffer, gsize size);

/* Opens a directory for use as a root of a reader; -1 with errno. */
int bl_dir_open_at(int dir_fd, const char *path);

/* A folder to be read and closed; NULL when it cannot be opened. */
DIR *bl_dir_list_at(int dir_fd, const char *path);

/* Reads a whole regular file of at most `limit` bytes. The error names the file. */
gboolean bl_file_read_limited(const char *path, gsize limit, char **ret_text, gsize *ret_length,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* As many descriptors as the system lets this process have: a counter of each thread of each guest
 * is kept open, and so is a connection to everybody who looks. */
void bl_fd_limit_raise(void);

/* Writes all of `length` bytes, across interruptions and short writes; FALSE with errno set. */
gboolean bl_fd_write_all(int fd, const char *data, gsize length);

/* Replaces `path` by `data` atomically and durably (write beside it, fsync, rename, fsync of the
 * directory). */
gboolean bl_file_replace(const char *path, const char *data, gsize length,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
