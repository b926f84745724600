/* Where the journal's text is kept. The daemon keeps it in a file (bl_storage_file_new), the
 * simulator on a disk of its own that can fail and crash. Not safe for several threads: the
 * journal's lock covers it.
 */
#ifndef BL_ACTUATE_STORAGE_H
#define BL_ACTUATE_STORAGE_H

#include <glib.h>

typedef struct BlStorage BlStorage;

struct BlStorage {
    /* The whole text. Where there is none yet the text is empty; that is no error. */
    gboolean (*read)(BlStorage *storage, char **ret_text, gsize *ret_length, GError **error);
    /* Replaces the whole text, durably: after a crash it is the old or the new one. */
    gboolean (*replace)(BlStorage *storage, const char *text, gsize length, GError **error);
    /* Appends, whole or not at all; durably when `sync`. */
    gboolean (*append)(BlStorage *storage, const char *text, gsize length, gboolean sync,
                       GError **error);
    void (*free)(BlStorage *storage);
};

/* A file, which is created when first replaced. */
BlStorage *bl_storage_file_new(const char *path);

#endif
