/* Blame: see blame.h. */
#include "core/blame.h"

#include <string.h>

static int track_order(const BlBlameTrack *track, const BlBlame *blame)
{
    if (track->kind != blame->kind)
        return track->kind < blame->kind ? -1 : 1;
    return strcmp(track->culprit, blame->culprit);
}

static gint64 newest(const BlTrack *track)
{
    return track->count > 0 ? track->first[track->newest] : 0;
}

/* Room for one more: the culprit goes that did least in the time that is remembered, the first of
 * equal ones. FALSE when all did more than the newcomer, of whom all is new. */
static gboolean room_make(GArray *tracks, gint64 newcomer_nsec)
{
    guint least = 0;
    gint64 least_nsec = G_MAXINT64;
    if (tracks->len < BL_BLAME_MAX)
        return TRUE;
    for (guint i = 0; i < tracks->len; i++) {
        gint64 span, nsec = bl_blame_past(&g_array_index(tracks, BlBlameTrack, i), &span);
        if (nsec < least_nsec) {
            least = i;
            least_nsec = nsec;
        }
    }
    if (least_nsec >= newcomer_nsec)
        return FALSE;
    g_array_remove_index(tracks, least);
    return TRUE;
}

static void track_add(BlBlameTrack *track, gint64 now_usec, gint64 waited_nsec)
{
    const BlTrack *past = &track->past;
    bl_track_add(&track->recent, now_usec, waited_nsec, 0);
    if (past->count == 0 || now_usec - past->time_usec[past->newest] >= BL_BLAME_LONG_EVERY_USEC)
        bl_track_add(&track->past, now_usec, waited_nsec, 0);
}

/* A culprit that was not there at the last reading had done nothing then. */
static void track_insert(GArray *tracks, guint at, const BlBlame *blame, gint64 now_usec,
                         gint64 before_usec)
{
    BlBlameTrack track = {.kind = blame->kind};
    g_strlcpy(track.culprit, blame->culprit, sizeof track.culprit);
    if (before_usec > 0)
        track_add(&track, before_usec, 0);
    track_add(&track, now_usec, blame->waited_nsec);
    g_array_insert_val(tracks, at, track);
}

void bl_blame_book_init(BlBlameBook *book)
{
    book->tracks = g_array_new(FALSE, TRUE, sizeof(BlBlameTrack));
    book->read_usec = 0;
}

void bl_blame_book_clear(BlBlameBook *book)
{
    g_array_unref(book->tracks);
}

void bl_blame_book_forget(BlBlameBook *book)
{
    g_array_set_size(book->tracks, 0);
    book->read_usec = 0;
}

void bl_blame_update(BlBlameBook *book, const BlDomainSample *sample, gint64 now_usec)
{
    GArray *tracks = book->tracks;
    gint64 before_usec = book->read_usec;
    guint at = 0;
    if (!sample->blame_known)
        return;
    book->read_usec = now_usec;
    for (guint i = 0; i < sample->blames->len; i++) {
        const BlBlame *blame = &g_array_index(sample->blames, BlBlame, i);
        while (at < tracks->len && track_order(&g_array_index(tracks, BlBlameTrack, at), blame) < 0)
            g_array_remove_index(tracks, at);
        if (at < tracks->len && track_order(&g_array_index(tracks, BlBlameTrack, at), blame) == 0) {
            track_add(&g_array_index(tracks, BlBlameTrack, at++), now_usec, blame->waited_nsec);
        } else if (room_make(tracks, before_usec > 0 ? blame->waited_nsec : 0)) {
            for (at = 0; at < tracks->len &&
                         track_order(&g_array_index(tracks, BlBlameTrack, at), blame) < 0;)
                at++;
            track_insert(tracks, at++, blame, now_usec, before_usec);
        }
    }
    if (at < tracks->len)
        g_array_remove_range(tracks, at, tracks->len - at);
}

gint64 bl_blame_waited(const BlBlameBook *book, BlCulpritKind kind, const char *culprit,
                       gint64 window_usec)
{
    for (guint i = 0; i < book->tracks->len; i++) {
        const BlBlameTrack *track = &g_array_index(book->tracks, BlBlameTrack, i);
        BlGrowth growth;
        if (track->kind == kind && strcmp(track->culprit, culprit) == 0)
            return bl_track_growth(&track->recent, book->read_usec, window_usec, &growth)
                       ? growth.first
                       : 0;
    }
    return 0;
}

gint64 bl_blame_past(const BlBlameTrack *track, gint64 *ret_span_usec)
{
    const BlTrack *recent = &track->recent, *past = &track->past;
    *ret_span_usec = 0;
    if (recent->count == 0 || past->count == 0)
        return -1;
    gint64 now = recent->time_usec[recent->newest];
    guint oldest = (past->newest + BL_TRACK_SIZE + 1 - past->count) % BL_TRACK_SIZE;
    for (guint i = 0; i + 1 < past->count; i++) {
        if (now - past->time_usec[oldest] <= BL_BLAME_LONG_USEC)
            break;
        oldest = (oldest + 1) % BL_TRACK_SIZE;
    }
    *ret_span_usec = now - past->time_usec[oldest];
    return MAX(newest(recent) - past->first[oldest], 0);
}
