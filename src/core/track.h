/* A track: the recent past of two cumulative counters, and their growth over a window.
 *
 * A ring of readings with their times. A counter that goes backwards, or time that does, starts
 * the track anew: a difference across such a break means nothing. Fixed size, no allocation.
 */
#ifndef BL_CORE_TRACK_H
#define BL_CORE_TRACK_H

#include <glib.h>

/* Readings kept: more than two seconds at the fast path's 100 ms. */
#define BL_TRACK_SIZE 32

typedef struct {
    gint64 time_usec[BL_TRACK_SIZE];
    gint64 first[BL_TRACK_SIZE];
    gint64 second[BL_TRACK_SIZE];
    guint count;
    guint newest; /* index, valid when count > 0 */
} BlTrack;

typedef struct {
    gint64 span_usec;     /* the time that the growth really covers */
    gint64 first, second; /* growth, never negative */
} BlGrowth;

void bl_track_reset(BlTrack *track);
void bl_track_add(BlTrack *track, gint64 time_usec, gint64 first, gint64 second);

/* Growth up to the newest reading since the latest one that is at least `window_usec` older (or
 * the oldest there is). FALSE when there are not two readings, or when the newest is older than
 * `now_usec`: then the counter is unknown at this instant. */
gboolean bl_track_growth(const BlTrack *track, gint64 now_usec, gint64 window_usec,
                         BlGrowth *ret_growth);

#endif
