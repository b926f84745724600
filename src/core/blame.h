/* Blame: how long a domain's vCPUs waited for a CPU while somebody else ran, by culprit, over a
 * short and a long window. What it is made of comes from the kernel (src/collect/runqueue.h); where
 * that cannot be had, everything here is unknown. */
#ifndef BL_CORE_BLAME_H
#define BL_CORE_BLAME_H

#include "core/track.h"
#include "model/sample.h"

/* Culprits that are followed per domain; what others did is not told apart any more. */
#define BL_BLAME_MAX 24
/* How far back the long window reaches: a reading every so often, as many as a track holds. */
#define BL_BLAME_LONG_EVERY_USEC 2000000
#define BL_BLAME_LONG_USEC 60000000

typedef struct {
    BlCulpritKind kind;
    char culprit[BL_CULPRIT_SIZE];
    BlTrack recent; /* first: nanoseconds waited */
    BlTrack past;   /* the same, less often */
} BlBlameTrack;

typedef struct {
    GArray *tracks;   /* BlBlameTrack, by (kind, culprit) */
    gint64 read_usec; /* of the last reading; 0: none yet */
} BlBlameBook;

void bl_blame_book_init(BlBlameBook *book);
void bl_blame_book_clear(BlBlameBook *book);
void bl_blame_book_forget(BlBlameBook *book);

/* Takes over a domain's blames of one sample: nothing when they were not read. */
void bl_blame_update(BlBlameBook *book, const BlDomainSample *sample, gint64 now_usec);

/* Time waited for one culprit over a window up to the last reading, nanoseconds; 0 for one that is
 * not in the book. */
gint64 bl_blame_waited(const BlBlameBook *book, BlCulpritKind kind, const char *culprit,
                       gint64 window_usec);
/* The same of a track, over the last minute or what is known of it; -1: unknown. */
gint64 bl_blame_past(const BlBlameTrack *track, gint64 *ret_span_usec);

#endif
