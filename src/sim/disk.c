/* The simulated disk: see disk.h. */
#include "sim/disk.h"

#include <gio/gio.h>
#include <string.h>

typedef struct {
    BlStorage storage;
    BlSimDisk *disk;
} DiskStorage;

BlSimDisk *bl_sim_disk_new(guint64 seed)
{
    BlSimDisk *disk = g_new0(BlSimDisk, 1);
    disk->text = g_string_new(NULL);
    disk->dies_after = -1;
    disk->random = bl_random_of(seed, 0xd15c);
    return disk;
}

void bl_sim_disk_free(BlSimDisk *disk)
{
    if (disk == NULL)
        return;
    g_string_free(disk->text, TRUE);
    g_free(disk);
}

gboolean bl_sim_disk_live(BlSimDisk *disk)
{
    if (disk->dies_after == 0)
        disk->dead = TRUE;
    if (disk->dies_after > 0)
        disk->dies_after--;
    return !disk->dead;
}

static gboolean refuse(GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "the simulated disk is full");
    return FALSE;
}

static gboolean disk_read(BlStorage *storage, char **ret_text, gsize *ret_length, GError **error)
{
    BlSimDisk *disk = ((DiskStorage *)storage)->disk;
    *ret_text = g_strndup(disk->text->str, disk->text->len);
    *ret_length = disk->text->len;
    return TRUE;
}

static gboolean disk_replace(BlStorage *storage, const char *text, gsize length, GError **error)
{
    BlSimDisk *disk = ((DiskStorage *)storage)->disk;
    if (!bl_sim_disk_live(disk) || disk->full)
        return refuse(error);
    g_string_truncate(disk->text, 0);
    g_string_append_len(disk->text, text, (gssize)length);
    disk->version++;
    return TRUE;
}

static gboolean disk_append(BlStorage *storage, const char *text, gsize length, gboolean sync,
                            GError **error)
{
    BlSimDisk *disk = ((DiskStorage *)storage)->disk;
    gboolean was_dead = disk->dead;
    if (!bl_sim_disk_live(disk)) {
        /* The blow that kills it may fall in the middle of a write. */
        if (!was_dead)
            g_string_append_len(disk->text, text,
                                bl_random_between(&disk->random, 0, (gint64)length));
        disk->version++;
        return refuse(error);
    }
    if (disk->full)
        return refuse(error);
    g_string_append_len(disk->text, text, (gssize)length);
    disk->version++;
    return TRUE;
}

static void disk_free(BlStorage *storage)
{
    g_free(storage);
}

BlStorage *bl_sim_disk_storage(BlSimDisk *disk)
{
    DiskStorage *storage = g_new0(DiskStorage, 1);
    storage->storage = (BlStorage){disk_read, disk_replace, disk_append, disk_free};
    storage->disk = disk;
    return &storage->storage;
}
