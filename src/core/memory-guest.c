/* What a guest's balloon statistics tell of its memory: working set, need, harm.
 *
 * The driver reports about once a second; between two reports its figures stand. The working set is
 * what the balloon leaves less what the guest could still give out; that holds whether or not the
 * guest's total shrinks with the balloon, which depends on the driver's features. While the balloon
 * moves, the report and the balloon's size are not of one instant, so the estimate waits until it
 * rests, unless the guest has nothing left. Harm (swap-in, major faults after a step) teaches a
 * margin, which is forgotten slowly: probe gently, back off fast (Weiner et al., "TMO: Transparent
 * Memory Offloading in Datacenters", ASPLOS 2022).
 */
#include "base/units.h"
#include "core/engine-private.h"

/* A balloon that moved no more than this between two reports rests. */
#define RESTS_BYTES (8 * BL_MIB)
/* A guest with less than this usable is starved. */
#define STARVED_BYTES (16 * BL_MIB)
#define STARVED_PART 32
/* Harm: so much swapped in, so many major faults, a second. */
#define SWAP_HARM_BYTES (BL_MIB / 4)
#define FAULTS_HARM 100
#define HARM_AFTER_USEC (60 * (gint64)BL_USEC_PER_SEC)
#define MARGIN_LEAST (16 * BL_MIB)
#define LEARN_EVERY_USEC (2 * (gint64)BL_USEC_PER_SEC)
#define FORGET_AFTER_USEC (60 * (gint64)BL_USEC_PER_SEC)
#define FORGET_EVERY_USEC (10 * (gint64)BL_USEC_PER_SEC)
#define GROWTH_FORGET_USEC (60 * (gint64)BL_USEC_PER_SEC)
/* A report so much later than a change knows of it. */
#define REPORT_USEC (1 * (gint64)BL_USEC_PER_SEC)
#define AGE_SEC 3
/* By so much two clocks may differ about the time between two reports. */
#define CLOCK_OFF_SEC 5
/* Before and while it is found to have more than it was told, it may have used that. */
#define ABOVE_WINDOW_USEC (2 * (gint64)BL_USEC_PER_SEC)
#define PLENTY_BYTES (64 * BL_MIB)
/* How long a report may be used to take memory, and to know anything at all. */
#define FRESH_USEC (3 * (gint64)BL_USEC_PER_SEC)
#define KNOWN_USEC (30 * (gint64)BL_USEC_PER_SEC)

static void amounts_check(BlValues *values)
{
    static const BlDomainField amounts[] = {
        BL_DOMAIN_BALLOON,       BL_DOMAIN_MEMORY_MAX,  BL_DOMAIN_MEMORY_RESIDENT,
        BL_DOMAIN_MEMORY_USABLE, BL_DOMAIN_MEMORY_FREE, BL_DOMAIN_MEMORY_CACHE,
        BL_DOMAIN_SWAP_IN,       BL_DOMAIN_SWAP_OUT,    BL_DOMAIN_MAJOR_FAULTS,
    };
    for (guint i = 0; i < G_N_ELEMENTS(amounts); i++) {
        gint64 value = bl_values_get(values, amounts[i], 0);
        if (value < 0 || value > BL_MEMORY_MAX)
            bl_values_clear(values, amounts[i]);
    }
}

static gint64 usable_of(const BlValues *values)
{
    /* Drivers older than the figure tell only what is free: then caches count as used. */
    return bl_values_get(values, BL_DOMAIN_MEMORY_USABLE,
                         bl_values_get(values, BL_DOMAIN_MEMORY_FREE, -1));
}

static void margin_learn(BlMemoryGuest *memory, gint64 max, gint64 now_usec)
{
    if (memory->margin > 0 && now_usec - memory->margin_usec < LEARN_EVERY_USEC)
        return;
    memory->margin = MIN(MAX(2 * memory->margin, MAX(max / 16, MARGIN_LEAST)), max / 2);
    memory->margin_usec = now_usec;
}

static void margin_forget(BlMemoryGuest *memory, gint64 now_usec)
{
    if (memory->margin == 0 || now_usec - memory->margin_usec < FORGET_AFTER_USEC)
        return;
    memory->margin = MAX(memory->margin - memory->margin / 8 - BL_MIB, 0);
    memory->margin_usec = now_usec - FORGET_AFTER_USEC + FORGET_EVERY_USEC;
}

/* Per second, since the last report; -1 when there is none or the counter began anew. */
static gint64 rate_of(gint64 before, gint64 now, gint64 span_usec)
{
    if (before < 0 || now < before || span_usec < BL_USEC_PER_SEC / 10)
        return -1;
    /* In milliseconds: both counters are below 2^50, so that nothing overflows. */
    return (now - before) * 1000 / MAX(span_usec / 1000, 1);
}

static void harm_judge(BlMemoryGuest *memory, const BlValues *values, gint64 now_usec)
{
    gint64 span = now_usec - memory->stats_usec;
    gint64 swapped = bl_values_get(values, BL_DOMAIN_SWAP_IN, -1);
    gint64 faults = bl_values_get(values, BL_DOMAIN_MAJOR_FAULTS, -1);
    gint64 max = bl_values_get(values, BL_DOMAIN_MEMORY_MAX, 0);
    memory->swap_rate = rate_of(memory->swapped_in, swapped, span);
    gint64 fault_rate = rate_of(memory->major_faults, faults, span);
    gboolean ours = memory->taken_usec > 0 && now_usec - memory->taken_usec < HARM_AFTER_USEC;
    gboolean swaps = memory->swap_rate > SWAP_HARM_BYTES;
    if (swaps || (ours && fault_rate > FAULTS_HARM))
        margin_learn(memory, max, now_usec);
    else
        margin_forget(memory, now_usec);
    memory->starved = memory->starved || swaps;
    memory->swapped_in = swapped;
    memory->major_faults = faults;
}

/* The most that it grew by from one report to the next, forgotten slowly. */
static void growth_learn(BlMemoryGuest *memory, gint64 before, gint64 span_usec, gint64 now_usec)
{
    gint64 rate = before >= 0 ? rate_of(before, memory->working_set, span_usec) : -1;
    memory->rising = MAX(rate, 0);
    if (rate >= memory->growth) {
        memory->growth = rate;
        memory->growth_usec = now_usec;
    } else if (now_usec - memory->growth_usec >= GROWTH_FORGET_USEC) {
        memory->growth -= memory->growth / 8;
        memory->growth_usec = now_usec;
    }
}

/* A balloon that was told something since the last report may have gone and come back: what it left
 * when the driver reported is not known. */
static gboolean was_told(const BlMemoryGuest *memory, const BlFieldState *field)
{
    return field->flying != 0 || (field->told_usec > 0 && field->told_usec >= memory->stats_usec);
}

static void report_take_in(BlDomain *domain, gint64 now_usec, gint64 wall_usec)
{
    BlMemoryGuest *memory = &domain->memory;
    const BlValues *values = &domain->controls;
    gboolean told = was_told(memory, &domain->fields[BL_DOMAIN_BALLOON]);
    gint64 actual = values->value[BL_DOMAIN_BALLOON], usable = usable_of(values);
    gboolean first = memory->stats_usec == 0;
    gboolean rests = first || ABS(actual - memory->reported_actual) <= RESTS_BYTES;
    memory->starved =
        usable >= 0 && usable < MAX(actual / STARVED_PART, MIN(STARVED_BYTES, actual / 8));
    if (first)
        memory->swapped_in = memory->major_faults = -1;
    gint64 before = first ? -1 : memory->working_set, span = now_usec - memory->stats_usec;
    harm_judge(memory, values, now_usec);
    if (usable < 0)
        memory->working_set = -1;
    else if (rests || memory->starved || memory->working_set < 0)
        memory->working_set = MAX(actual - usable, told ? MAX(memory->working_set, 0) : 0);
    growth_learn(memory, before, span, now_usec);
    memory->reported_actual = actual;
    /* The host's clock gives the report its time: one that is old when it is found is of a driver
     * that fell silent. */
    gint64 age = wall_usec / BL_USEC_PER_SEC - values->value[BL_DOMAIN_STATS_TIME];
    memory->rests = rests && !first && !told && ABS(age) <= AGE_SEC;
    bl_memory_resident_report(domain, now_usec, CLAMP(age, 0, AGE_SEC) * BL_USEC_PER_SEC, before);
    memory->stats_time = values->value[BL_DOMAIN_STATS_TIME];
    memory->stats_usec = MAX(now_usec - CLAMP(age, 0, AGE_SEC) * BL_USEC_PER_SEC, 1);
}

/* Since when the balloon has left the guest more than it was told to. */
static void above_judge(BlMemoryGuest *memory, const BlFieldState *field, const BlValues *values,
                        gint64 now_usec)
{
    gint64 most = field->high + bl_control_slack(BL_DOMAIN_BALLOON);
    if (!field->held || field->flying != 0 || values->value[BL_DOMAIN_BALLOON] <= most)
        memory->above_usec = memory->above_touched = 0;
    else if (memory->above_usec == 0)
        memory->above_usec = now_usec;
    if (memory->above_usec > 0)
        memory->above_touched =
            MAX(memory->above_touched, bl_memory_touched(memory, now_usec, ABOVE_WINDOW_USEC));
}

/* FALSE when the driver's clock tells another story than ours: then nothing connects this report
 * with the last one. */
static gboolean follows(const BlMemoryGuest *memory, gint64 stats_time, gint64 now_usec)
{
    gint64 span = (now_usec - memory->stats_usec) / BL_USEC_PER_SEC;
    return memory->stats_usec > 0 && stats_time > memory->stats_time &&
           stats_time - MAX(memory->stats_time, 0) <= span + CLOCK_OFF_SEC;
}

/* The report after a rise tells that it was need: what the guest took back is its own from now on,
 * whatever it does with it later. */
static void need_confirm(BlDomain *domain)
{
    BlMemoryGuest *memory = &domain->memory;
    if (memory->above_usec == 0 || memory->stats_usec < memory->above_usec + REPORT_USEC ||
        !bl_memory_may_take_back(domain))
        return;
    domain->fields[BL_DOMAIN_BALLOON].high = domain->controls.value[BL_DOMAIN_BALLOON];
    memory->above_usec = 0;
}

/* Memory was plugged in or out: what the balloon took stays taken, so that all that is told and
 * held of it moves along. What it uses shows in the reports to come. */
static void size_follow(BlDomain *domain)
{
    BlMemoryGuest *memory = &domain->memory;
    BlFieldState *field = &domain->fields[BL_DOMAIN_BALLOON];
    gint64 size = bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_MAX, memory->size);
    gint64 more = size - memory->size;
    gboolean changed = memory->size > 0 && more != 0;
    memory->size = size;
    if (!changed)
        return;
    bl_memory_forget_report(domain);
    if (!field->held && !field->returns)
        return;
    field->original = MAX(field->original + more, 1);
    field->value = MAX(field->value + more, 1);
    field->low = MAX(field->low + more, 0);
    field->high = MAX(field->high + more, 0);
    if (memory->wanted >= 0)
        memory->wanted = MAX(memory->wanted + more, 1);
}

void bl_memory_guest_update(BlDomain *domain, gint64 now_usec, gint64 wall_usec)
{
    BlMemoryGuest *memory = &domain->memory;
    BlValues *values = &domain->controls;
    if (!bl_values_has(values, BL_DOMAIN_BALLOON))
        return;
    amounts_check(values);
    /* A guest that stands still tells nothing, and afterwards it begins anew. */
    if (domain->state != BL_STATE_RUNNING)
        bl_memory_forget_report(domain);
    if (!bl_values_has(values, BL_DOMAIN_BALLOON) || domain->stale)
        return;
    size_follow(domain);
    bl_memory_resident_update(domain, now_usec);
    above_judge(memory, &domain->fields[BL_DOMAIN_BALLOON], values, now_usec);
    if (!bl_values_has(values, BL_DOMAIN_STATS_TIME) ||
        values->value[BL_DOMAIN_STATS_TIME] == memory->stats_time)
        return;
    if (!follows(memory, values->value[BL_DOMAIN_STATS_TIME], now_usec))
        memory->stats_usec = 0;
    report_take_in(domain, now_usec, wall_usec);
    need_confirm(domain);
}

void bl_memory_forget_report(BlDomain *domain)
{
    domain->memory.stats_usec = 0;
    domain->memory.rests = FALSE;
    domain->memory.reported_resident = -1;
}

gboolean bl_memory_is_known(const BlDomain *domain, gint64 now_usec)
{
    return bl_values_has(&domain->controls, BL_DOMAIN_BALLOON) &&
           bl_values_has(&domain->controls, BL_DOMAIN_MEMORY_MAX) &&
           domain->memory.stats_usec > 0 && domain->memory.working_set >= 0 &&
           now_usec - domain->memory.stats_usec <= KNOWN_USEC;
}

gboolean bl_memory_is_fresh(const BlDomain *domain, gint64 now_usec)
{
    return bl_memory_is_known(domain, now_usec) && domain->memory.rests &&
           now_usec - domain->memory.stats_usec <= FRESH_USEC;
}

gint64 bl_memory_usable(const BlDomain *domain)
{
    return usable_of(&domain->controls);
}

/* Whether it was need shows in the next report: who took back has little left, whoever was given by
 * somebody else has plenty. Unless it has gone through what it took meanwhile: that its host sees.
 */
gboolean bl_memory_may_take_back(const BlDomain *domain)
{
    const BlMemoryGuest *memory = &domain->memory;
    gint64 usable = usable_of(&domain->controls);
    gint64 actual = bl_values_get(&domain->controls, BL_DOMAIN_BALLOON, 0);
    gboolean judged =
        memory->above_usec > 0 && memory->stats_usec >= memory->above_usec + REPORT_USEC;
    return bl_values_get(&domain->controls, BL_DOMAIN_AUTODEFLATE, 0) == 1 &&
           (!judged || memory->starved || usable < MAX(actual / 8, PLENTY_BYTES) ||
            memory->above_touched >= (actual - domain->fields[BL_DOMAIN_BALLOON].high) / 2);
}
