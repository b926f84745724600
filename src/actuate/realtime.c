/* Real-time priority: see realtime.h. */
#include "actuate/realtime.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/units.h"

/* The lowest that there is: all of the kernel's own go first. */
#define PRIORITY 1
/* A thread that is made while others are changed shows in the next round. */
#define ROUNDS_MAX 5

typedef enum { THREAD_GONE, THREAD_ORDINARY, THREAD_REALTIME, THREAD_OTHER } ThreadPolicy;

static ThreadPolicy policy_of(pid_t tid)
{
    struct sched_param param;
    int policy = sched_getscheduler(tid);
    if (policy < 0 || sched_getparam(tid, &param) != 0)
        return THREAD_GONE;
    policy &= ~SCHED_RESET_ON_FORK;
    if (policy == SCHED_OTHER)
        return THREAD_ORDINARY;
    return policy == SCHED_RR && param.sched_priority == PRIORITY ? THREAD_REALTIME : THREAD_OTHER;
}

static DIR *threads_list(int proc_fd, gint64 pid)
{
    char path[64];
    g_snprintf(path, sizeof path, "%" G_GINT64_FORMAT "/task", pid);
    return pid > 0 ? bl_dir_list_at(proc_fd, path) : NULL;
}

/* FALSE: no more. */
static gboolean thread_next(DIR *threads, pid_t *ret_tid)
{
    gint64 tid;
    for (struct dirent *entry; (entry = readdir(threads)) != NULL;) {
        if (g_ascii_isdigit(entry->d_name[0]) && bl_integer_parse(entry->d_name, &tid)) {
            *ret_tid = (pid_t)tid;
            return TRUE;
        }
    }
    return FALSE;
}

/* QEMU names them "CPU 0/KVM", "CPU 1/TCG". */
static gboolean is_vcpu(int task_fd, pid_t tid)
{
    char path[64], comm[64];
    g_snprintf(path, sizeof path, "%d/comm", (int)tid);
    return bl_file_read_at(task_fd, path, comm, sizeof comm) > 0 && g_str_has_prefix(comm, "CPU ");
}

/* Where the kernel divides real-time among cgroups, one that nobody gave a part has none. */
static gboolean cgroup_allows(int cgroup_fd)
{
    char text[32];
    gint64 usec = 0;
    return cgroup_fd < 0 ||
           bl_file_read_at(cgroup_fd, "cpu.rt_runtime_us", text, sizeof text) <= 0 ||
           (bl_integer_parse(g_strstrip(text), &usec) && usec != 0);
}

/* How many vCPUs have each policy, into THREAD_OTHER + 1 counts; returns how many there are. */
static guint vcpus_count(int proc_fd, gint64 pid, guint *ret_count)
{
    pid_t tid;
    DIR *threads = threads_list(proc_fd, pid);
    while (threads != NULL && thread_next(threads, &tid)) {
        if (is_vcpu(dirfd(threads), tid))
            ret_count[policy_of(tid)]++;
    }
    if (threads != NULL)
        closedir(threads);
    return ret_count[THREAD_ORDINARY] + ret_count[THREAD_REALTIME] + ret_count[THREAD_OTHER];
}

gboolean bl_realtime_read(int proc_fd, gint64 pid, int cgroup_fd, gint64 *ret_on)
{
    guint count[THREAD_OTHER + 1] = {0}, vcpus = vcpus_count(proc_fd, pid, count);
    *ret_on = vcpus > 0 && count[THREAD_REALTIME] == vcpus;
    return vcpus > 0 &&
           (*ret_on == 1 || (count[THREAD_ORDINARY] == vcpus && cgroup_allows(cgroup_fd)));
}

gboolean bl_realtime_is_between(int proc_fd, gint64 pid)
{
    guint count[THREAD_OTHER + 1] = {0}, vcpus = vcpus_count(proc_fd, pid, count);
    return vcpus > 0 && count[THREAD_OTHER] == 0;
}

/* How many threads were changed; -1: one could not be, see errno. */
static int round_write(DIR *threads, gboolean on)
{
    const struct sched_param param = {.sched_priority = on ? PRIORITY : 0};
    ThreadPolicy before = on ? THREAD_ORDINARY : THREAD_REALTIME;
    int changed = 0;
    pid_t tid;
    while (thread_next(threads, &tid)) {
        if (policy_of(tid) != before)
            continue;
        if (sched_setscheduler(tid, on ? SCHED_RR : SCHED_OTHER, &param) == 0)
            changed++;
        else if (errno != ESRCH)
            return -1;
    }
    return changed;
}

gboolean bl_realtime_write(int proc_fd, gint64 pid, gboolean on, GError **error)
{
    int changed = 1;
    for (guint i = 0; changed > 0 && i < ROUNDS_MAX; i++) {
        DIR *threads = threads_list(proc_fd, pid);
        changed = threads != NULL ? round_write(threads, on) : -1;
        int code = errno;
        if (threads != NULL)
            closedir(threads);
        if (changed >= 0)
            continue;
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code),
                    "cannot change the scheduling policy of the threads of process "
                    "%" G_GINT64_FORMAT ": %s",
                    pid, g_strerror(code));
        return FALSE;
    }
    return TRUE;
}
