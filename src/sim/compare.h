/* One memory workload under one way of moving balloons. */
#ifndef BL_SIM_COMPARE_H
#define BL_SIM_COMPARE_H

#include "sim/reference.h"

typedef struct {
    gint64 short_usec;        /* in which any guest lacked memory of its working set */
    gint64 hopeless_usec;     /* in which they work on more than there is: no controller helps */
    gint64 beyond_usec;       /* short, and not hopeless */
    gint64 shortage_byte_sec; /* of all guests */
    gint64 swapped_bytes;     /* by guests, in and out, and out by the host */
    gint64 above_hard_usec;
    gint64 ooms;
    guint admitted; /* of those that waited */
} BlSimFigures;

/* `admit`: guests that are born later start as soon as the host has room for all they may ask for
 * below its hard boundary, one every ten seconds; otherwise they never do. */
gboolean bl_sim_compare(const BlSimSpec *spec, BlReferenceKind kind, gboolean admit,
                        BlSimFigures *ret_figures, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
