/* A domain as the engine knows it: see domain.h. */
#include "core/domain.h"

#include <string.h>

#include "base/units.h"

static void memory_forget(BlDomain *domain)
{
    domain->memory = (BlMemoryGuest){
        .working_set = -1,
        .swap_rate = -1,
        .reported_resident = -1,
        .overhead_most = -1,
        .target = -1,
        .wanted = -1,
    };
}

static BlDomain *subject_new(const char *uuid, guint first_control, guint end_control)
{
    BlDomain *domain = g_new0(BlDomain, 1);
    g_strlcpy(domain->uuid, uuid, sizeof domain->uuid);
    domain->threads = g_array_new(FALSE, TRUE, sizeof(BlThread));
    bl_blame_book_init(&domain->blame);
    domain->first_control = first_control;
    domain->end_control = end_control;
    domain->fields = g_new0(BlFieldState, end_control);
    memory_forget(domain);
    return domain;
}

BlDomain *bl_domain_new(const char *uuid)
{
    return subject_new(uuid, 0, BL_DOMAIN_CONTROLS);
}

BlDomain *bl_domain_new_host(void)
{
    BlDomain *host = subject_new(BL_HOST_UUID, BL_DOMAIN_CONTROLS, BL_CONTROLS);
    g_strlcpy(host->name, "host", sizeof host->name);
    return host;
}

void bl_domain_free(BlDomain *domain)
{
    if (domain == NULL)
        return;
    g_array_unref(domain->threads);
    bl_blame_book_clear(&domain->blame);
    g_free(domain->fields);
    g_free(domain->size.history);
    g_free(domain);
}

/* The tracks of threads that are still there move over; the sample's order is kept. */
static void threads_update(BlDomain *domain, const BlDomainSample *sample, gint64 now_usec)
{
    gboolean same = domain->threads->len == sample->threads->len;
    for (guint i = 0; same && i < sample->threads->len; i++)
        same = g_array_index(domain->threads, BlThread, i).tid ==
               g_array_index(sample->threads, BlThreadSample, i).tid;
    if (!same)
        g_array_set_size(domain->threads, 0);
    g_array_set_size(domain->threads, sample->threads->len);
    for (guint i = 0; i < sample->threads->len; i++) {
        const BlThreadSample *from = &g_array_index(sample->threads, BlThreadSample, i);
        BlThread *thread = &g_array_index(domain->threads, BlThread, i);
        thread->role = from->role;
        thread->index = from->index;
        thread->tid = from->tid;
        if (bl_values_has(&from->values, BL_THREAD_RUN_NSEC) &&
            bl_values_has(&from->values, BL_THREAD_DELAY_NSEC))
            bl_track_add(&thread->track, now_usec, from->values.value[BL_THREAD_RUN_NSEC],
                         from->values.value[BL_THREAD_DELAY_NSEC]);
        else
            bl_track_reset(&thread->track);
    }
}

void bl_domain_forget_counters(BlDomain *domain)
{
    g_array_set_size(domain->threads, 0);
    bl_track_reset(&domain->throttle);
    bl_blame_book_forget(&domain->blame);
    domain->devices = (BlDevicesGuest){0};
    domain->missed_ticks = 0;
    domain->size.minute_usec = 0;
}

static void forget(BlDomain *domain)
{
    bl_domain_forget_counters(domain);
    memset(domain->fields, 0, domain->end_control * sizeof *domain->fields);
    memset(&domain->triage, 0, sizeof domain->triage);
    memory_forget(domain);
    domain->size.interval_usec = 0;
    memset(&domain->placement, 0, sizeof domain->placement);
}

void bl_domain_update(BlDomain *domain, const BlDomainSample *sample, gint64 now_usec)
{
    if (domain->generation != sample->generation)
        forget(domain);
    domain->generation = sample->generation;
    domain->state = sample->state;
    domain->stale = sample->stale;
    domain->vcpus = sample->vcpus;
    domain->controls = sample->values;
    domain->placement.where = sample->where;
    if (strcmp(domain->name, sample->name) != 0)
        bl_name_copy(domain->name, sample->name);
    threads_update(domain, sample, now_usec);
    bl_blame_update(&domain->blame, sample, now_usec);
    bl_devices_update(&domain->devices, &sample->values, now_usec);
    if (bl_values_has(&sample->values, BL_DOMAIN_THROTTLED_NSEC))
        bl_track_add(&domain->throttle, now_usec, sample->values.value[BL_DOMAIN_THROTTLED_NSEC],
                     0);
    else
        bl_track_reset(&domain->throttle);
}

void bl_domain_update_host(BlDomain *host, const BlSample *sample)
{
    host->controls = sample->host_controls;
    for (guint f = host->first_control; f < host->end_control; f++)
        host->fields[f].want.active = FALSE;
    /* Not known which boot this is: what is held stays, and nothing is changed. */
    if (sample->host_generation == 0) {
        host->controls.present = 0;
        return;
    }
    if (host->generation != sample->host_generation)
        forget(host);
    host->generation = sample->host_generation;
    host->state = BL_STATE_RUNNING;
}

/* Run delay also grows while the own quota holds a thread back. Which thread was held is not
 * known, so the whole domain's throttled time is taken off each: contention is never overstated.
 * FALSE: throttling is unknown and may have happened, so contention is unknown too. */
static gboolean throttled_in(const BlDomain *domain, gint64 now_usec, gint64 window_usec,
                             BlGrowth *ret_growth)
{
    if (bl_track_growth(&domain->throttle, now_usec, window_usec, ret_growth))
        return TRUE;
    *ret_growth = (BlGrowth){0};
    return bl_values_get(&domain->controls, BL_DOMAIN_CPU_QUOTA, 0) == BL_QUOTA_NONE;
}

static void thread_figures(const BlThread *thread, gint64 now_usec, gint64 window_usec,
                           gboolean throttle_known, gint64 throttled_nsec, BlValues *ret_figures)
{
    BlGrowth growth;
    ret_figures->present = 0;
    if (!bl_track_growth(&thread->track, now_usec, window_usec, &growth))
        return;
    gint64 span_nsec = growth.span_usec * BL_NSEC_PER_USEC;
    /* No thread uses more than one core; the kernel's rounding may say so. */
    gint64 used = MIN(bl_permyriad_of(growth.first, span_nsec), BL_PERMYRIAD);
    bl_values_set(ret_figures, BL_FIGURE_USED, used);
    if (throttle_known) {
        gint64 ready = bl_permyriad_of(MAX(growth.second - throttled_nsec, 0), span_nsec);
        /* The delay of a long wait is booked when it ends: more than the window can show up. */
        bl_values_set(ret_figures, BL_FIGURE_READY, MIN(ready, BL_PERMYRIAD));
    }
}

void bl_domain_thread_figures(const BlDomain *domain, const BlThread *thread, gint64 now_usec,
                              gint64 window_usec, BlValues *ret_figures)
{
    BlGrowth throttled;
    gboolean known = throttled_in(domain, now_usec, window_usec, &throttled);
    thread_figures(thread, now_usec, window_usec, known, throttled.first, ret_figures);
}

static void worst_name(char *to, gsize size, const BlThread *thread)
{
    if (to == NULL)
        return;
    if (thread->role == BL_ROLE_EMULATOR)
        g_strlcpy(to, bl_thread_role_name(thread->role), size);
    else
        g_snprintf(to, size, "%s %u", bl_thread_role_name(thread->role), thread->index);
}

void bl_domain_figures(const BlDomain *domain, gint64 now_usec, gint64 window_usec,
                       BlValues *ret_figures, char *ret_worst_thread, gsize size)
{
    BlGrowth throttled;
    gboolean throttle_known = throttled_in(domain, now_usec, window_usec, &throttled);
    gint64 used = 0, waited = 0, worst = -1, service = -1, overall = -1, sum = 0;
    guint ready_vcpus = 0, known_threads = 0;

    ret_figures->present = 0;
    for (guint i = 0; i < domain->threads->len; i++) {
        const BlThread *thread = &g_array_index(domain->threads, BlThread, i);
        BlValues figures;
        thread_figures(thread, now_usec, window_usec, throttle_known, throttled.first, &figures);
        if (!bl_values_has(&figures, BL_FIGURE_USED))
            continue;
        known_threads++;
        used += figures.value[BL_FIGURE_USED];
        if (!bl_values_has(&figures, BL_FIGURE_READY))
            continue;
        gint64 ready = figures.value[BL_FIGURE_READY];
        waited += ready;
        if (thread->role == BL_ROLE_VCPU) {
            worst = MAX(worst, ready);
            sum += ready;
            ready_vcpus++;
        } else {
            service = MAX(service, ready);
        }
        gboolean counts = thread->role == BL_ROLE_VCPU || ready >= BL_SERVICE_WAIT;
        if (counts && ready > overall) {
            overall = ready;
            worst_name(ret_worst_thread, size, thread);
        }
    }
    if (ready_vcpus > 0) {
        bl_values_set(ret_figures, BL_FIGURE_READY, worst);
        bl_values_set(ret_figures, BL_FIGURE_READY_MEAN, sum / ready_vcpus);
    }
    if (service >= 0)
        bl_values_set(ret_figures, BL_FIGURE_READY_SERVICE, service);
    if (throttle_known && throttled.span_usec > 0)
        bl_values_set(ret_figures, BL_FIGURE_THROTTLED,
                      bl_permyriad_of(throttled.first, throttled.span_usec * BL_NSEC_PER_USEC));
    if (known_threads > 0 && known_threads == domain->threads->len) {
        bl_values_set(ret_figures, BL_FIGURE_USED, used);
        if (throttle_known)
            bl_values_set(ret_figures, BL_FIGURE_DEMAND, used + waited);
    }
}

gint64 bl_figures_wait(const BlValues *figures)
{
    gint64 ready = bl_values_get(figures, BL_FIGURE_READY, -1);
    gint64 service = bl_values_get(figures, BL_FIGURE_READY_SERVICE, -1);
    return service >= BL_SERVICE_WAIT ? MAX(ready, service) : ready;
}
