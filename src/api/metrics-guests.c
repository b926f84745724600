/* GET /metrics, of the guests: see metrics.h.
 *
 * Two series of the same labels would make Prometheus refuse all: a guest whose name another has,
 * too (as while two are renamed), is called by its UUID, and culprits of one name are one.
 */
#include <string.h>

#include "api/metrics-private.h"
#include "base/units.h"

typedef struct {
    const BlDomainView *view;
    const BlDomainSample *sample; /* NULL: not in it */
    char *labels;                 /* domain and class */
    char *domain;                 /* the domain alone */
} Guest;

typedef struct {
    BlExposition *exposition;
    GArray *guests; /* Guest */
} Guests;

static void guest_clear(gpointer data)
{
    Guest *guest = data;
    g_free(guest->labels);
    g_free(guest->domain);
}

static GArray *guests_new(const BlMetricsFacts *facts)
{
    GArray *guests = g_array_sized_new(FALSE, TRUE, sizeof(Guest), facts->view->domains->len);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    g_array_set_clear_func(guests, guest_clear);
    for (guint i = 0; i < facts->view->domains->len; i++) {
        const BlDomainView *view = g_ptr_array_index(facts->view->domains, i);
        const BlDomainSample *sample = bl_sample_find(facts->sample, view->uuid);
        /* The view's name may be cut. */
        const char *name = sample != NULL ? sample->name : view->name;
        g_autoptr(GString) labels = g_string_new(NULL);
        if (!g_hash_table_add(names, (gpointer)name))
            name = view->uuid;
        bl_label_append(labels, "domain", name);
        Guest guest = {.view = view, .sample = sample, .domain = g_strdup(labels->str)};
        bl_label_append(labels, "class", view->class_name);
        guest.labels = g_strdup(labels->str);
        g_array_append_val(guests, guest);
    }
    return guests;
}

static const Guest *guest_at(const Guests *guests, guint index)
{
    return &g_array_index(guests->guests, Guest, index);
}

/* --- one sample a guest --------------------------------------------------------------------------
 */

/* FALSE: it is not known. */
typedef gboolean (*GuestValue)(const Guest *guest, gint64 *ret_value);

static void family(const Guests *guests, BlMetric metric, GuestValue value_of, guint decimals)
{
    BlMetricInfo info;
    bl_metric_begin(guests->exposition, metric, &info);
    for (guint i = 0; i < guests->guests->len; i++) {
        const Guest *guest = guest_at(guests, i);
        gint64 value;
        if (value_of(guest, &value))
            bl_exposition_put(guests->exposition,
                              metric >= BL_METRIC_LIBVIRT_UP ? guest->domain : guest->labels, value,
                              decimals);
    }
}

static gboolean running_of(const Guest *guest, gint64 *ret_value)
{
    *ret_value = guest->view->state == BL_STATE_RUNNING;
    return guest->view->state != BL_STATE_UNKNOWN;
}

static gboolean stale_of(const Guest *guest, gint64 *ret_value)
{
    *ret_value = guest->view->stale;
    return TRUE;
}

static gboolean suffers_of(const Guest *guest, gint64 *ret_value)
{
    *ret_value = guest->view->suffers;
    return guest->view->objective >= 0 && bl_values_has(&guest->view->figures, BL_FIGURE_READY);
}

static gboolean vcpus_of(const Guest *guest, gint64 *ret_value)
{
    *ret_value = guest->view->vcpus;
    return guest->view->vcpus > 0;
}

static gboolean objective_of(const Guest *guest, gint64 *ret_value)
{
    *ret_value = guest->view->objective;
    return guest->view->objective >= 0;
}

static gboolean changes_of(const Guest *guest, gint64 *ret_value)
{
    *ret_value = guest->view->holdings;
    return TRUE;
}

static gboolean foreign_of(const Guest *guest, gint64 *ret_value)
{
    *ret_value = __builtin_popcount(guest->view->foreign);
    return TRUE;
}

static gboolean quota_of(const Guest *guest, gint64 *ret_value)
{
    *ret_value = bl_values_get(&guest->view->controls, BL_DOMAIN_CPU_QUOTA, BL_QUOTA_NONE) *
                 (BL_USEC_PER_SEC / BL_QUOTA_PERIOD_USEC);
    return *ret_value >= 0;
}

/* As libvirt numbers them. */
static gboolean libvirt_state_of(const Guest *guest, gint64 *ret_value)
{
    *ret_value = guest->view->state == BL_STATE_RUNNING ? 1 : 3;
    return guest->view->state != BL_STATE_UNKNOWN;
}

/* A sum of which a part is not known is not known. */
static gboolean threads_sum(const Guest *guest, BlThreadField field, gboolean vcpus_only,
                            gint64 *ret_value)
{
    *ret_value = 0;
    if (guest->sample == NULL || guest->sample->threads->len == 0)
        return FALSE;
    for (guint i = 0; i < guest->sample->threads->len; i++) {
        const BlThreadSample *thread = &g_array_index(guest->sample->threads, BlThreadSample, i);
        if (vcpus_only && thread->role != BL_ROLE_VCPU)
            continue;
        if (!bl_values_has(&thread->values, field))
            return FALSE;
        *ret_value += thread->values.value[field];
    }
    return TRUE;
}

static gboolean run_time_of(const Guest *guest, gint64 *ret_value)
{
    return threads_sum(guest, BL_THREAD_RUN_NSEC, TRUE, ret_value);
}

static gboolean delay_time_of(const Guest *guest, gint64 *ret_value)
{
    return threads_sum(guest, BL_THREAD_DELAY_NSEC, TRUE, ret_value);
}

static gboolean cpu_time_of(const Guest *guest, gint64 *ret_value)
{
    return threads_sum(guest, BL_THREAD_RUN_NSEC, FALSE, ret_value);
}

/* Figures and fields as they are; a control that limits nothing has no value. */
static void fields(const Guests *guests, guint first, guint end)
{
    BlMetricInfo info;
    for (guint metric = first; metric < end; metric++) {
        bl_metric_begin(guests->exposition, metric, &info);
        for (guint i = 0; i < guests->guests->len; i++) {
            const Guest *guest = guest_at(guests, i);
            const BlValues *values =
                info.scope == BL_SCOPE_FIGURE ? &guest->view->figures : &guest->view->controls;
            if (bl_values_has(values, info.field) && values->value[info.field] >= 0)
                bl_metric_put_field(guests->exposition, &info,
                                    metric >= BL_METRIC_LIBVIRT_UP ? guest->domain : guest->labels,
                                    values->value[info.field]);
        }
    }
}

/* --- a sample a vCPU -----------------------------------------------------------------------------
 */

static void vcpus(const Guests *guests, BlMetric metric, BlThreadField field)
{
    BlMetricInfo info;
    g_autoptr(GString) labels = g_string_new(NULL);
    bl_metric_begin(guests->exposition, metric, &info);
    for (guint i = 0; i < guests->guests->len; i++) {
        const Guest *guest = guest_at(guests, i);
        guint next = 0;
        for (guint t = 0; guest->sample != NULL && t < guest->sample->threads->len; t++) {
            const BlThreadSample *thread =
                &g_array_index(guest->sample->threads, BlThreadSample, t);
            /* Of two threads of one vCPU, while it is plugged, the first stands for it. */
            if (thread->role != BL_ROLE_VCPU || !bl_values_has(&thread->values, field) ||
                thread->index < next)
                continue;
            next = thread->index + 1;
            g_string_printf(labels, "%s,vcpu=\"%u\"", guest->domain, thread->index);
            bl_exposition_put(guests->exposition, labels->str, thread->values.value[field], 9);
        }
    }
}

/* --- blame ---------------------------------------------------------------------------------------
 */

static int waited_compare(gconstpointer a, gconstpointer b)
{
    const Guest *left = *(const Guest *const *)a, *right = *(const Guest *const *)b;
    if (left->view->blame_usec != right->view->blame_usec)
        return left->view->blame_usec > right->view->blame_usec ? -1 : 1;
    return strcmp(left->view->uuid, right->view->uuid);
}

/* Those of the guest's blames, largest first, that come before `count` others; one of a name that
 * stood before is added to it. */
static void culprits_put(const Guests *guests, const Guest *victim)
{
    const BlBlameView *kept[BL_METRICS_CULPRITS];
    gint64 sums[BL_METRICS_CULPRITS];
    guint count = 0;
    for (guint i = 0; i < victim->view->blames->len; i++) {
        const BlBlameView *blame = &g_array_index(victim->view->blames, BlBlameView, i);
        guint at = 0;
        while (at < count && (kept[at]->kind != blame->kind || strcmp(kept[at]->name, blame->name)))
            at++;
        if (at < count) {
            sums[at] += blame->waited_usec;
        } else if (count < BL_METRICS_CULPRITS) {
            kept[count] = blame;
            sums[count++] = blame->waited_usec;
        }
    }
    for (guint i = 0; i < count; i++) {
        g_autoptr(GString) labels = g_string_new(victim->labels);
        bl_label_append(labels, "kind", bl_culprit_kind_name(kept[i]->kind));
        bl_label_append(labels, "culprit", kept[i]->name);
        bl_exposition_put(guests->exposition, labels->str, sums[i], 6);
    }
}

static void blames(const Guests *guests)
{
    BlMetricInfo info;
    g_autoptr(GPtrArray) victims = g_ptr_array_new();
    for (guint i = 0; i < guests->guests->len; i++) {
        if (guest_at(guests, i)->view->blames->len > 0)
            g_ptr_array_add(victims, (gpointer)guest_at(guests, i));
    }
    g_ptr_array_sort(victims, waited_compare);
    bl_metric_begin(guests->exposition, BL_METRIC_GUEST_BLAME, &info);
    for (guint i = 0; i < MIN(victims->len, BL_METRICS_VICTIMS); i++)
        culprits_put(guests, g_ptr_array_index(victims, i));
}

static void libvirt_up(const Guests *guests, gboolean connected)
{
    BlMetricInfo info;
    bl_metric_begin(guests->exposition, BL_METRIC_LIBVIRT_UP, &info);
    bl_exposition_put(guests->exposition, NULL, connected, 0);
}

void bl_metrics_guests(BlExposition *exposition, const BlMetricsFacts *facts)
{
    g_autoptr(GArray) array = guests_new(facts);
    const Guests guests = {exposition, array};
    family(&guests, BL_METRIC_GUEST_RUNNING, running_of, 0);
    family(&guests, BL_METRIC_GUEST_STALE, stale_of, 0);
    family(&guests, BL_METRIC_GUEST_SUFFERS, suffers_of, 0);
    family(&guests, BL_METRIC_GUEST_VCPUS, vcpus_of, 0);
    family(&guests, BL_METRIC_GUEST_OBJECTIVE, objective_of, 4);
    family(&guests, BL_METRIC_GUEST_CHANGES, changes_of, 0);
    family(&guests, BL_METRIC_GUEST_FOREIGN, foreign_of, 0);
    family(&guests, BL_METRIC_GUEST_RUN_TIME, run_time_of, 9);
    family(&guests, BL_METRIC_GUEST_DELAY_TIME, delay_time_of, 9);
    family(&guests, BL_METRIC_GUEST_QUOTA, quota_of, 6);
    blames(&guests);
    fields(&guests, BL_METRIC_GUEST_FIELDS, BL_METRIC_LIBVIRT_UP);
    libvirt_up(&guests, facts->daemon->libvirt_connected);
    family(&guests, BL_METRIC_LIBVIRT_CPU_TIME, cpu_time_of, 9);
    family(&guests, BL_METRIC_LIBVIRT_VCPUS, vcpus_of, 0);
    family(&guests, BL_METRIC_LIBVIRT_STATE, libvirt_state_of, 0);
    vcpus(&guests, BL_METRIC_LIBVIRT_VCPU_TIME, BL_THREAD_RUN_NSEC);
    vcpus(&guests, BL_METRIC_LIBVIRT_VCPU_DELAY, BL_THREAD_DELAY_NSEC);
    fields(&guests, BL_METRIC_LIBVIRT_FIELDS, BL_METRIC_COUNT);
}
