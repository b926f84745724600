/* Page sharing (KSM): equal pages of guests are merged while memory fills up, for as long as that
 * pays.
 *
 * It comes before balloons: from ten points below the target on, until there has been plenty for a
 * while. The kernel's ksmd scans in bursts. Two whole scans begin a burst, because the first one
 * only learns which pages stay as they are; from then on each has to bring enough memory for its
 * CPU time, or ksmd rests, longer each time that it finds nothing. Guests that start or grow, and
 * memory that gets scarcer, end the rest. The yield, not a ladder of free memory as in ksmtuned,
 * decides, because merged pages stay merged when the scanning stops.
 *
 * The pace is ours and not the kernel's advisor's: that knows a time for a scan, but not what scans
 * bring, and when it is switched off it leaves the kernel's default in the place of what the
 * administrator had set. What somebody else governs (ksmtuned, the advisor, another ballastd, a
 * hand) is left to them.
 *
 * `run` is never set to 2, which gives every guest its own copy of every shared page at once: a
 * host that is short would swap, or kill. Stopped, pages come apart one by one, as they are
 * written to.
 */
#include <string.h>

#include "base/units.h"
#include "core/engine-private.h"

/* Below the target, permyriad: where it begins, and below that where it ends after a while. */
#define BELOW_TARGET 1000
#define BELOW_BEGIN 1000
#define PLENTY_USEC (300 * (gint64)BL_USEC_PER_SEC)
/* A scan pays when it brings so much for its CPU time: 16 MB a second, less than a hundredth of
 * what ksmd looks at meanwhile. */
#define PAYS_BYTES_PER_USEC 16
#define PAYS_LEAST BL_MIB
#define SCANS_FIRST 2
#define REST_USEC (60 * (gint64)BL_USEC_PER_SEC)
#define REST_MAX_USEC (1800 * (gint64)BL_USEC_PER_SEC)
#define REST_LEAST_USEC (10 * (gint64)BL_USEC_PER_SEC)
/* What ends a rest early: mergeable memory that grew by an eighth, use of the host by this. */
#define GROWN_LEAST (64 * BL_MIB)
#define SCARCER 500
/* The pace. ksmd looks at some pages, then sleeps for so long; nobody is in a greater hurry than a
 * whole scan in so much time. */
#define SLEEP_MSEC 20
#define SCAN_USEC (10 * (gint64)BL_USEC_PER_SEC)
#define PAGES_LEAST 100
#define PAGES_MOST 100000
#define PACE_EVERY_USEC (5 * (gint64)BL_USEC_PER_SEC)
/* Until it has been measured: what a page costs, and its size where the kernel has larger ones. */
#define PAGE_USEC 2
#define PAGE_BYTES 4096
#define CPU_EVERY_USEC (10 * (gint64)BL_USEC_PER_SEC)
#define CPU_WINDOW_USEC (300 * (gint64)BL_USEC_PER_SEC)
/* No host has more memory; more is a damaged reading. Of counters, too. */
#define BYTES_MAX ((gint64)1 << 50)
#define COUNTER_MAX ((gint64)1 << 60)

typedef struct {
    gint64 sharing, scans, cpu_nsec;
} Reading;

/* --- what is known -----------------------------------------------------------------------------
 */

static gint64 host_get(const BlEngine *engine, BlHostField field, gint64 most)
{
    gint64 value = bl_values_get(&engine->host, field, -1);
    return value >= 0 && value <= most ? value : -1;
}

static gboolean reading_get(const BlEngine *engine, Reading *ret_reading)
{
    ret_reading->sharing = host_get(engine, BL_HOST_KSM_SHARING, BYTES_MAX);
    ret_reading->scans = host_get(engine, BL_HOST_KSM_SCANS, COUNTER_MAX);
    ret_reading->cpu_nsec = host_get(engine, BL_HOST_KSM_CPU_NSEC, COUNTER_MAX);
    return ret_reading->sharing >= 0 && ret_reading->scans >= 0 && ret_reading->cpu_nsec >= 0;
}

/* What is not known may be. */
static gboolean is_mergeable(const BlDomain *domain)
{
    return bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_MERGEABLE, 1) != 0;
}

void bl_ksm_tenant_set(BlDomain *domain, const BlDomainSample *sample)
{
    static const char key[] = "tenant=";
    domain->tenant[0] = '\0';
    for (char **entry = sample->metadata; entry != NULL && *entry != NULL; entry++) {
        if (strncmp(*entry, key, strlen(key)) == 0)
            bl_name_copy(domain->tenant, *entry + strlen(key));
    }
}

/* Of a page that several share, each has its part; the kernel counts it with all of them. */
gint64 bl_ksm_saved(const BlEngine *engine, const BlDomain *domain)
{
    gint64 sharing = host_get(engine, BL_HOST_KSM_SHARING, BYTES_MAX);
    gint64 shared = host_get(engine, BL_HOST_KSM_SHARED, BYTES_MAX);
    gint64 own = bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_SHARED, -1);
    if (sharing < 0 || shared < 0 || own < 0 || own > BYTES_MAX)
        return -1;
    return bl_permyriad_part(own, bl_permyriad_of(sharing, sharing + shared));
}

void bl_ksm_take_in(BlEngine *engine)
{
    BlKsm *ksm = &engine->ksm;
    ksm->saved = ksm->mergeable = 0;
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        gint64 resident = bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_RESIDENT, 0);
        resident = CLAMP(resident, 0, BYTES_MAX);
        ksm->saved += CLAMP(bl_ksm_saved(engine, domain), 0, resident);
        ksm->mergeable += is_mergeable(domain) ? resident : 0;
    }
    ksm->saved = MIN(ksm->saved, BYTES_MAX);
    ksm->mergeable = MIN(ksm->mergeable, BYTES_MAX);
}

/* --- whether it may run ------------------------------------------------------------------------
 */

static void blockers_find(BlEngine *engine, const BlPolicy *policy)
{
    BlKsm *ksm = &engine->ksm;
    const BlDomain *first = NULL, *stranger = NULL;
    ksm->blocker = ksm->blocker_with = NULL;
    ksm->blockers = 0;
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (!is_mergeable(domain))
            continue;
        if (!domain->class->memory_sharing && ksm->blockers++ == 0)
            ksm->blocker = domain;
        if (first == NULL)
            first = domain;
        else if (stranger == NULL && strcmp(domain->tenant, first->tenant) != 0)
            stranger = domain;
    }
    if (ksm->blockers > 0 || stranger == NULL || policy->memory.tenants_together)
        return;
    ksm->blocker = first;
    ksm->blocker_with = stranger;
}

static const char *foreign_name(const BlEngine *engine)
{
    for (guint f = BL_DOMAIN_CONTROLS; f < BL_CONTROLS; f++) {
        if (engine->subject->fields[f].foreign)
            return bl_field_info(BL_SCOPE_DOMAIN, f)->name;
    }
    return NULL;
}

/* Who else governs; FALSE: nobody. */
static gboolean owner_write(const BlEngine *engine, char *owner)
{
    gint64 pid = bl_values_get(&engine->host, BL_HOST_KSM_OWNER_PID, 0);
    gint64 who = bl_values_get(&engine->host, BL_HOST_KSM_OWNER, BL_KSM_OWNER_NONE);
    const char *foreign = foreign_name(engine);
    owner[0] = '\0';
    const char *program = who == BL_KSM_OWNER_KSMTUNED  ? "ksmtuned"
                          : who == BL_KSM_OWNER_BALLAST ? "another ballastd"
                                                        : NULL;
    if (program != NULL && pid > 0)
        g_snprintf(owner, BL_NAME_SIZE, "%s (process %" G_GINT64_FORMAT ")", program, pid);
    else if (program != NULL)
        g_strlcpy(owner, program, BL_NAME_SIZE);
    else if (bl_values_get(&engine->host, BL_HOST_KSM_ADVISOR, 0) != 0)
        g_strlcpy(owner, "the kernel's advisor (advisor_mode)", BL_NAME_SIZE);
    else if (foreign != NULL)
        g_snprintf(owner, BL_NAME_SIZE, "somebody who set %s", foreign);
    return owner[0] != '\0';
}

static gboolean is_held(const BlEngine *engine)
{
    for (guint f = BL_DOMAIN_CONTROLS; f < BL_CONTROLS; f++) {
        if (engine->subject->fields[f].held)
            return TRUE;
    }
    return FALSE;
}

/* From the boundary on, until there has been enough for a while. Merging is what makes enough of
 * too little, and what is merged stays so when it ends. What an earlier run left held means that it
 * was needed a moment ago. */
static void need_judge(BlEngine *engine, const BlPolicy *policy)
{
    BlKsm *ksm = &engine->ksm;
    const BlMemoryHost *memory = &engine->memory;
    gint64 begin = MAX(policy->memory.target - BELOW_TARGET, 0);
    if (memory->used < 0)
        return;
    gint64 use = bl_permyriad_of(memory->used, memory->capacity);
    if (use >= begin) {
        ksm->needed = TRUE;
        ksm->plenty_usec = 0;
    } else if (use >= begin - BELOW_BEGIN) {
        ksm->needed = ksm->needed || is_held(engine);
        ksm->plenty_usec = 0;
    } else if (ksm->plenty_usec == 0) {
        ksm->plenty_usec = engine->now_usec;
    } else if (engine->now_usec - ksm->plenty_usec >= PLENTY_USEC) {
        ksm->needed = FALSE;
    }
}

static BlSharingState state_judge(BlEngine *engine, const BlPolicy *policy, Reading *ret_reading)
{
    BlKsm *ksm = &engine->ksm;
    char owner[BL_NAME_SIZE];
    gboolean known = reading_get(engine, ret_reading) &&
                     bl_values_has(&engine->host, BL_HOST_KSM_OWNER) &&
                     bl_values_has(&engine->subject->controls, BL_DOMAIN_KSM_RUN);
    blockers_find(engine, policy);
    need_judge(engine, policy);
    if (!policy->memory.sharing)
        return BL_SHARING_OFF;
    if (owner_write(engine, owner))
        return BL_SHARING_OTHERS;
    if (!known)
        return BL_SHARING_UNKNOWN;
    if (ksm->blocker != NULL)
        return BL_SHARING_BLOCKED;
    if (!ksm->needed || ksm->mergeable == 0)
        return BL_SHARING_PLENTY;
    return ksm->scanning ? BL_SHARING_SCANNING : BL_SHARING_RESTING;
}

/* --- bursts ------------------------------------------------------------------------------------
 */

static void mark(BlKsm *ksm, const Reading *reading)
{
    ksm->scans = reading->scans;
    ksm->sharing = reading->sharing;
    ksm->cpu_nsec = reading->cpu_nsec;
}

static void burst_begin(BlEngine *engine, const Reading *reading)
{
    BlKsm *ksm = &engine->ksm;
    ksm->scanning = TRUE;
    ksm->whole_scans = 0;
    ksm->paced_usec = 0;
    mark(ksm, reading);
}

static void burst_end(BlEngine *engine)
{
    BlKsm *ksm = &engine->ksm;
    ksm->scanning = FALSE;
    ksm->rested_usec = engine->now_usec;
    ksm->rest_wait_usec = CLAMP(2 * ksm->rest_wait_usec, REST_USEC, REST_MAX_USEC);
    ksm->rested_mergeable = ksm->mergeable;
    ksm->rested_use = bl_permyriad_of(engine->memory.used, engine->memory.capacity);
}

/* At the end of a whole scan: did it pay? */
static void burst_judge(BlEngine *engine, const Reading *reading)
{
    BlKsm *ksm = &engine->ksm;
    if (reading->scans < ksm->scans || reading->cpu_nsec < ksm->cpu_nsec)
        burst_begin(engine, reading);
    if (reading->scans == ksm->scans)
        return;
    ksm->whole_scans += (guint)MIN(reading->scans - ksm->scans, SCANS_FIRST);
    ksm->scans = reading->scans;
    if (ksm->whole_scans < SCANS_FIRST)
        return;
    ksm->gain_bytes = reading->sharing - ksm->sharing;
    ksm->spent_usec = (reading->cpu_nsec - ksm->cpu_nsec) / BL_NSEC_PER_USEC;
    mark(ksm, reading);
    if (ksm->gain_bytes < PAYS_LEAST || ksm->gain_bytes < ksm->spent_usec * PAYS_BYTES_PER_USEC)
        burst_end(engine);
    else
        ksm->rest_wait_usec = 0;
}

static gboolean rest_is_over(BlEngine *engine)
{
    BlKsm *ksm = &engine->ksm;
    gint64 rested = engine->now_usec - ksm->rested_usec;
    gint64 use = bl_permyriad_of(engine->memory.used, engine->memory.capacity);
    /* In the place of a guest that ended, a new one is growth. */
    ksm->rested_mergeable = MIN(ksm->rested_mergeable, ksm->mergeable);
    ksm->rested_use = MIN(ksm->rested_use, use);
    gint64 grown = ksm->mergeable - ksm->rested_mergeable;
    return ksm->rested_usec == 0 || rested >= ksm->rest_wait_usec ||
           (rested >= REST_LEAST_USEC && (grown >= MAX(ksm->rested_mergeable / 8, GROWN_LEAST) ||
                                          use >= ksm->rested_use + SCARCER));
}

/* --- the pace ----------------------------------------------------------------------------------
 */

static gint64 pages_of(gint64 pages, gint64 cpu, gint64 used)
{
    /* Of a period, `used` is for so many pages and the rest is sleep. */
    return pages * cpu * (BL_PERMYRIAD - used) / (used * (BL_PERMYRIAD - cpu));
}

/* While the pace has been in force for long enough: how many pages the CPU time allows. */
static void pace_measure(BlEngine *engine, const Reading *reading, gint64 cpu)
{
    BlKsm *ksm = &engine->ksm;
    const BlValues *controls = &engine->subject->controls;
    gboolean runs = bl_values_get(controls, BL_DOMAIN_KSM_RUN, 0) == 1 &&
                    bl_values_get(controls, BL_DOMAIN_KSM_PAGES, 0) == ksm->pages &&
                    bl_values_get(controls, BL_DOMAIN_KSM_SLEEP, 0) == SLEEP_MSEC;
    if (!runs || ksm->paced_usec == 0 || reading->cpu_nsec < ksm->paced_cpu_nsec) {
        ksm->paced_usec = engine->now_usec;
        ksm->paced_cpu_nsec = reading->cpu_nsec;
    }
    gint64 span = engine->now_usec - ksm->paced_usec;
    gint64 used_usec = (reading->cpu_nsec - ksm->paced_cpu_nsec) / BL_NSEC_PER_USEC;
    if (span < PACE_EVERY_USEC || used_usec == 0)
        return;
    ksm->paced_share = CLAMP(bl_permyriad_of(used_usec, span), 1, BL_PERMYRIAD - 1);
    gint64 most = CLAMP(pages_of(ksm->pages, cpu, ksm->paced_share), PAGES_LEAST, PAGES_MOST);
    if (ABS(most - ksm->pages_most) > ksm->pages_most / 4)
        ksm->pages_most = MIN(most, ksm->pages_most * 4);
    ksm->paced_usec = 0;
}

/* A change of less than a quarter is not worth a step. */
static void pace_set(BlEngine *engine, const BlPolicy *policy, const Reading *reading)
{
    BlKsm *ksm = &engine->ksm;
    gint64 cpu = policy->memory.sharing_cpu;
    if (ksm->pages_most == 0) {
        ksm->pages_most = SLEEP_MSEC * BL_USEC_PER_MSEC * cpu / (PAGE_USEC * (BL_PERMYRIAD - cpu));
        ksm->paced_share = -1;
    }
    if (ksm->scanning)
        pace_measure(engine, reading, cpu);
    gint64 hurry = ksm->mergeable / PAGE_BYTES * SLEEP_MSEC / (SCAN_USEC / BL_USEC_PER_MSEC);
    gint64 pages = CLAMP(MIN(ksm->pages_most, hurry), PAGES_LEAST, PAGES_MOST);
    if (ABS(pages - ksm->pages) > ksm->pages / 4)
        ksm->pages = pages;
}

/* --- wants -------------------------------------------------------------------------------------
 */

static void blocker_write(const BlKsm *ksm, BlReason *reason)
{
    if (ksm->blocker == NULL)
        return;
    if (ksm->blocker_with == NULL) {
        bl_name_copy(reason->victim, ksm->blocker->name);
        bl_name_copy(reason->victim_class, ksm->blocker->class->name);
        return;
    }
    char both[2 * BL_NAME_SIZE + 32];
    g_snprintf(both, sizeof both, "%s and %s, of different tenants,", ksm->blocker->name,
               ksm->blocker_with->name);
    bl_name_copy(reason->victim, both);
}

static BlReason reason_of(const BlEngine *engine, const BlPolicy *policy, BlRule rule)
{
    const BlKsm *ksm = &engine->ksm;
    BlReason reason = bl_reason_of(engine->subject, rule);
    reason.capacity_bytes = MAX(engine->memory.capacity, 0);
    reason.used_bytes = MAX(engine->memory.used, 0);
    reason.limit = policy->memory.target;
    if (rule == BL_RULE_SHARING_PACE) {
        reason.share = ksm->paced_share;
        reason.limit = policy->memory.sharing_cpu;
    } else if (rule == BL_RULE_SHARING_REST) {
        reason.used_bytes = MAX(ksm->gain_bytes, 0);
        reason.window_usec = ksm->spent_usec;
    } else if (rule == BL_RULE_SHARING_OTHERS) {
        owner_write(engine, reason.victim);
    } else if (rule == BL_RULE_SHARING_BLOCKED) {
        blocker_write(ksm, &reason);
    }
    return reason;
}

static void want(BlEngine *engine, const BlPolicy *policy, BlDomainField field, gint64 value,
                 BlRule rule)
{
    BlWant *wanted = &engine->subject->fields[field].want;
    if (wanted->reason.rule != rule || wanted->value != value || wanted->reason.domain[0] == '\0')
        wanted->reason = reason_of(engine, policy, rule);
    wanted->active = TRUE;
    wanted->value = value;
}

/* What is held and no longer wanted goes back, for this reason. */
static void let_go(BlEngine *engine, const BlPolicy *policy, BlRule rule)
{
    engine->ksm.scanning = FALSE;
    for (guint f = BL_DOMAIN_CONTROLS; f < BL_CONTROLS; f++) {
        BlFieldState *field = &engine->subject->fields[f];
        if (field->held && !field->want.active && field->undo_reason.rule != rule)
            field->undo_reason = reason_of(engine, policy, rule);
    }
}

static void govern(BlEngine *engine, const BlPolicy *policy, const Reading *reading)
{
    BlKsm *ksm = &engine->ksm;
    if (ksm->scanning)
        burst_judge(engine, reading);
    else if (rest_is_over(engine))
        burst_begin(engine, reading);
    pace_set(engine, policy, reading);
    ksm->state = ksm->scanning ? BL_SHARING_SCANNING : BL_SHARING_RESTING;
    want(engine, policy, BL_DOMAIN_KSM_PAGES, ksm->pages, BL_RULE_SHARING_PACE);
    want(engine, policy, BL_DOMAIN_KSM_SLEEP, SLEEP_MSEC, BL_RULE_SHARING_PACE);
    want(engine, policy, BL_DOMAIN_KSM_SMART, 1, BL_RULE_SHARING_PACE);
    if (bl_values_get(&engine->host, BL_HOST_NUMA_NODES, 1) > 1)
        want(engine, policy, BL_DOMAIN_KSM_ACROSS_NODES, 0, BL_RULE_SHARING_NODES);
    want(engine, policy, BL_DOMAIN_KSM_RUN, ksm->scanning,
         ksm->scanning ? BL_RULE_SHARING_SCAN : BL_RULE_SHARING_REST);
}

static void cpu_follow(BlEngine *engine, const Reading *reading)
{
    BlTrack *track = &engine->ksm.cpu;
    if (reading->cpu_nsec < 0)
        bl_track_reset(track);
    else if (track->count == 0 ||
             engine->now_usec - track->time_usec[track->newest] >= CPU_EVERY_USEC)
        bl_track_add(track, engine->now_usec, reading->cpu_nsec, 0);
}

/* In the first moments of a run nothing is known yet: what an earlier one set stays. */
static void keep(BlEngine *engine, const BlPolicy *policy)
{
    for (guint f = engine->subject->first_control; f < engine->subject->end_control; f++) {
        const BlFieldState *field = &engine->subject->fields[f];
        if (field->held)
            want(engine, policy, (BlDomainField)f, field->value, BL_RULE_SHARING_PACE);
    }
}

void bl_policy_ksm(BlEngine *engine, const BlPolicy *policy)
{
    BlKsm *ksm = &engine->ksm;
    Reading reading;
    ksm->state = state_judge(engine, policy, &reading);
    ksm->known = ksm->known || ksm->state != BL_SHARING_UNKNOWN;
    cpu_follow(engine, &reading);
    /* The kernel takes this setting only while nothing is shared. */
    engine->subject->fields[BL_DOMAIN_KSM_ACROSS_NODES].locked =
        host_get(engine, BL_HOST_KSM_SHARED, BYTES_MAX) > 0;
    switch (ksm->state) {
    case BL_SHARING_SCANNING:
    case BL_SHARING_RESTING:
        govern(engine, policy, &reading);
        break;
    case BL_SHARING_BLOCKED:
        want(engine, policy, BL_DOMAIN_KSM_RUN, 0, BL_RULE_SHARING_BLOCKED);
        let_go(engine, policy, BL_RULE_SHARING_BLOCKED);
        break;
    case BL_SHARING_OTHERS:
        let_go(engine, policy, BL_RULE_SHARING_OTHERS);
        break;
    case BL_SHARING_PLENTY:
        let_go(engine, policy, BL_RULE_SHARING_CALM);
        break;
    case BL_SHARING_UNKNOWN:
        if (ksm->known)
            let_go(engine, policy, BL_RULE_SHARING_OFF);
        else
            keep(engine, policy);
        break;
    case BL_SHARING_OFF:
    case BL_SHARING_STATES:
        let_go(engine, policy, BL_RULE_SHARING_OFF);
        break;
    }
}

/* --- the view ----------------------------------------------------------------------------------
 */

static void cpu_view(const BlTrack *track, BlSharingView *view)
{
    BlGrowth growth;
    view->cpu = -1;
    if (track->count == 0 ||
        !bl_track_growth(track, track->time_usec[track->newest], CPU_WINDOW_USEC, &growth))
        return;
    view->cpu = bl_permyriad_of(growth.first / BL_NSEC_PER_USEC, growth.span_usec);
    view->cpu_usec = growth.span_usec;
}

void bl_ksm_view(const BlEngine *engine, BlSharingView *view)
{
    const BlKsm *ksm = &engine->ksm;
    *view = (BlSharingView){
        .state = ksm->state,
        .saved_bytes = host_get(engine, BL_HOST_KSM_SHARING, BYTES_MAX),
        .rest_usec = MAX(ksm->rested_usec + ksm->rest_wait_usec - engine->now_usec, 0),
        .gain_bytes = MAX(ksm->gain_bytes, 0),
        .spent_usec = ksm->spent_usec,
        .blockers = ksm->blockers,
        .controls = engine->subject->controls,
    };
    /* What the kernel needs to know of the pages costs memory, too. */
    if (bl_values_has(&engine->host, BL_HOST_KSM_PROFIT))
        view->saved_bytes = CLAMP(engine->host.value[BL_HOST_KSM_PROFIT], 0, BYTES_MAX);
    cpu_view(&ksm->cpu, view);
    if (ksm->state == BL_SHARING_OTHERS)
        owner_write(engine, view->owner);
    view->across_nodes = bl_values_get(&engine->host, BL_HOST_NUMA_NODES, 1) > 1 &&
                         bl_values_get(&view->controls, BL_DOMAIN_KSM_ACROSS_NODES, 0) == 1;
    if (ksm->state != BL_SHARING_BLOCKED || ksm->blocker == NULL)
        return;
    bl_name_copy(view->blocker, ksm->blocker->name);
    bl_name_copy(view->blocker_class, ksm->blocker->class->name);
    if (ksm->blocker_with != NULL)
        bl_name_copy(view->blocker_with, ksm->blocker_with->name);
}
