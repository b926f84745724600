/* Workers: blocking calls off the engine's thread.
 *
 * A job runs on a pooled thread and ends on the context it was made for. Jobs with the same key
 * run one after the other, in order, so a domain is never read and written at once; a key whose
 * job does not return holds up itself and nobody else. The pool grows by one thread for every job
 * that is past its deadline, up to a bound.
 */
#ifndef BL_DAEMON_WORKERS_H
#define BL_DAEMON_WORKERS_H

#include <glib.h>

#define BL_WORKERS 4
#define BL_WORKERS_MAX 64
#define BL_JOB_DEADLINE_USEC (3 * G_USEC_PER_SEC)

typedef struct BlWorkers BlWorkers;

/* On a worker thread. */
typedef void (*BlJobRun)(gpointer data);
/* On the context, when `run` has returned. Owns `data`. */
typedef void (*BlJobDone)(gpointer data, gpointer user_data);

BlWorkers *bl_workers_new(GMainContext *context, gpointer user_data);
/* Waits `wait_usec` for running jobs; what does not return by then is abandoned with its memory.
 * Jobs that have not begun are dropped, undone ones included: call when nothing is left to do. */
void bl_workers_free(BlWorkers *workers, gint64 wait_usec);

void bl_workers_push(BlWorkers *workers, const char *key, BlJobRun run, BlJobDone done,
                     gpointer data);

/* TRUE when a job of the key waits or runs. */
gboolean bl_workers_busy(const BlWorkers *workers, const char *key);

/* Called now and then from the context: TRUE for a key whose running job is past its deadline. */
gboolean bl_workers_overdue(const BlWorkers *workers, const char *key, gint64 now_usec);
/* Makes room for jobs that are stuck. */
void bl_workers_check(BlWorkers *workers, gint64 now_usec);

#endif
