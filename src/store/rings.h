/* Rings: the history of the host and of each guest, of fixed size, on disk.
 *
 * Three rings a series: a row every 2 s for half an hour, every minute for a day, every hour for
 * thirty days; the longer ones are drawn together from the shorter. Rows are kept in chunks that
 * replace the oldest of their ring, so the file does not grow with time. Chunks are written once a
 * minute by a thread of their own: a crash loses no more. Times are wall clock; a clock that is set
 * back overwrites what is ahead of it.
 *
 * Losing the rings loses history only. All calls come from one thread.
 */
#ifndef BL_STORE_RINGS_H
#define BL_STORE_RINGS_H

#include "model/history.h"

#define BL_RINGS_STEP_SEC 2
/* Series that are kept: the newest so many, those that were heard of within thirty days. */
#define BL_RINGS_SERIES_MAX 4000

typedef struct BlRings BlRings;

/* A damaged file is moved aside and begun anew; ret_damaged says so when it was. Free with
 * g_free().
 */
BlRings *bl_rings_open(const char *state_dir, char **ret_damaged,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Writes all there is, and waits for it. */
void bl_rings_close(BlRings *rings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlRings, bl_rings_close)

/* The row of a series at an instant, a multiple of BL_RINGS_STEP_SEC. The host's UUID is
 * BL_HOST_UUID. */
void bl_rings_add(BlRings *rings, const char *uuid, const char *name, gint64 time_sec,
                  const BlHistoryRow *row);
/* After all rows of an instant: hands over to the disk what is due. */
void bl_rings_turn(BlRings *rings, gint64 time_sec);

/* The finest step that reaches back from `now` to `since`; 0 is not returned. */
gint64 bl_rings_step_for(gint64 now_sec, gint64 since_sec);
/* FALSE for a step that there is no ring of. */
gboolean bl_rings_has_step(gint64 step_sec);

/* The series of that UUID or, of that name, the one heard of last; NULL: there is none. */
const char *bl_rings_find(const BlRings *rings, const char *name, const char **ret_name);
/* Its rows from `since` to before `until`, oldest first: BlHistoryPoint. FALSE: the file cannot be
 * read. */
gboolean bl_rings_read(BlRings *rings, const char *uuid, gint64 step_sec, gint64 since_sec,
                       gint64 until_sec, GArray *ret_points,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For each guest that has a row of `time`'s span. */
typedef void (*BlRingsEach)(const char *uuid, const char *name, const BlHistoryPoint *point,
                            gpointer user_data);
gboolean bl_rings_read_at(BlRings *rings, gint64 step_sec, gint64 time_sec, BlRingsEach each,
                          gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The first failure to write since the last call, for the log; NULL when there was none. */
char *bl_rings_take_failure(BlRings *rings);

#endif
