/* A track: see track.h. */
#include "core/track.h"

void bl_track_reset(BlTrack *track)
{
    track->count = 0;
    track->newest = 0;
}

void bl_track_add(BlTrack *track, gint64 time_usec, gint64 first, gint64 second)
{
    if (track->count > 0) {
        guint last = track->newest;
        if (time_usec <= track->time_usec[last] || first < track->first[last] ||
            second < track->second[last])
            bl_track_reset(track);
    }
    guint at = track->count == 0 ? 0 : (track->newest + 1) % BL_TRACK_SIZE;
    track->time_usec[at] = time_usec;
    track->first[at] = first;
    track->second[at] = second;
    track->newest = at;
    if (track->count < BL_TRACK_SIZE)
        track->count++;
}

static guint reading_back(const BlTrack *track, guint back)
{
    return (track->newest + BL_TRACK_SIZE - back) % BL_TRACK_SIZE;
}

/* How many readings back the window begins. Readings come at even times, more or less, so it is
 * near to where it would be if they did. */
static guint back_of(const BlTrack *track, gint64 now_usec, gint64 window_usec)
{
    guint last = track->count - 1;
    gint64 span = now_usec - track->time_usec[reading_back(track, last)];
    if (span <= window_usec)
        return last;
    guint back = (guint)MAX(last * window_usec / span, 1);
    while (now_usec - track->time_usec[reading_back(track, back)] < window_usec)
        back++;
    while (back > 1 && now_usec - track->time_usec[reading_back(track, back - 1)] >= window_usec)
        back--;
    return back;
}

gboolean bl_track_growth(const BlTrack *track, gint64 now_usec, gint64 window_usec,
                         BlGrowth *ret_growth)
{
    if (track->count < 2 || track->time_usec[track->newest] != now_usec)
        return FALSE;
    guint from = reading_back(track, back_of(track, now_usec, window_usec));
    ret_growth->span_usec = now_usec - track->time_usec[from];
    ret_growth->first = track->first[track->newest] - track->first[from];
    ret_growth->second = track->second[track->newest] - track->second[from];
    return TRUE;
}
