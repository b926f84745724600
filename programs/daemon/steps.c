/* Steps: each goes to its domain's lane on the workers, and its outcome into the next sample. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "daemon/daemon.h"

typedef struct {
    BlStep step;
    BlJournal *journal;
    virConnectPtr connection;
    int proc_fd;
    gint64 pid;
    int cgroup_fd; /* a descriptor of our own: the record may be swapped meanwhile */
    const BlTopology *topology;
    BlOutcome outcome;
    BlValues controls;
} Act;

static BlOutcome refuse(const BlStep *step, BlOutcomeResult result, const char *message)
{
    return (BlOutcome){.step_id = step->id, .result = result, .message = g_strdup(message)};
}

/* How the field stands now; of CPU controls all, because they depend on one another. */
static void controls_read(Act *act, const BlTarget *target, const BlControls *controls)
{
    BlDomainField field = act->step.field;
    gint64 value;
    if (!bl_control_is_memory(field))
        bl_controls_read(target, &act->controls);
    else if (controls->read(controls->target, field, &value))
        bl_values_set(&act->controls, field, value);
}

static void record_update(BlRecord *record, const Act *act)
{
    BlDomainField field = act->step.field;
    BlValues *values = field == BL_DOMAIN_BALLOON ? &record->memory : &record->controls;
    if (!bl_control_is_memory(field) && act->controls.present != 0)
        record->controls = act->controls;
    else if (bl_values_has(&act->controls, field))
        bl_values_set(values, field, act->controls.value[field]);
    /* The guest's driver begins to report, or to move. */
    if (bl_control_is_memory(field))
        record->memory_polled_usec = 0;
}

static void act_run(gpointer data)
{
    Act *act = data;
    virDomainPtr domain = virDomainLookupByUUIDString(act->connection, act->step.uuid);
    /* The same process is the same run of the domain: no need to ask libvirt, which may be slow to
     * answer on the very host that waits for this step. */
    gboolean same =
        domain != NULL && bl_process_generation(act->proc_fd, act->pid) == act->step.generation;
    if (!same && domain == NULL && !virConnectIsAlive(act->connection)) {
        act->outcome = refuse(&act->step, BL_OUTCOME_FAILED, "libvirt does not answer");
    } else if (!same) {
        g_autoptr(GError) error = NULL;
        gboolean cleared = bl_journal_clear(act->journal, act->step.uuid, act->step.generation,
                                            act->step.field, &error);
        act->outcome = cleared ? refuse(&act->step, BL_OUTCOME_VANISHED, "the domain has ended")
                               : refuse(&act->step, BL_OUTCOME_FAILED, error->message);
    } else {
        BlTarget target = {domain, act->cgroup_fd, act->proc_fd, act->pid, act->topology};
        BlControls controls = bl_libvirt_controls(&target);
        act->outcome = bl_actuate_step(act->journal, &controls, &act->step);
        controls_read(act, &target, &controls);
    }
    if (domain != NULL)
        virDomainFree(domain);
}

static void act_done(gpointer data, gpointer user_data)
{
    Act *act = data;
    BlDaemon *daemon = user_data;
    BlRecord *record = g_hash_table_lookup(daemon->records, act->step.uuid);
    if (record != NULL && record->generation == act->step.generation) {
        record_update(record, act);
        /* How a failed step left the field, the journal knows. */
        if (act->outcome.result == BL_OUTCOME_FAILED)
            record->holdings_pending = record->refresh_wanted = TRUE;
    }
    g_array_append_val(daemon->outcomes, act->outcome);
    /* What waits for the outcome need not wait for the clock. */
    bl_daemon_tick_soon(daemon);
    bl_fd_close(&act->cgroup_fd);
    virConnectClose(act->connection);
    g_free(act);
}

static void act_begin(BlDaemon *daemon, const BlStep *step, const BlRecord *record)
{
    Act *act = g_new0(Act, 1);
    act->step = *step;
    act->journal = daemon->journal;
    act->connection = daemon->connection;
    virConnectRef(act->connection);
    act->proc_fd = daemon->proc_fd;
    act->pid = record->pid;
    act->cgroup_fd = record->cgroup_fd >= 0 ? fcntl(record->cgroup_fd, F_DUPFD_CLOEXEC, 3) : -1;
    act->topology = bl_daemon_nodes_of(daemon->topology, record);
    g_autofree char *lane = bl_control_is_memory(step->field) ? bl_daemon_memory_lane(step->uuid)
                                                              : g_strdup(step->uuid);
    bl_workers_push(daemon->workers, lane, act_run, act_done, act);
}

void bl_daemon_steps(BlDaemon *daemon, const BlPlan *plan)
{
    bl_journal_forget(daemon->journal, plan->settled);
    for (guint i = 0; i < plan->steps->len; i++) {
        const BlStep *step = &g_array_index(plan->steps, BlStep, i);
        if (strcmp(step->uuid, BL_HOST_UUID) == 0) {
            bl_daemon_ksm_step(daemon, step);
            continue;
        }
        const BlRecord *record = g_hash_table_lookup(daemon->records, step->uuid);
        BlOutcome outcome;
        if (record != NULL && daemon->link == BL_LINK_UP) {
            act_begin(daemon, step, record);
            continue;
        }
        outcome = record == NULL ? refuse(step, BL_OUTCOME_VANISHED, "the domain has ended")
                                 : refuse(step, BL_OUTCOME_FAILED, "libvirt is not connected");
        g_array_append_val(daemon->outcomes, outcome);
    }
}
