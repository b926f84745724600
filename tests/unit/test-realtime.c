/* Real-time priority of the threads of a process: this one's. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actuate/realtime.h"
#include "base/fd.h"

/* A process like a QEMU with two vCPUs and a thread of other names. */
static const char *const names[] = {"CPU 0/TCG", "CPU 1/TCG", "IO worker"};

typedef struct {
    int proc_fd;
    pthread_t threads[G_N_ELEMENTS(names)];
    pid_t tids[G_N_ELEMENTS(names)];
    pthread_barrier_t begun;
    pthread_mutex_t end;
} Process;

typedef struct {
    Process *process;
    guint index;
} Start;

static void *thread_run(void *data)
{
    Start *start = data;
    Process *process = start->process;
    pthread_setname_np(pthread_self(), names[start->index]);
    process->tids[start->index] = (pid_t)syscall(SYS_gettid);
    pthread_barrier_wait(&process->begun);
    pthread_mutex_lock(&process->end);
    pthread_mutex_unlock(&process->end);
    return NULL;
}

static void process_begin(Process *process)
{
    Start starts[G_N_ELEMENTS(names)];
    process->proc_fd = bl_dir_open_at(AT_FDCWD, "/proc");
    g_assert_cmpint(process->proc_fd, >=, 0);
    pthread_barrier_init(&process->begun, NULL, G_N_ELEMENTS(names) + 1);
    pthread_mutex_init(&process->end, NULL);
    pthread_mutex_lock(&process->end);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        starts[i] = (Start){process, i};
        g_assert_cmpint(pthread_create(&process->threads[i], NULL, thread_run, &starts[i]), ==, 0);
    }
    pthread_barrier_wait(&process->begun);
}

static void process_end(Process *process)
{
    pthread_mutex_unlock(&process->end);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        pthread_join(process->threads[i], NULL);
    pthread_barrier_destroy(&process->begun);
    pthread_mutex_destroy(&process->end);
    bl_fd_close(&process->proc_fd);
}

static gboolean may_set(void)
{
    struct sched_param one = {.sched_priority = 1}, none = {0};
    gboolean may = sched_setscheduler(0, SCHED_RR, &one) == 0;
    g_assert_true(!may || sched_setscheduler(0, SCHED_OTHER, &none) == 0);
    return may;
}

static void test_all_threads(void)
{
    if (!may_set()) {
        g_test_skip("this user may not set real-time priority");
        return;
    }
    g_autoptr(GError) error = NULL;
    Process process;
    gint64 on = -1;
    process_begin(&process);
    g_assert_true(bl_realtime_read(process.proc_fd, getpid(), -1, &on));
    g_assert_cmpint(on, ==, 0);
    g_assert_true(bl_realtime_write(process.proc_fd, getpid(), TRUE, &error));
    g_assert_no_error(error);
    g_assert_true(bl_realtime_read(process.proc_fd, getpid(), -1, &on));
    g_assert_cmpint(on, ==, 1);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_cmpint(sched_getscheduler(process.tids[i]), ==, SCHED_RR);
    g_assert_true(bl_realtime_write(process.proc_fd, getpid(), FALSE, &error));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_cmpint(sched_getscheduler(process.tids[i]), ==, SCHED_OTHER);
    g_assert_cmpint(sched_getscheduler(getpid()), ==, SCHED_OTHER);
    process_end(&process);
}

/* A vCPU whose policy somebody else has set: nobody knows what to give back. Other threads keep
 * theirs. */
static void test_foreign(void)
{
    g_autoptr(GError) error = NULL;
    struct sched_param none = {0};
    Process process;
    gint64 on = -1;
    process_begin(&process);
    g_assert_cmpint(sched_setscheduler(process.tids[2], SCHED_BATCH, &none), ==, 0);
    g_assert_true(bl_realtime_read(process.proc_fd, getpid(), -1, &on));
    g_assert_cmpint(on, ==, 0);
    g_assert_cmpint(sched_setscheduler(process.tids[1], SCHED_BATCH, &none), ==, 0);
    g_assert_false(bl_realtime_read(process.proc_fd, getpid(), -1, &on));
    g_assert_true(bl_realtime_write(process.proc_fd, getpid(), FALSE, &error));
    g_assert_cmpint(sched_getscheduler(process.tids[1]), ==, SCHED_BATCH);
    process_end(&process);
}

static void test_no_process(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(BlFd) proc_fd = bl_dir_open_at(AT_FDCWD, "/proc");
    gint64 on;
    g_assert_false(bl_realtime_read(proc_fd, 0, -1, &on));
    g_assert_false(bl_realtime_read(proc_fd, G_MAXINT32, -1, &on));
    g_assert_false(bl_realtime_write(proc_fd, G_MAXINT32, TRUE, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/realtime/all-threads", test_all_threads);
    g_test_add_func("/realtime/foreign", test_foreign);
    g_test_add_func("/realtime/no-process", test_no_process);
    return g_test_run();
}
