/* Controls of a libvirt domain: see libvirt-control.h. */
#include "actuate/libvirt-control.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <unistd.h>

#include "actuate/balloon.h"
#include "actuate/nodes.h"
#include "actuate/realtime.h"
#include "base/fd.h"
#include "base/units.h"

/* The most that libvirt's protocol takes. */
#define PARAMS_MAX 16
#define PIN_CPUS_MAX 63
#define PIN_VCPUS_MAX 1024
#define KIB 1024
/* The largest quota that kernels take. On cgroup v2 libvirt tells it where there is none. */
#define QUOTA_MAX_USEC (((gint64)1 << 44) - 1)

/* --- reading -----------------------------------------------------------------------------------
 */

static gint64 param_integer(const virTypedParameter *param)
{
    switch (param->type) {
    case VIR_TYPED_PARAM_ULLONG:
        return param->value.ul > G_MAXINT64 ? -1 : (gint64)param->value.ul;
    case VIR_TYPED_PARAM_LLONG:
        return param->value.l;
    case VIR_TYPED_PARAM_UINT:
        return param->value.ui;
    case VIR_TYPED_PARAM_INT:
        return param->value.i;
    default:
        return 0;
    }
}

static const virTypedParameter *param_find(const virTypedParameter *params, int count,
                                           const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(params[i].field, name) == 0)
            return &params[i];
    }
    return NULL;
}

static void scheduler_read(const BlTarget *target, BlValues *values)
{
    virTypedParameter params[PARAMS_MAX] = {0};
    int count = PARAMS_MAX;
    if (virDomainGetSchedulerParametersFlags(target->domain, params, &count,
                                             VIR_DOMAIN_AFFECT_LIVE) < 0)
        return;
    const virTypedParameter *shares = param_find(params, count, VIR_DOMAIN_SCHEDULER_CPU_SHARES);
    const virTypedParameter *period = param_find(params, count, VIR_DOMAIN_SCHEDULER_GLOBAL_PERIOD);
    const virTypedParameter *quota = param_find(params, count, VIR_DOMAIN_SCHEDULER_GLOBAL_QUOTA);
    /* The kernel keeps no weight for a group in idle priority; what it shows then is not ours. */
    if (shares != NULL && param_integer(shares) > 0 &&
        bl_values_get(values, BL_DOMAIN_CPU_IDLE, 0) == 0)
        bl_values_set(values, BL_DOMAIN_CPU_SHARES, param_integer(shares));
    if (period != NULL && quota != NULL) {
        gint64 limit = param_integer(quota);
        if (limit <= 0 || limit >= QUOTA_MAX_USEC)
            bl_values_set(values, BL_DOMAIN_CPU_QUOTA, BL_QUOTA_NONE);
        else if (param_integer(period) == BL_QUOTA_PERIOD_USEC)
            bl_values_set(values, BL_DOMAIN_CPU_QUOTA, limit);
    }
}

static void idle_read(const BlTarget *target, BlValues *values)
{
    char text[16];
    gint64 idle = 0;
    if (target->cgroup_fd >= 0 &&
        bl_file_read_at(target->cgroup_fd, "cpu.idle", text, sizeof text) > 0 &&
        bl_integer_parse(text, &idle))
        bl_values_set(values, BL_DOMAIN_CPU_IDLE, idle);
}

static gint64 host_cpus(virDomainPtr domain)
{
    return virNodeGetCPUMap(virDomainGetConnect(domain), NULL, NULL, 0);
}

/* The mask of each vCPU, -1 for all CPUs; NULL when it cannot be told. The caller frees it. */
static GArray *pins_read(const BlTarget *target)
{
    gint64 cpus = host_cpus(target->domain);
    int vcpus = virDomainGetVcpusFlags(target->domain, VIR_DOMAIN_AFFECT_LIVE);
    if (cpus <= 0 || cpus > PIN_CPUS_MAX || vcpus <= 0 || vcpus > PIN_VCPUS_MAX)
        return NULL;
    int map_length = VIR_CPU_MAPLEN(cpus);
    g_autofree unsigned char *maps = g_malloc0((gsize)vcpus * (gsize)map_length);
    int got =
        virDomainGetVcpuPinInfo(target->domain, vcpus, maps, map_length, VIR_DOMAIN_AFFECT_LIVE);
    if (got <= 0)
        return NULL;
    GArray *masks = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (int i = 0; i < got; i++) {
        gint64 mask = 0;
        for (int cpu = 0; cpu < cpus; cpu++) {
            if (VIR_CPU_USABLE(maps, map_length, i, cpu))
                mask |= (gint64)1 << cpu;
        }
        if (mask == ((gint64)1 << cpus) - 1)
            mask = -1;
        g_array_append_val(masks, mask);
    }
    return masks;
}

static gboolean pins_are_between(const BlTarget *target, gint64 left, gint64 right)
{
    g_autoptr(GArray) masks = pins_read(target);
    for (guint i = 0; masks != NULL && i < masks->len; i++) {
        gint64 mask = g_array_index(masks, gint64, i);
        if (mask != left && mask != right)
            return FALSE;
    }
    return masks != NULL;
}

/* The mask that all vCPUs share; FALSE when they differ. */
static gboolean pin_read(const BlTarget *target, gint64 *ret_mask)
{
    g_autoptr(GArray) masks = pins_read(target);
    if (masks == NULL)
        return FALSE;
    *ret_mask = g_array_index(masks, gint64, 0);
    for (guint i = 1; i < masks->len; i++) {
        if (g_array_index(masks, gint64, i) != *ret_mask)
            return FALSE;
    }
    return TRUE;
}

/* Kernels keep a limit that nobody has set as a number too large for any memory. */
static gboolean soft_limit_read(virDomainPtr domain, gint64 *ret_bytes)
{
    virTypedParameter params[PARAMS_MAX] = {0};
    int count = PARAMS_MAX;
    if (virDomainGetMemoryParameters(domain, params, &count, VIR_DOMAIN_AFFECT_LIVE) < 0)
        return FALSE;
    const virTypedParameter *limit = param_find(params, count, VIR_DOMAIN_MEMORY_SOFT_LIMIT);
    if (limit == NULL || limit->type != VIR_TYPED_PARAM_ULLONG)
        return FALSE;
    *ret_bytes = limit->value.ul >= VIR_DOMAIN_MEMORY_PARAM_UNLIMITED
                     ? BL_SOFT_LIMIT_NONE
                     : (gint64)limit->value.ul * KIB;
    return TRUE;
}

/* Only a domain that runs or was paused by somebody can be told to pause or go on. */
static gboolean paused_read(virDomainPtr domain, gint64 *ret_paused)
{
    int state, reason;
    if (virDomainGetState(domain, &state, &reason, 0) < 0 ||
        (state != VIR_DOMAIN_RUNNING &&
         (state != VIR_DOMAIN_PAUSED || reason != VIR_DOMAIN_PAUSED_USER)))
        return FALSE;
    *ret_paused = state == VIR_DOMAIN_PAUSED;
    return TRUE;
}

/* What libvirt tells of a domain as a whole, one call a control. */
static gboolean domain_read(virDomainPtr domain, BlDomainField field, gint64 *ret_value)
{
    return field == BL_DOMAIN_PAUSED ? paused_read(domain, ret_value)
                                     : soft_limit_read(domain, ret_value);
}

void bl_controls_read(const BlTarget *target, BlValues *ret_values)
{
    static const BlDomainField whole[] = {BL_DOMAIN_SOFT_LIMIT, BL_DOMAIN_PAUSED};
    gint64 mask, value;
    idle_read(target, ret_values);
    scheduler_read(target, ret_values);
    if (pin_read(target, &mask))
        bl_values_set(ret_values, BL_DOMAIN_VCPU_PIN, mask);
    if (bl_realtime_read(target->proc_fd, target->pid, target->cgroup_fd, &value))
        bl_values_set(ret_values, BL_DOMAIN_REALTIME, value);
    for (guint i = 0; i < G_N_ELEMENTS(whole); i++) {
        if (domain_read(target->domain, whole[i], &value))
            bl_values_set(ret_values, whole[i], value);
    }
    if (target->topology != NULL && bl_nodes_read(target->domain, target->topology, &value))
        bl_values_set(ret_values, BL_DOMAIN_NODES, value);
    bl_balloon_facts(target->domain, ret_values);
    virResetLastError();
}

static gboolean control_read(gpointer data, BlDomainField field, gint64 *ret_value)
{
    const BlTarget *target = data;
    BlValues values = {0};
    gint64 mask;
    if (bl_control_is_memory(field))
        return bl_balloon_read(target->domain, field, ret_value);
    if (field == BL_DOMAIN_SOFT_LIMIT || field == BL_DOMAIN_PAUSED)
        return domain_read(target->domain, field, ret_value);
    if (field == BL_DOMAIN_REALTIME)
        return bl_realtime_read(target->proc_fd, target->pid, target->cgroup_fd, ret_value);
    if (field == BL_DOMAIN_NODES)
        return target->topology != NULL &&
               bl_nodes_read(target->domain, target->topology, ret_value);
    if (field == BL_DOMAIN_VCPU_PIN) {
        if (pin_read(target, &mask))
            bl_values_set(&values, field, mask);
    } else {
        idle_read(target, &values);
        if (field != BL_DOMAIN_CPU_IDLE)
            scheduler_read(target, &values);
    }
    *ret_value = bl_values_get(&values, field, 0);
    return bl_values_has(&values, field);
}

static gboolean control_is_between(gpointer data, BlDomainField field, gint64 left, gint64 right)
{
    const BlTarget *target = data;
    switch (field) {
    case BL_DOMAIN_NODES:
        return target->topology != NULL &&
               bl_nodes_are_between(target->domain, target->topology, left, right);
    case BL_DOMAIN_VCPU_PIN:
        return pins_are_between(target, left, right);
    case BL_DOMAIN_REALTIME:
        return bl_realtime_is_between(target->proc_fd, target->pid);
    default:
        return FALSE;
    }
}

/* --- writing -----------------------------------------------------------------------------------
 */

static gboolean libvirt_fail(const BlTarget *target, BlDomainField field, GError **error)
{
    /* A copy: to ask for the name forgets the error. */
    virErrorPtr last = virGetLastError();
    gboolean gone = last != NULL && last->code == VIR_ERR_NO_DOMAIN;
    g_autofree char *reason = last != NULL ? g_strdup(last->message) : NULL;
    g_set_error(error, G_IO_ERROR, gone ? G_IO_ERROR_NOT_FOUND : G_IO_ERROR_FAILED,
                "libvirt could not set %s of \"%s\": %s",
                bl_field_info(BL_SCOPE_DOMAIN, field)->name, virDomainGetName(target->domain),
                reason != NULL ? reason : "no reason given");
    return FALSE;
}

static gboolean scheduler_write(const BlTarget *target, BlDomainField field, gint64 value,
                                GError **error)
{
    virTypedParameterPtr params = NULL;
    int count = 0, room = 0, added;
    if (field == BL_DOMAIN_CPU_SHARES)
        added = virTypedParamsAddULLong(&params, &count, &room, VIR_DOMAIN_SCHEDULER_CPU_SHARES,
                                        (unsigned long long)value);
    else
        added = virTypedParamsAddLLong(&params, &count, &room, VIR_DOMAIN_SCHEDULER_GLOBAL_QUOTA,
                                       value);
    gboolean done = added == 0 && virDomainSetSchedulerParametersFlags(
                                      target->domain, params, count, VIR_DOMAIN_AFFECT_LIVE) == 0;
    virTypedParamsFree(params, count);
    return done || libvirt_fail(target, field, error);
}

static gboolean idle_write(const BlTarget *target, gint64 value, GError **error)
{
    g_auto(BlFd) fd = openat(target->cgroup_fd, "cpu.idle", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && bl_fd_write_all(fd, value != 0 ? "1" : "0", 1))
        return TRUE;
    int code = errno;
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code),
                "cannot write cpu.idle of \"%s\": %s", virDomainGetName(target->domain),
                g_strerror(code));
    return FALSE;
}

static gboolean pin_write(const BlTarget *target, gint64 value, GError **error)
{
    gint64 cpus = host_cpus(target->domain);
    int vcpus = virDomainGetVcpusFlags(target->domain, VIR_DOMAIN_AFFECT_LIVE);
    if (cpus <= 0 || cpus > PIN_CPUS_MAX || vcpus <= 0)
        return libvirt_fail(target, BL_DOMAIN_VCPU_PIN, error);
    unsigned char map[(PIN_CPUS_MAX + 7) / 8] = {0};
    for (int cpu = 0; cpu < cpus; cpu++) {
        if (value < 0 || ((value >> cpu) & 1) != 0)
            VIR_USE_CPU(map, cpu);
    }
    for (int i = 0; i < vcpus; i++) {
        if (virDomainPinVcpuFlags(target->domain, (unsigned)i, map, VIR_CPU_MAPLEN(cpus),
                                  VIR_DOMAIN_AFFECT_LIVE) != 0)
            return libvirt_fail(target, BL_DOMAIN_VCPU_PIN, error);
    }
    return TRUE;
}

static gboolean soft_limit_write(const BlTarget *target, gint64 value, GError **error)
{
    virTypedParameterPtr params = NULL;
    int count = 0, room = 0;
    unsigned long long limit =
        value < 0 ? VIR_DOMAIN_MEMORY_PARAM_UNLIMITED : (unsigned long long)value / KIB;
    gboolean done =
        virTypedParamsAddULLong(&params, &count, &room, VIR_DOMAIN_MEMORY_SOFT_LIMIT, limit) == 0 &&
        virDomainSetMemoryParameters(target->domain, params, count, VIR_DOMAIN_AFFECT_LIVE) == 0;
    virTypedParamsFree(params, count);
    return done || libvirt_fail(target, BL_DOMAIN_SOFT_LIMIT, error);
}

static gboolean paused_write(const BlTarget *target, gint64 value, GError **error)
{
    int failed = value != 0 ? virDomainSuspend(target->domain) : virDomainResume(target->domain);
    return failed == 0 || libvirt_fail(target, BL_DOMAIN_PAUSED, error);
}

static gboolean control_write(gpointer data, BlDomainField field, gint64 value, GError **error)
{
    const BlTarget *target = data;
    switch (field) {
    case BL_DOMAIN_CPU_SHARES:
    case BL_DOMAIN_CPU_QUOTA:
        return scheduler_write(target, field, value, error);
    case BL_DOMAIN_CPU_IDLE:
        return idle_write(target, value, error);
    case BL_DOMAIN_VCPU_PIN:
        return pin_write(target, value, error);
    case BL_DOMAIN_REALTIME:
        return bl_realtime_write(target->proc_fd, target->pid, value != 0, error);
    case BL_DOMAIN_BALLOON:
    case BL_DOMAIN_STATS_PERIOD:
        return bl_balloon_write(target->domain, field, value) == 0 ||
               libvirt_fail(target, field, error);
    case BL_DOMAIN_SOFT_LIMIT:
        return soft_limit_write(target, value, error);
    case BL_DOMAIN_PAUSED:
        return paused_write(target, value, error);
    case BL_DOMAIN_NODES:
        if (target->topology != NULL)
            return bl_nodes_write(target->domain, target->topology, value, error);
        G_GNUC_FALLTHROUGH;
    default:
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s cannot be written",
                    bl_field_info(BL_SCOPE_DOMAIN, field)->name);
        return FALSE;
    }
}

BlControls bl_libvirt_controls(BlTarget *target)
{
    return (BlControls){control_read, control_write, target, control_is_between};
}
