/* The simulated disk below the journal, and the moment at which the daemon dies.
 *
 * The text outlives the daemon. An append can fail, and a daemon that is killed in the middle of
 * one leaves a torn line. Every operation on the disk and on a control counts down `dies_after`:
 * when it reaches zero the daemon is dead, and nothing it still tries has an effect.
 */
#ifndef BL_SIM_DISK_H
#define BL_SIM_DISK_H

#include "actuate/storage.h"
#include "sim/random.h"

typedef struct {
    GString *text;
    gboolean full;
    gint64 dies_after; /* operations; negative: lives */
    gboolean dead;
    BlRandom random;
    guint64 version; /* grows with every change of the text */
} BlSimDisk;

BlSimDisk *bl_sim_disk_new(guint64 seed);
void bl_sim_disk_free(BlSimDisk *disk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlSimDisk, bl_sim_disk_free)

/* One operation of the daemon; FALSE: it is dead and the operation does not happen. */
gboolean bl_sim_disk_live(BlSimDisk *disk);

/* A storage on the disk, which must outlive it. */
BlStorage *bl_sim_disk_storage(BlSimDisk *disk);

#endif
