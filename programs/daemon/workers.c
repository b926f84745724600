/* Workers: see workers.h. All bookkeeping is done on the context's thread; worker threads see only
 * their own job, so there is no lock. */
#include "daemon/workers.h"

#include "base/threads.h"

typedef struct Lane Lane;

typedef struct {
    BlWorkers *workers;
    Lane *lane;
    BlJobRun run;
    BlJobDone done;
    gpointer data;
} Job;

/* The jobs of one key. */
struct Lane {
    char *key;
    GQueue waiting; /* Job * */
    Job *running;
    gint64 started_usec;
};

struct BlWorkers {
    GMainContext *context;
    GThreadPool *pool;
    GHashTable *lanes; /* key -> Lane * */
    gpointer user_data;
    guint running;
};

static void lane_free(gpointer data)
{
    Lane *lane = data;
    g_queue_clear_full(&lane->waiting, g_free);
    g_free(lane->key);
    g_free(lane);
}

static gboolean job_done(gpointer data);

static void job_run(gpointer data, gpointer user_data)
{
    Job *job = data;
    BL_HANDOVER_TAKE(job);
    job->run(job->data);
    GMainContext *context = job->workers->context;
    g_autoptr(GSource) source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_HIGH);
    g_source_set_callback(source, job_done, job, NULL);
    BL_HANDOVER_GIVE(job);
    g_source_attach(source, context);
}

static void lane_next(BlWorkers *workers, Lane *lane)
{
    lane->running = g_queue_pop_head(&lane->waiting);
    if (lane->running == NULL) {
        g_hash_table_remove(workers->lanes, lane->key);
        return;
    }
    lane->started_usec = g_get_monotonic_time();
    workers->running++;
    BL_HANDOVER_GIVE(lane->running);
    g_thread_pool_push(workers->pool, lane->running, NULL);
}

static gboolean job_done(gpointer data)
{
    Job *job = data;
    BL_HANDOVER_TAKE(job);
    BlWorkers *workers = job->workers;
    workers->running--;
    job->done(job->data, workers->user_data);
    lane_next(workers, job->lane);
    g_free(job);
    return G_SOURCE_REMOVE;
}

BlWorkers *bl_workers_new(GMainContext *context, gpointer user_data)
{
    BlWorkers *workers = g_new0(BlWorkers, 1);
    workers->context = g_main_context_ref(context);
    workers->pool = g_thread_pool_new(job_run, NULL, BL_WORKERS, FALSE, NULL);
    workers->lanes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, lane_free);
    workers->user_data = user_data;
    return workers;
}

void bl_workers_free(BlWorkers *workers, gint64 wait_usec)
{
    if (workers == NULL)
        return;
    gint64 until = g_get_monotonic_time() + wait_usec;
    GHashTableIter iter;
    gpointer lane;
    g_hash_table_iter_init(&iter, workers->lanes);
    while (g_hash_table_iter_next(&iter, NULL, &lane))
        g_queue_clear_full(&((Lane *)lane)->waiting, g_free);
    while (workers->running > 0 && g_get_monotonic_time() < until) {
        if (!g_main_context_iteration(workers->context, FALSE))
            g_usleep(2000);
    }
    if (workers->running > 0)
        return; /* a stuck call still points into all of this */
    g_thread_pool_free(workers->pool, TRUE, TRUE);
    g_hash_table_unref(workers->lanes);
    g_main_context_unref(workers->context);
    g_free(workers);
}

void bl_workers_push(BlWorkers *workers, const char *key, BlJobRun run, BlJobDone done,
                     gpointer data)
{
    Lane *lane = g_hash_table_lookup(workers->lanes, key);
    gboolean idle = lane == NULL;
    if (idle) {
        lane = g_new0(Lane, 1);
        lane->key = g_strdup(key);
        g_queue_init(&lane->waiting);
        g_hash_table_insert(workers->lanes, lane->key, lane);
    }
    Job *job = g_new0(Job, 1);
    *job = (Job){workers, lane, run, done, data};
    g_queue_push_tail(&lane->waiting, job);
    if (idle)
        lane_next(workers, lane);
}

gboolean bl_workers_busy(const BlWorkers *workers, const char *key)
{
    return g_hash_table_contains(workers->lanes, key);
}

gboolean bl_workers_overdue(const BlWorkers *workers, const char *key, gint64 now_usec)
{
    const Lane *lane = g_hash_table_lookup(workers->lanes, key);
    return lane != NULL && lane->running != NULL &&
           now_usec - lane->started_usec > BL_JOB_DEADLINE_USEC;
}

void bl_workers_check(BlWorkers *workers, gint64 now_usec)
{
    GHashTableIter iter;
    gpointer value;
    int stuck = 0;
    g_hash_table_iter_init(&iter, workers->lanes);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Lane *lane = value;
        stuck += lane->running != NULL && now_usec - lane->started_usec > BL_JOB_DEADLINE_USEC;
    }
    int wanted = MIN(BL_WORKERS + stuck, BL_WORKERS_MAX);
    if (g_thread_pool_get_max_threads(workers->pool) != wanted)
        g_thread_pool_set_max_threads(workers->pool, wanted, NULL);
}
