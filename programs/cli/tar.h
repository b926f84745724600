/* A .tar.gz that is put together in memory: plain files in one folder, for `ballast report`. */
#ifndef BL_CLI_TAR_H
#define BL_CLI_TAR_H

#include <glib.h>

typedef struct BlTar BlTar;

/* All files get this time, seconds since the epoch, and mode 0600. */
BlTar *bl_tar_new(gint64 time_sec);
void bl_tar_free(BlTar *tar);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlTar, bl_tar_free)

/* `name` is a path below the archive's root of at most 100 bytes: a name of ours, not of a guest.
 */
void bl_tar_add(BlTar *tar, const char *name, const char *data, gsize length);
/* Ends it, packed by gzip. */
GBytes *bl_tar_end(BlTar *tar, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
