/* Batch mode of `ballast top`: CSV in esxtop's form, one row a tick, for the tools that read
 * esxtop's. */
#ifndef BL_TOP_BATCH_H
#define BL_TOP_BATCH_H

#include "top/shot.h"

typedef struct BlBatch BlBatch;

/* The columns are those of the first shot, as esxtop has it: guests that come later are left out,
 * those that go leave their cells empty. `host`: its name in the heads. */
BlBatch *bl_batch_new(const BlTopShot *first, const char *host);
void bl_batch_free(BlBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlBatch, bl_batch_free)

/* Both append a line. */
void bl_batch_head(const BlBatch *batch, GString *out);
void bl_batch_row(const BlBatch *batch, const BlTopShot *shot, GString *out);
/* Guests of the shot that have no columns. */
guint bl_batch_left_out(const BlBatch *batch, const BlTopShot *shot);

#endif
