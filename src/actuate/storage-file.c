/* The journal's text in a file: see storage.h.
 *
 * An append that fails half-way is cut off again, at once or before the next one; until that
 * succeeds nothing is appended, so that a torn line never swallows the one behind it. */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <unistd.h>

#include "actuate/storage.h"
#include "base/fd.h"

#define FILE_LIMIT (16 * 1024 * 1024)

typedef struct {
    BlStorage storage;
    char *path;
    int fd; /* for appending; -1: to be opened */
    gsize size;
    gboolean torn; /* there may be bytes behind `size` */
} FileStorage;

static gboolean fail(const FileStorage *file, GError **error)
{
    int code = errno;
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code), "cannot write \"%s\": %s",
                file->path, g_strerror(code));
    return FALSE;
}

static gboolean file_read(BlStorage *storage, char **ret_text, gsize *ret_length, GError **error)
{
    FileStorage *file = (FileStorage *)storage;
    g_autoptr(GError) read_error = NULL;
    if (bl_file_read_limited(file->path, FILE_LIMIT, ret_text, ret_length, &read_error))
        return TRUE;
    if (!g_error_matches(read_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&read_error));
        return FALSE;
    }
    *ret_text = g_strdup("");
    *ret_length = 0;
    return TRUE;
}

static gboolean file_replace(BlStorage *storage, const char *text, gsize length, GError **error)
{
    FileStorage *file = (FileStorage *)storage;
    if (!bl_file_replace(file->path, text, length, error))
        return FALSE;
    /* The descriptor still leads to the old file. */
    bl_fd_close(&file->fd);
    file->size = length;
    file->torn = FALSE;
    return TRUE;
}

static gboolean ready(FileStorage *file)
{
    if (file->fd < 0)
        file->fd = open(file->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (file->fd < 0)
        return FALSE;
    if (file->torn && ftruncate(file->fd, (off_t)file->size) != 0)
        return FALSE;
    file->torn = FALSE;
    return TRUE;
}

static gboolean file_append(BlStorage *storage, const char *text, gsize length, gboolean sync,
                            GError **error)
{
    FileStorage *file = (FileStorage *)storage;
    if (!ready(file))
        return fail(file, error);
    if (bl_fd_write_all(file->fd, text, length) && (!sync || fdatasync(file->fd) == 0)) {
        file->size += length;
        return TRUE;
    }
    fail(file, error);
    file->torn = TRUE;
    ready(file);
    return FALSE;
}

static void file_free(BlStorage *storage)
{
    FileStorage *file = (FileStorage *)storage;
    bl_fd_close(&file->fd);
    g_free(file->path);
    g_free(file);
}

BlStorage *bl_storage_file_new(const char *path)
{
    FileStorage *file = g_new0(FileStorage, 1);
    file->storage = (BlStorage){file_read, file_replace, file_append, file_free};
    file->path = g_strdup(path);
    file->fd = -1;
    return &file->storage;
}
