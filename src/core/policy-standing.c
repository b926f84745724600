/* Standing policy: what a class asks for all the time while enforcing: its weight, its limit, its
 * host CPUs. Free while CPUs are idle (weights are work-conserving), and the first rung of triage.
 */
#include <string.h>

#include "base/units.h"
#include "core/engine-private.h"

/* The smallest quota that the kernel takes is 1 ms per period. */
#define QUOTA_MIN_USEC 1000
/* The largest weight of cgroup v1; v2 has 10,000 and a default of 100 where v1 has 1,024. */
#define SHARES_MAX_V1 262144
#define SHARES_V2_DIVISOR 10
/* Of so many CPUs one is kept from guests in real time; one in any case. */
#define REALTIME_REST 4

/* The reason is large; it is made anew only when it has become another. */
static gboolean is_reason(const BlReason *reason, const BlDomain *domain, BlRule rule)
{
    return reason->rule == rule && strcmp(reason->domain, domain->name) == 0 &&
           strcmp(reason->domain_class, domain->class->name) == 0;
}

static void want(BlDomain *domain, BlDomainField field, gint64 value, BlRule rule)
{
    BlWant *wanted = &domain->fields[field].want;
    wanted->active = TRUE;
    wanted->value = value;
    wanted->expires_usec = 0;
    if (!is_reason(&wanted->reason, domain, rule))
        wanted->reason = bl_reason_of(domain, rule);
}

/* Shares are per vCPU, as in vSphere: a guest with more vCPUs weighs more. On cgroup v2 the scale
 * is another, and a standard vCPU (1000) lands on the default weight of everything else (100). */
static gint64 shares_of(const BlDomain *domain, gint64 shares_max)
{
    gint64 shares = domain->class->shares * domain->vcpus;
    if (shares_max < SHARES_MAX_V1)
        return CLAMP(shares / SHARES_V2_DIVISOR, 1, shares_max);
    return CLAMP(shares, 2, shares_max);
}

static gint64 host_cpus_mask(const BlEngine *engine)
{
    gint64 cpus = bl_values_get(&engine->host, BL_HOST_CPU_COUNT, 0);
    return cpus <= 0 || cpus >= 63 ? G_MAXINT64 : ((gint64)1 << cpus) - 1;
}

/* Real-time threads go before all others: so much of the host is left to the rest of it. */
static gint64 realtime_vcpus_most(const BlEngine *engine)
{
    gint64 cpus = bl_values_get(&engine->host, BL_HOST_CPU_COUNT, 0);
    return cpus - MAX(cpus / REALTIME_REST, 1);
}

/* Whoever comes first in line: guests of higher classes, then by UUID. */
static gboolean realtime_fits(const BlEngine *engine, const BlDomain *domain)
{
    gint64 most = realtime_vcpus_most(engine), vcpus = domain->vcpus;
    gboolean before = TRUE;
    for (guint i = 0; vcpus <= most && i < engine->domains->len; i++) {
        const BlDomain *other = g_ptr_array_index(engine->domains, i);
        before = before && other != domain;
        if (other != domain && other->class->cpu_realtime &&
            (other->class->rank < domain->class->rank ||
             (before && other->class->rank == domain->class->rank)))
            vcpus += other->vcpus;
    }
    return vcpus <= most;
}

/* Only where the kernel takes CPUs back from real-time threads that never rest; and not for a guest
 * with a limit of the administrator's, to which they would not be held, or one that pays for
 * others. */
static gboolean may_be_realtime(const BlEngine *engine, const BlDomain *domain)
{
    gint64 share = bl_values_get(&engine->host, BL_HOST_REALTIME, BL_PERMYRIAD);
    return share > 0 && share < BL_PERMYRIAD &&
           bl_values_get(&domain->controls, BL_DOMAIN_CPU_QUOTA, 0) == BL_QUOTA_NONE &&
           !domain->triage.engaged && realtime_fits(engine, domain);
}

void bl_policy_standing(const BlEngine *engine, BlDomain *domain)
{
    const BlClass *class = domain->class;
    if (domain->vcpus == 0)
        return;
    if (bl_values_has(&engine->host, BL_HOST_SHARES_MAX))
        want(domain, BL_DOMAIN_CPU_SHARES,
             shares_of(domain, engine->host.value[BL_HOST_SHARES_MAX]), BL_RULE_CLASS_SHARES);
    if (class->cpu_limit != BL_LIMIT_NONE) {
        gint64 quota =
            class->cpu_limit * domain->vcpus * (BL_QUOTA_PERIOD_USEC / 100) / (BL_PERMYRIAD / 100);
        /* The administrator's own limit stays the smaller one. */
        const BlFieldState *field = &domain->fields[BL_DOMAIN_CPU_QUOTA];
        gint64 own = field->held
                         ? field->original
                         : bl_values_get(&domain->controls, BL_DOMAIN_CPU_QUOTA, BL_QUOTA_NONE);
        if (own != BL_QUOTA_NONE)
            quota = MIN(quota, own);
        want(domain, BL_DOMAIN_CPU_QUOTA, MAX(quota, QUOTA_MIN_USEC), BL_RULE_CLASS_LIMIT);
    }
    if (class->cpu_realtime && may_be_realtime(engine, domain))
        want(domain, BL_DOMAIN_REALTIME, 1, BL_RULE_CLASS_REALTIME);
    gint64 pin = class->cpu_pin & host_cpus_mask(engine);
    if (class->cpu_pin != -1 && pin > 0)
        want(domain, BL_DOMAIN_VCPU_PIN, pin, BL_RULE_CLASS_CPUS);
}
