/* Workers: order within a key, independence between keys, deadlines. */
#include "base/threads.h"
#include "daemon/workers.h"

typedef struct {
    GMainContext *context;
    BlWorkers *workers;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    gboolean open; /* the gate that stuck jobs wait at */
    GArray *done;  /* int, in order of completion */
} Fixture;

typedef struct {
    Fixture *fixture;
    int number;
    gboolean waits;
} Work;

static void work_run(gpointer data)
{
    Work *work = data;
    pthread_mutex_lock(&work->fixture->lock);
    while (work->waits && !work->fixture->open)
        pthread_cond_wait(&work->fixture->changed, &work->fixture->lock);
    pthread_mutex_unlock(&work->fixture->lock);
}

static void work_done(gpointer data, gpointer user_data)
{
    Work *work = data;
    g_assert_true(user_data == work->fixture);
    g_array_append_val(work->fixture->done, work->number);
    g_free(work);
}

static void push(Fixture *fixture, const char *key, int number, gboolean waits)
{
    Work *work = g_new0(Work, 1);
    *work = (Work){fixture, number, waits};
    bl_workers_push(fixture->workers, key, work_run, work_done, work);
}

static void wait_done(Fixture *fixture, guint count)
{
    while (fixture->done->len < count)
        g_main_context_iteration(fixture->context, TRUE);
}

static void gate_open(Fixture *fixture)
{
    pthread_mutex_lock(&fixture->lock);
    fixture->open = TRUE;
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->context = g_main_context_new();
    fixture->workers = bl_workers_new(fixture->context, fixture);
    fixture->done = g_array_new(FALSE, FALSE, sizeof(int));
    pthread_mutex_init(&fixture->lock, NULL);
    pthread_cond_init(&fixture->changed, NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    bl_workers_free(fixture->workers, 10 * G_USEC_PER_SEC);
    g_main_context_unref(fixture->context);
    g_array_unref(fixture->done);
}

static void test_order(Fixture *fixture, gconstpointer data)
{
    for (int i = 0; i < 100; i++)
        push(fixture, "one", i, FALSE);
    g_assert_true(bl_workers_busy(fixture->workers, "one"));
    wait_done(fixture, 100);
    for (int i = 0; i < 100; i++)
        g_assert_cmpint(g_array_index(fixture->done, int, i), ==, i);
    g_assert_false(bl_workers_busy(fixture->workers, "one"));
}

/* More stuck keys than threads: the pool grows past them, and the others get through. */
static void test_stuck_keys_hold_up_nobody(Fixture *fixture, gconstpointer data)
{
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f"};
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        push(fixture, keys[i], 100 + (int)i, TRUE);
    gint64 later = g_get_monotonic_time() + 2 * BL_JOB_DEADLINE_USEC;
    g_assert_false(bl_workers_overdue(fixture->workers, "a", g_get_monotonic_time()));
    g_assert_true(bl_workers_overdue(fixture->workers, "a", later));
    bl_workers_check(fixture->workers, later);
    push(fixture, "healthy", 1, FALSE);
    wait_done(fixture, 1);
    g_assert_cmpint(g_array_index(fixture->done, int, 0), ==, 1);
    gate_open(fixture);
    wait_done(fixture, 1 + G_N_ELEMENTS(keys));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/workers/order", Fixture, NULL, set_up, test_order, tear_down);
    g_test_add("/workers/stuck", Fixture, NULL, set_up, test_stuck_keys_hold_up_nobody, tear_down);
    return g_test_run();
}
