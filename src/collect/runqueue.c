/* Run-queue waits from eBPF: see runqueue.h. */
#include "collect/runqueue.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>

#include "bpf/runqueue.h"
#include "bpf/runqueue.skel.h"
#include "collect/procfs.h"

G_STATIC_ASSERT(BL_WAIT_LENGTHS == BL_WAIT_BUCKETS);

/* Charges fetched from the kernel at a time. */
#define BATCH 1024
/* Processes that are nobody's domain are remembered in the kernel for so long at most: a process id
 * may have become another's, and a process may have been moved. */
#define EPOCH_USEC (10 * G_USEC_PER_SEC)
/* The first PID namespace has this number on every kernel (PROC_PID_INIT_INO). */
#define FIRST_PID_NAMESPACE 0xEFFFFFFCu

struct BlRunqueue {
    struct bl_runqueue_bpf *program;
    struct ring_buffer *ring;
    GHashTable *watched;  /* pid -> GArray of gint64: its threads */
    GHashTable *services; /* id -> name */
    gboolean awake;
    int cpus;
    gint64 epoch_usec;
    BlWaitTold tell;
    gpointer tell_data;
};

/* libbpf's own talk goes nowhere: what failed is in the error, and libraries do not print. */
static int talk_drop(enum libbpf_print_level level, const char *format, va_list args)
{
    return 0;
}

static int on_event(void *data, void *record, size_t size)
{
    const BlRunqueue *runqueue = data;
    const struct bl_wait_event *event = record;
    if (size >= sizeof *event && runqueue->tell != NULL)
        runqueue->tell(event->domain, (gint64)event->waited_nsec, runqueue->tell_data);
    return 0;
}

static gboolean fail(GError **error, const char *what, int code)
{
    const char *todo = code == -EPERM || code == -EACCES
                           ? "; give ballastd CAP_BPF and CAP_PERFMON"
                           : (code == -ESRCH || code == -ENOENT || code == -EINVAL
                                  ? "; it takes a kernel with CONFIG_DEBUG_INFO_BTF"
                                  : "");
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-code), "%s: %s%s", what,
                g_strerror(-code), todo);
    return FALSE;
}

static gboolean program_start(BlRunqueue *runqueue, GError **error)
{
    libbpf_set_print(talk_drop);
    runqueue->program = bl_runqueue_bpf__open();
    if (runqueue->program == NULL)
        return fail(error, "cannot open the program that watches run queues", -errno);
    runqueue->cpus = libbpf_num_possible_cpus();
    int code = runqueue->cpus < 0
                   ? runqueue->cpus
                   : bpf_map__set_max_entries(runqueue->program->maps.cpus, (guint)runqueue->cpus);
    if (code == 0)
        code = bl_runqueue_bpf__load(runqueue->program);
    if (code != 0)
        return fail(error, "the kernel does not take the program that watches run queues", code);
    /* Whether it may be hooked is to be known now, not when it is needed. */
    code = bl_runqueue_bpf__attach(runqueue->program);
    if (code != 0)
        return fail(error, "cannot watch the run queues", code);
    bl_runqueue_bpf__detach(runqueue->program);
    runqueue->ring =
        ring_buffer__new(bpf_map__fd(runqueue->program->maps.events), on_event, runqueue, NULL);
    return runqueue->ring != NULL || fail(error, "cannot hear of waits in run queues", -errno);
}

static void threads_free(gpointer threads)
{
    g_array_unref(threads);
}

/* The programs tell processes by the host's ids; in a namespace /proc has others. */
static gboolean ids_are_the_hosts(GError **error)
{
    struct stat namespace;
    if (stat("/proc/self/ns/pid", &namespace) != 0 || namespace.st_ino == FIRST_PID_NAMESPACE)
        return TRUE;
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                        "ballastd is in a PID namespace of its own; run it in the host's");
    return FALSE;
}

BlRunqueue *bl_runqueue_open(GError **error)
{
    if (!ids_are_the_hosts(error))
        return NULL;
    BlRunqueue *runqueue = g_new0(BlRunqueue, 1);
    runqueue->watched = g_hash_table_new_full(NULL, NULL, NULL, threads_free);
    runqueue->services = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    if (program_start(runqueue, error))
        return runqueue;
    bl_runqueue_close(runqueue);
    return NULL;
}

void bl_runqueue_close(BlRunqueue *runqueue)
{
    if (runqueue == NULL)
        return;
    ring_buffer__free(runqueue->ring);
    bl_runqueue_bpf__destroy(runqueue->program);
    g_hash_table_unref(runqueue->watched);
    g_hash_table_unref(runqueue->services);
    g_free(runqueue);
}

/* --- who is watched ----------------------------------------------------------------------------
 */

static int waiters_fd(const BlRunqueue *runqueue)
{
    return bpf_map__fd(runqueue->program->maps.waiters);
}

/* What the kernel remembers of processes is to be found out anew. */
static void epoch_next(BlRunqueue *runqueue)
{
    __atomic_add_fetch(&runqueue->program->data->epoch, 1, __ATOMIC_RELAXED);
    runqueue->epoch_usec = g_get_monotonic_time();
}

static void thread_forget(const BlRunqueue *runqueue, gint64 tid)
{
    guint32 thread = (guint32)tid;
    bpf_map_delete_elem(waiters_fd(runqueue), &thread);
}

/* A thread that is watched already keeps what was counted of it. */
static gboolean thread_watch(const BlRunqueue *runqueue, gint64 pid, gint64 tid, gint64 tell_nsec)
{
    guint32 thread = (guint32)tid;
    struct bl_waiter waiter = {0};
    /* Writing over it, what the kernel counts at that moment could be counted twice. */
    if (bpf_map_lookup_elem(waiters_fd(runqueue), &thread, &waiter) == 0 &&
        waiter.domain == (guint)pid && waiter.tell_nsec == (guint64)tell_nsec)
        return TRUE;
    waiter.domain = (guint)pid;
    waiter.tell_nsec = (guint64)tell_nsec;
    return bpf_map_update_elem(waiters_fd(runqueue), &thread, &waiter, BPF_ANY) == 0;
}

/* What each CPU ran before is not known; of what a thread waited before, nobody is to be charged.
 */
static void rings_forget(const BlRunqueue *runqueue)
{
    static const struct bl_cpu empty = {.slices[0].who = (unsigned long long)BL_WHO_UNSEEN
                                                         << BL_WHO_SHIFT};
    int fd = bpf_map__fd(runqueue->program->maps.cpus);
    for (guint32 cpu = 0; cpu < (guint32)runqueue->cpus; cpu++)
        bpf_map_update_elem(fd, &cpu, &empty, BPF_ANY);
}

static void waiters_forget(const BlRunqueue *runqueue)
{
    GHashTableIter iter;
    gpointer threads;
    g_hash_table_iter_init(&iter, runqueue->watched);
    while (g_hash_table_iter_next(&iter, NULL, &threads)) {
        for (guint i = 0; i < ((GArray *)threads)->len; i++) {
            guint32 thread = (guint32)g_array_index((GArray *)threads, gint64, i);
            struct bl_waiter waiter;
            if (bpf_map_lookup_elem(waiters_fd(runqueue), &thread, &waiter) != 0)
                continue;
            waiter.charged_nsec = 0;
            bpf_map_update_elem(waiters_fd(runqueue), &thread, &waiter, BPF_ANY);
        }
    }
}

gboolean bl_runqueue_begin(BlRunqueue *runqueue, GError **error)
{
    if (runqueue->awake)
        return TRUE;
    rings_forget(runqueue);
    waiters_forget(runqueue);
    epoch_next(runqueue);
    int code = bl_runqueue_bpf__attach(runqueue->program);
    if (code != 0)
        return fail(error, "cannot watch the run queues", code);
    runqueue->awake = TRUE;
    return TRUE;
}

void bl_runqueue_rest(BlRunqueue *runqueue)
{
    if (runqueue->awake)
        bl_runqueue_bpf__detach(runqueue->program);
    runqueue->awake = FALSE;
}

gboolean bl_runqueue_rests(const BlRunqueue *runqueue)
{
    return !runqueue->awake;
}

static gboolean has_thread(const GArray *threads, gint64 tid)
{
    for (guint i = 0; i < threads->len; i++)
        if (g_array_index(threads, BlThreadReader, i).tid == tid)
            return TRUE;
    return FALSE;
}

gboolean bl_runqueue_watch(BlRunqueue *runqueue, gint64 pid, const GArray *threads,
                           gint64 tell_nsec)
{
    guint32 process = (guint32)pid, known = 1;
    gpointer key = GSIZE_TO_POINTER((gsize)pid);
    const GArray *before = g_hash_table_lookup(runqueue->watched, key);
    GArray *now = g_array_sized_new(FALSE, FALSE, sizeof(gint64), threads->len);
    gboolean done = bpf_map_update_elem(bpf_map__fd(runqueue->program->maps.domains), &process,
                                        &known, BPF_ANY) == 0;
    for (guint i = 0; before != NULL && i < before->len; i++) {
        gint64 tid = g_array_index(before, gint64, i);
        if (!has_thread(threads, tid))
            thread_forget(runqueue, tid);
    }
    for (guint i = 0; i < threads->len; i++) {
        const BlThreadReader *thread = &g_array_index(threads, BlThreadReader, i);
        done &=
            thread_watch(runqueue, pid, thread->tid, thread->role == BL_ROLE_VCPU ? tell_nsec : 0);
        g_array_append_val(now, thread->tid);
    }
    g_hash_table_replace(runqueue->watched, key, now);
    epoch_next(runqueue);
    return done;
}

/* Charges in which the process is victim or culprit. */
static void charges_forget(BlRunqueue *runqueue, guint32 process)
{
    int fd = bpf_map__fd(runqueue->program->maps.charges);
    guint64 as_culprit = (guint64)BL_WHO_DOMAIN << BL_WHO_SHIFT | process;
    g_autoptr(GArray) gone = g_array_new(FALSE, FALSE, sizeof(struct bl_charge));
    struct bl_charge key;
    gboolean first = TRUE;
    while (gone->len < BL_CHARGES_MAX && bpf_map_get_next_key(fd, first ? NULL : &key, &key) == 0) {
        first = FALSE;
        if (key.victim == process || key.who == as_culprit)
            g_array_append_val(gone, key);
    }
    for (guint i = 0; i < gone->len; i++)
        bpf_map_delete_elem(fd, &g_array_index(gone, struct bl_charge, i));
}

void bl_runqueue_forget(BlRunqueue *runqueue, gint64 pid)
{
    guint32 process = (guint32)pid;
    gpointer key = GSIZE_TO_POINTER((gsize)pid);
    if (!g_hash_table_contains(runqueue->watched, key))
        return;
    const GArray *threads = g_hash_table_lookup(runqueue->watched, key);
    for (guint i = 0; i < threads->len; i++)
        thread_forget(runqueue, g_array_index(threads, gint64, i));
    g_hash_table_remove(runqueue->watched, key);
    bpf_map_delete_elem(bpf_map__fd(runqueue->program->maps.domains), &process);
    epoch_next(runqueue);
    charges_forget(runqueue, process);
}

/* --- what was charged --------------------------------------------------------------------------
 */

static const char *service_name(BlRunqueue *runqueue, guint64 id)
{
    if (id == 0)
        return "";
    const char *known = g_hash_table_lookup(runqueue->services, &id);
    if (known != NULL)
        return known;
    struct bl_service_name name = {0};
    if (bpf_map_lookup_elem(bpf_map__fd(runqueue->program->maps.services), &id, &name) != 0)
        return "";
    name.text[sizeof name.text - 1] = '\0';
    guint64 *key = g_new(guint64, 1);
    *key = id;
    char *text = g_utf8_make_valid(name.text, -1);
    g_hash_table_insert(runqueue->services, key, text);
    return text;
}

static BlCulpritKind kind_of(guint64 who)
{
    switch (who >> BL_WHO_SHIFT) {
    case BL_WHO_NOBODY:
        return BL_CULPRIT_WAKEUP;
    case BL_WHO_KERNEL:
        return BL_CULPRIT_KERNEL;
    case BL_WHO_DOMAIN:
        return BL_CULPRIT_DOMAIN;
    case BL_WHO_SERVICE:
        return BL_CULPRIT_SERVICE;
    case BL_WHO_LIMIT:
        return BL_CULPRIT_LIMIT;
    default:
        return BL_CULPRIT_UNSEEN;
    }
}

static void charge_add(BlRunqueue *runqueue, const struct bl_charge *key, guint64 nsec,
                       GArray *charges)
{
    guint64 id = key->who & BL_WHO_ID_MASK;
    BlCharge charge = {.victim_pid = key->victim,
                       .kind = kind_of(key->who),
                       .waited_nsec = (gint64)MIN(nsec, (guint64)G_MAXINT64)};
    if (charge.kind == BL_CULPRIT_DOMAIN)
        charge.culprit_pid = (gint64)id;
    else if (charge.kind == BL_CULPRIT_SERVICE)
        g_strlcpy(charge.service, service_name(runqueue, id), sizeof charge.service);
    g_array_append_val(charges, charge);
}

static int charge_order(gconstpointer a, gconstpointer b)
{
    const BlCharge *left = a, *right = b;
    if (left->victim_pid != right->victim_pid)
        return left->victim_pid < right->victim_pid ? -1 : 1;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    if (left->culprit_pid != right->culprit_pid)
        return left->culprit_pid < right->culprit_pid ? -1 : 1;
    return strcmp(left->service, right->service);
}

gboolean bl_runqueue_read(BlRunqueue *runqueue, GArray *charges)
{
    struct bl_charge keys[BATCH];
    guint64 values[BATCH];
    guint32 at = 0;
    gboolean more = TRUE;
    g_array_set_size(charges, 0);
    if (!runqueue->awake)
        return FALSE;
    if (g_get_monotonic_time() - runqueue->epoch_usec > EPOCH_USEC)
        epoch_next(runqueue);
    for (guint batch = 0; more && batch <= BL_CHARGES_MAX / BATCH; batch++) {
        guint32 count = BATCH;
        int code = bpf_map_lookup_batch(bpf_map__fd(runqueue->program->maps.charges),
                                        batch == 0 ? NULL : &at, &at, keys, values, &count, NULL);
        if (code != 0 && code != -ENOENT)
            return FALSE;
        more = code == 0;
        for (guint32 i = 0; i < count; i++)
            charge_add(runqueue, &keys[i], values[i], charges);
    }
    g_array_sort(charges, charge_order);
    return TRUE;
}

/* --- long waits --------------------------------------------------------------------------------
 */

int bl_runqueue_fd(const BlRunqueue *runqueue)
{
    return ring_buffer__epoll_fd(runqueue->ring);
}

void bl_runqueue_waits_take(BlRunqueue *runqueue, BlWaitTold tell, gpointer user_data)
{
    runqueue->tell = tell;
    runqueue->tell_data = user_data;
    ring_buffer__consume(runqueue->ring);
    runqueue->tell = NULL;
}

gboolean bl_runqueue_lengths(BlRunqueue *runqueue, gint64 tid, guint64 ret_counts[BL_WAIT_LENGTHS])
{
    guint32 thread = (guint32)tid;
    struct bl_waiter waiter;
    if (bpf_map_lookup_elem(waiters_fd(runqueue), &thread, &waiter) != 0)
        return FALSE;
    for (guint i = 0; i < BL_WAIT_LENGTHS; i++)
        ret_counts[i] = waiter.waits[i];
    return TRUE;
}
