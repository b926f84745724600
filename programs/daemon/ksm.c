/* Page sharing as the daemon samples it, and the controls of the host.
 *
 * What the kernel tells (a few small files) is read once a second. Who else may govern page sharing
 * is looked for now and then: a ksmtuned among all processes, on a worker; another ballastd by a
 * lock, because there is one ksmd, however many libvirt hosts there are on the machine. Steps for
 * the host have a lane of their own on the workers.
 */
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "actuate/ksm-control.h"
#include "base/fd.h"
#include "base/units.h"
#include "daemon/daemon.h"

#define READ_EVERY_USEC (1 * (gint64)G_USEC_PER_SEC)
#define LOOK_EVERY_USEC (30 * (gint64)G_USEC_PER_SEC)
#define LOCK_EVERY_USEC (5 * (gint64)G_USEC_PER_SEC)
/* Ticks between two looks at what a guest shares. */
#define GUEST_EVERY 50
#define LANE "host"
#define LOCK_PATH "/run/ballast/ksm.lock"

void bl_daemon_ksm_open(BlDaemon *daemon)
{
    BlKsmWatch *ksm = &daemon->ksm;
    char text[128];
    ksm->folder_fd = bl_dir_open_at(AT_FDCWD, "/sys/kernel/mm/ksm");
    ksm->schedstat_fd = ksm->lock_fd = -1;
    ksm->holdings_pending = TRUE;
    if (bl_file_read_at(daemon->proc_fd, "sys/kernel/random/boot_id", text, sizeof text) > 0)
        bl_boot_parse(text, &ksm->boot);
    if (bl_file_read_at(AT_FDCWD, "/sys/devices/system/node/online", text, sizeof text) > 0)
        bl_nodes_parse(text, &ksm->nodes);
}

void bl_daemon_ksm_close(BlDaemon *daemon)
{
    bl_fd_close(&daemon->ksm.folder_fd);
    bl_fd_close(&daemon->ksm.schedstat_fd);
    bl_fd_close(&daemon->ksm.lock_fd);
}

/* --- who governs ---------------------------------------------------------------------------------
 */

typedef struct {
    int proc_fd;
    BlKsmProcesses found;
} Look;

static void look_run(gpointer data)
{
    Look *look = data;
    bl_ksm_processes_find(look->proc_fd, &look->found);
}

static void look_done(gpointer data, gpointer user_data)
{
    Look *look = data;
    BlDaemon *daemon = user_data;
    BlKsmWatch *ksm = &daemon->ksm;
    char path[64];
    if (look->found.ksmd != ksm->processes.ksmd || ksm->schedstat_fd < 0) {
        bl_fd_close(&ksm->schedstat_fd);
        g_snprintf(path, sizeof path, "%" G_GINT64_FORMAT "/schedstat", look->found.ksmd);
        if (look->found.ksmd > 0)
            ksm->schedstat_fd = openat(daemon->proc_fd, path, O_RDONLY | O_CLOEXEC);
    }
    ksm->processes = look->found;
    ksm->looked = TRUE;
    g_free(look);
}

static void look_begin(BlDaemon *daemon, gint64 now_usec)
{
    BlKsmWatch *ksm = &daemon->ksm;
    gboolean due = ksm->looked_usec == 0 || now_usec - ksm->looked_usec >= LOOK_EVERY_USEC;
    if (!due || bl_workers_busy(daemon->workers, LANE))
        return;
    Look *look = g_new0(Look, 1);
    look->proc_fd = daemon->proc_fd;
    ksm->looked_usec = now_usec;
    bl_workers_push(daemon->workers, LANE, look_run, look_done, look);
}

/* Whoever may change anything holds the lock; whoever only observes looks whether it is free. */
static void lock_check(BlDaemon *daemon, gint64 now_usec)
{
    BlKsmWatch *ksm = &daemon->ksm;
    gboolean acts = bl_engine_mode(daemon->engine) != BL_MODE_OBSERVE;
    if (ksm->lock_fd >= 0) {
        if (!acts && bl_engine_holdings(daemon->engine) == 0)
            bl_fd_close(&ksm->lock_fd);
        return;
    }
    if (ksm->lock_usec > 0 && now_usec - ksm->lock_usec < LOCK_EVERY_USEC)
        return;
    g_autoptr(GError) error = NULL;
    ksm->lock_usec = now_usec;
    ksm->lock_fd = bl_daemon_lock(LOCK_PATH, "page sharing", &error);
    ksm->lock_taken = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_BUSY);
    ksm->lock_known = error == NULL || ksm->lock_taken;
    ksm->lock_holder = ksm->lock_taken ? bl_daemon_lock_holder(LOCK_PATH) : 0;
    if (!acts)
        bl_fd_close(&ksm->lock_fd);
}

static void owner_sample(BlDaemon *daemon, BlValues *host)
{
    BlKsmWatch *ksm = &daemon->ksm;
    BlKsmOwner owner = BL_KSM_OWNER_NONE;
    gint64 pid = 0;
    if (!ksm->looked || !ksm->lock_known)
        return;
    if (!bl_process_is_named(daemon->proc_fd, ksm->processes.ksmtuned, "ksmtuned"))
        ksm->processes.ksmtuned = 0;
    if (ksm->processes.ksmtuned > 0) {
        owner = BL_KSM_OWNER_KSMTUNED;
        pid = ksm->processes.ksmtuned;
    } else if (ksm->lock_taken) {
        owner = BL_KSM_OWNER_BALLAST;
        pid = ksm->lock_holder;
    }
    bl_values_set(host, BL_HOST_KSM_OWNER, owner);
    if (pid > 0)
        bl_values_set(host, BL_HOST_KSM_OWNER_PID, pid);
}

/* --- the sample ----------------------------------------------------------------------------------
 */

static void host_read(BlDaemon *daemon)
{
    BlKsmWatch *ksm = &daemon->ksm;
    ksm->host.present = ksm->controls.present = 0;
    bl_ksm_host_read(ksm->folder_fd, ksm->schedstat_fd, getpagesize(), &ksm->host);
    if (ksm->nodes > 0)
        bl_values_set(&ksm->host, BL_HOST_NUMA_NODES, ksm->nodes);
    owner_sample(daemon, &ksm->host);
    bl_ksm_controls_read(ksm->folder_fd, &ksm->controls);
}

static void holdings_sample(BlDaemon *daemon)
{
    BlKsmWatch *ksm = &daemon->ksm;
    for (guint field = BL_DOMAIN_CONTROLS; field < BL_CONTROLS; field++) {
        BlHolding holding;
        gint64 present = bl_values_get(&ksm->controls, field, G_MININT64);
        if (bl_journal_resolve(daemon->journal, BL_HOST_UUID, ksm->boot, field, present, &holding))
            g_array_append_val(daemon->sample->holdings, holding);
    }
    ksm->holdings_pending = FALSE;
}

void bl_daemon_ksm_sample(BlDaemon *daemon, gint64 now_usec)
{
    BlKsmWatch *ksm = &daemon->ksm;
    BlSample *sample = daemon->sample;
    if (ksm->folder_fd < 0 || ksm->boot == 0)
        return;
    look_begin(daemon, now_usec);
    lock_check(daemon, now_usec);
    if (ksm->read_usec == 0 || now_usec - ksm->read_usec >= READ_EVERY_USEC) {
        host_read(daemon);
        ksm->read_usec = now_usec;
    }
    bl_values_take(&sample->host, &ksm->host);
    sample->host_generation = ksm->boot;
    sample->host_controls = ksm->controls;
    if (ksm->holdings_pending)
        holdings_sample(daemon);
}

/* --- guests --------------------------------------------------------------------------------------
 */

void bl_daemon_ksm_guest_open(int proc_fd, BlRecord *record)
{
    char path[64];
    g_snprintf(path, sizeof path, "%" G_GINT64_FORMAT "/ksm_stat", record->pid);
    record->ksm_fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
}

static void guest_read(const BlDaemon *daemon, BlRecord *record)
{
    char text[512], path[64];
    gint64 pages;
    BlValues *sharing = &record->sharing;
    sharing->present = 0;
    if (record->ksm_fd >= 0 && bl_fd_read_start(record->ksm_fd, text, sizeof text) > 0)
        bl_ksm_stat_parse(text, getpagesize(), sharing);
    if (bl_values_has(sharing, BL_DOMAIN_MEMORY_SHARED) || record->pid <= 0)
        return;
    /* Where kernels older than 6.4 tell it. */
    g_snprintf(path, sizeof path, "%" G_GINT64_FORMAT "/ksm_merging_pages", record->pid);
    if (bl_file_read_at(daemon->proc_fd, path, text, sizeof text) > 0 &&
        bl_integer_parse(text, &pages) && pages <= G_MAXINT64 / getpagesize())
        bl_values_set(sharing, BL_DOMAIN_MEMORY_SHARED, pages * getpagesize());
}

void bl_daemon_ksm_guest(BlDaemon *daemon, BlRecord *record)
{
    if (record->sharing.present == 0 || (daemon->tick + (guint)record->pid) % GUEST_EVERY == 0)
        guest_read(daemon, record);
    bl_values_take(&record->sample->values, &record->sharing);
}

/* --- steps ---------------------------------------------------------------------------------------
 */

typedef struct {
    BlStep step;
    BlJournal *journal;
    int folder_fd;
    BlOutcome outcome;
} Act;

static void act_run(gpointer data)
{
    Act *act = data;
    BlControls controls = bl_ksm_controls(&act->folder_fd);
    act->outcome = bl_actuate_step(act->journal, &controls, &act->step);
}

static void act_done(gpointer data, gpointer user_data)
{
    Act *act = data;
    BlDaemon *daemon = user_data;
    /* How the field stands now is read before the engine hears of it. */
    daemon->ksm.read_usec = 0;
    if (act->outcome.result == BL_OUTCOME_FAILED)
        daemon->ksm.holdings_pending = TRUE;
    g_array_append_val(daemon->outcomes, act->outcome);
    g_free(act);
}

void bl_daemon_ksm_step(BlDaemon *daemon, const BlStep *step)
{
    Act *act = g_new0(Act, 1);
    act->step = *step;
    act->journal = daemon->journal;
    act->folder_fd = daemon->ksm.folder_fd;
    bl_workers_push(daemon->workers, LANE, act_run, act_done, act);
}

void bl_daemon_ksm_stopped(BlDaemon *daemon)
{
    g_autoptr(GArray) entries = bl_journal_entries(daemon->journal);
    for (guint i = 0; i < entries->len; i++) {
        const BlHolding *holding = &g_array_index(entries, BlJournalEntry, i).holding;
        if (strcmp(holding->uuid, BL_HOST_UUID) == 0)
            bl_daemon_log(
                BL_LOG_INFO,
                "%s stays at %" G_GINT64_FORMAT ", because the kernel takes no other value "
                "while pages are shared; it is in the journal, and goes back when ballastd "
                "runs and none are",
                bl_field_info(BL_SCOPE_DOMAIN, holding->field)->name, holding->value);
    }
}
