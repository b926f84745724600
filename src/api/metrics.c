/* GET /metrics, of the daemon and the host: see metrics.h. */
#include "api/metrics.h"

#include <string.h>

#include "api/metrics-private.h"
#include "base/units.h"

static const gint64 tick_bounds_usec[BL_METRICS_TICK_BOUNDS] = {500,   1000,  2500,   5000,  10000,
                                                                25000, 50000, 100000, 250000};

void bl_metrics_tally_tick(BlMetricsTally *tally, gint64 usec)
{
    guint at = 0;
    while (at < BL_METRICS_TICK_BOUNDS && usec > tick_bounds_usec[at])
        at++;
    tally->ticks[at]++;
    tally->ticks_usec += usec;
}

void bl_metric_begin(BlExposition *exposition, BlMetric metric, BlMetricInfo *info)
{
    *info = bl_metric_info(metric);
    bl_exposition_family(exposition, &info->family);
}

static guint decimals_of(BlUnit unit)
{
    switch (unit) {
    case BL_UNIT_NSEC:
        return 9;
    case BL_UNIT_USEC:
        return 6;
    case BL_UNIT_PERMYRIAD:
    case BL_UNIT_PERMYRIAD_CORE:
        return 4;
    case BL_UNIT_NONE:
    case BL_UNIT_BYTES:
    case BL_UNIT_SEC:
        break;
    }
    return 0;
}

void bl_metric_put_field(BlExposition *exposition, const BlMetricInfo *info, const char *labels,
                         gint64 value)
{
    bl_exposition_put(exposition, labels, value,
                      decimals_of(bl_field_info(info->scope, info->field)->unit));
}

/* A family of one sample; negative is unknown. */
static void single(BlExposition *exposition, BlMetric metric, gint64 value, guint decimals)
{
    BlMetricInfo info;
    if (value < 0)
        return;
    bl_metric_begin(exposition, metric, &info);
    bl_exposition_put(exposition, NULL, value, decimals);
}

/* --- states: a sample for each, 1 for the one that is
 * ----------------------------------------------
 */

static void put_labelled(BlExposition *exposition, const char *key, const char *word, gint64 value)
{
    g_autoptr(GString) labels = g_string_new(NULL);
    bl_label_append(labels, key, word);
    bl_exposition_put(exposition, labels->str, value, 0);
}

static void put_boundary(BlExposition *exposition, const char *boundary, const char *state,
                         gboolean is)
{
    g_autoptr(GString) labels = g_string_new(NULL);
    bl_label_append(labels, "boundary", boundary);
    bl_label_append(labels, "state", state);
    bl_exposition_put(exposition, labels->str, is, 0);
}

static void boundaries(BlExposition *exposition, const BlView *view)
{
    BlMetricInfo info;
    guint known = 0, waiting = 0;
    for (guint i = 0; i < view->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(view->domains, i);
        known += bl_values_has(&domain->figures, BL_FIGURE_READY);
        waiting += bl_values_get(&domain->figures, BL_FIGURE_READY, -1) > view->ready_boundary;
    }
    bl_metric_begin(exposition, BL_METRIC_BOUNDARY_STATE, &info);
    if (known > 0) {
        put_boundary(exposition, "cpu", "clear", waiting == 0);
        put_boundary(exposition, "cpu", "contended", waiting > 0);
    }
    if (view->memory.state == BL_MEMORY_UNKNOWN)
        return;
    for (guint state = BL_MEMORY_CLEAR; state < BL_MEMORY_STATES; state++)
        put_boundary(exposition, "memory", bl_memory_state_name(state),
                     view->memory.state == state);
}

static void sharing(BlExposition *exposition, const BlSharingView *view)
{
    BlMetricInfo info;
    bl_metric_begin(exposition, BL_METRIC_SHARING_STATE, &info);
    for (guint state = BL_SHARING_OFF; view->state != BL_SHARING_UNKNOWN; state++) {
        if (state == BL_SHARING_STATES)
            break;
        put_labelled(exposition, "state", bl_sharing_state_name(state), view->state == state);
    }
    single(exposition, BL_METRIC_SHARING_SAVED, view->saved_bytes, 0);
    single(exposition, BL_METRIC_SHARING_CPU, view->cpu, 4);
}

/* --- the daemon ----------------------------------------------------------------------------------
 */

static void decisions(BlExposition *exposition, const BlMetricsTally *tally)
{
    BlMetricInfo info;
    bl_metric_begin(exposition, BL_METRIC_DECISIONS, &info);
    /* Also those that never were: a first failure is an increase then. */
    for (guint rule = 0; rule < BL_RULE_COUNT; rule++) {
        for (guint state = 0; state < BL_DECISION_STATES; state++) {
            g_autoptr(GString) labels = g_string_new(NULL);
            bl_label_append(labels, "rule", bl_rule_name(rule));
            bl_label_append(labels, "state", bl_decision_state_name(state));
            bl_exposition_put(exposition, labels->str, (gint64)tally->decisions[rule][state], 0);
        }
    }
}

static void cost(BlExposition *exposition, const BlMetricsFacts *facts)
{
    const BlMetricsTally *tally = facts->tally;
    const BlMetricsDaemon *daemon = facts->daemon;
    BlMetricInfo info;
    const BlHistogram ticks = {.bounds_usec = tick_bounds_usec,
                               .n_bounds = BL_METRICS_TICK_BOUNDS,
                               .counts = tally->ticks,
                               .sum_usec = tally->ticks_usec};
    bl_metric_begin(exposition, BL_METRIC_TICK_DURATION, &info);
    bl_exposition_put_histogram(exposition, &ticks);
    single(exposition, BL_METRIC_EXPOSITION_DURATION, daemon->exposition_usec, 6);
    bl_metric_begin(exposition, BL_METRIC_STORE_FAILURES, &info);
    put_labelled(exposition, "store", "decisions", (gint64)tally->store_failures);
    put_labelled(exposition, "store", "history", (gint64)tally->history_failures);
    single(exposition, BL_METRIC_PROCESS_CPU, daemon->process_cpu_usec, 6);
    single(exposition, BL_METRIC_PROCESS_RESIDENT, daemon->process_resident_bytes, 0);
    single(exposition, BL_METRIC_PROCESS_START, daemon->process_start_wall_usec, 6);
}

static void daemon_put(BlExposition *exposition, const BlMetricsFacts *facts)
{
    const BlView *view = facts->view;
    const BlMetricsDaemon *daemon = facts->daemon;
    BlMetricInfo info;
    bl_metric_begin(exposition, BL_METRIC_BUILD, &info);
    put_labelled(exposition, "version", BL_VERSION, 1);
    bl_metric_begin(exposition, BL_METRIC_MODE, &info);
    for (guint mode = 0; mode < BL_MODE_COUNT; mode++)
        put_labelled(exposition, "mode", bl_mode_name(mode), view->mode == mode);
    single(exposition, BL_METRIC_RELEASING, view->releasing, 0);
    single(exposition, BL_METRIC_LIBVIRT_CONNECTED, daemon->libvirt_connected, 0);
    single(exposition, BL_METRIC_INVENTORY_COMPLETE, daemon->inventory_complete, 0);
    single(exposition, BL_METRIC_POLICY_REFUSED, daemon->policy_refused, 0);
    single(exposition, BL_METRIC_POLICY_LOADED, daemon->policy_wall_usec, 6);
    if (view->wall_usec > 0)
        single(exposition, BL_METRIC_SAMPLE_TIME, view->wall_usec, 6);
    decisions(exposition, facts->tally);
    single(exposition, BL_METRIC_CHANGES, view->holdings, 0);
    single(exposition, BL_METRIC_PROPOSALS, view->proposals, 0);
    single(exposition, BL_METRIC_FROZEN, view->frozen, 0);
    cost(exposition, facts);
}

/* --- the host ------------------------------------------------------------------------------------
 */

static void host_fields(BlExposition *exposition, const BlValues *values)
{
    BlMetricInfo info;
    for (guint i = BL_METRIC_HOST_FIELDS; i < BL_METRIC_GUEST_RUNNING; i++) {
        bl_metric_begin(exposition, i, &info);
        if (bl_values_has(values, info.field))
            bl_metric_put_field(exposition, &info, NULL, values->value[info.field]);
    }
}

static void guests_counted(BlExposition *exposition, const BlView *view)
{
    guint states[BL_STATE_COUNT] = {0}, suffering = 0;
    BlMetricInfo info;
    for (guint i = 0; i < view->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(view->domains, i);
        states[domain->state]++;
        suffering += domain->suffers;
    }
    bl_metric_begin(exposition, BL_METRIC_GUESTS, &info);
    for (guint state = 0; state < BL_STATE_COUNT; state++)
        put_labelled(exposition, "state", bl_domain_state_name(state), states[state]);
    single(exposition, BL_METRIC_GUESTS_SUFFERING, suffering, 0);
}

static void host_put(BlExposition *exposition, const BlMetricsFacts *facts)
{
    const BlView *view = facts->view;
    single(exposition, BL_METRIC_HOST_CPUS, view->cpus, 0);
    single(exposition, BL_METRIC_HOST_CPU_BUSY, view->busy, 4);
    single(exposition, BL_METRIC_HOST_CPU_PRESSURE, view->psi_some, 4);
    single(exposition, BL_METRIC_HOST_RESERVED, view->reserved, 4);
    single(exposition, BL_METRIC_HOST_VCPUS, (gint64)view->vcpus, 0);
    single(exposition, BL_METRIC_HOST_OVERCOMMIT_LIMIT, view->overcommit_milli, 3);
    single(exposition, BL_METRIC_HOST_READY_BOUNDARY, view->ready_boundary, 4);
    boundaries(exposition, view);
    if (view->memory.state != BL_MEMORY_UNKNOWN) {
        single(exposition, BL_METRIC_HOST_MEMORY_CAPACITY, view->memory.capacity_bytes, 0);
        single(exposition, BL_METRIC_HOST_MEMORY_USED, view->memory.used_bytes, 0);
        single(exposition, BL_METRIC_HOST_MEMORY_TAKEN, view->memory.taken_bytes, 0);
        single(exposition, BL_METRIC_HOST_MEMORY_SHORT, view->memory.short_bytes, 0);
        single(exposition, BL_METRIC_HOST_MEMORY_PRESSED, view->memory.pressed, 0);
    }
    sharing(exposition, &view->sharing);
    guests_counted(exposition, view);
    host_fields(exposition, &facts->sample->host);
}

GBytes *bl_metrics_write(const BlMetricsFacts *facts, BlExpositionFormat format)
{
    g_autoptr(BlExposition) exposition = bl_exposition_new(format);
    daemon_put(exposition, facts);
    host_put(exposition, facts);
    bl_metrics_guests(exposition, facts);
    return bl_exposition_end(exposition);
}
