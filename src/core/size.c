/* Right-sizing: see size.h.
 *
 * A percentile of a decaying histogram and a margin, as Autopilot's moving-window recommender has
 * it (Rzadca et al., EuroSys 2020). The margin grows with each interval in which it was not enough,
 * and shrinks again slowly: guests differ in how well their past tells their future. What is held
 * to be enough rises at once and falls only when there is something in it, so that it does not move
 * with every interval.
 */
#include "core/size.h"

#include "base/units.h"
#include "core/size-histogram.h"

#define INTERVALS_PER_HOUR 12
#define INTERVALS_PER_DAY (24 * INTERVALS_PER_HOUR)
/* A miss teaches so much, as long as the margin is below the most. */
#define MARGIN_STEP 1000
#define MARGIN_MOST 10000
/* What is held to be enough falls when it would fall by one part in so many. */
#define FALL_PART 8
/* Judged intervals are halved from so many on: what was missed long ago counts less. */
#define JUDGED_MOST (14 * INTERVALS_PER_DAY)
/* Advice is given from so many intervals on, and trusted more and more. */
#define LOW_FROM INTERVALS_PER_DAY
#define MEDIUM_FROM (3 * INTERVALS_PER_DAY)
#define HIGH_FROM (7 * INTERVALS_PER_DAY)
/* Trusted no more than low when it would have been missed that often, nor high above half. */
#define UNSTABLE 100
/* Memory is advised in such pieces, and not less of it. */
/* Fewer vCPUs were too few when they are used up more than this much of the time, this many
 * intervals at least, and this many times as often as those that there were before. */
#define HARM_SHARE 500
#define HARM_INTERVALS 3
#define HARM_TIMES 2
#define MEMORY_STEP_MIB 64
#define MEMORY_LEAST_MIB 256
/* What changes less than one part in so many of the memory is not worth a start. */
#define MEMORY_WORTH_PART 8

static const struct {
    const char *name;
    gint64 percentile, margin; /* permyriad */
} cares[BL_SIZE_CARES] = {
    {"careful", 9990, 5000},
    {"ordinary", 9930, 3500},
    {"thrifty", 9800, 1500},
};

const char *bl_size_care_name(BlSizeCare care)
{
    return care < BL_SIZE_CARES ? cares[care].name : "unknown";
}

BlSizeCare bl_size_care_of(const BlPolicy *policy, const BlClass *class)
{
    if (class->cpu_ready != BL_LIMIT_NONE && class->cpu_ready < policy->cpu.ready)
        return BL_SIZE_CAREFUL;
    return class->cpu_idle_allowed ? BL_SIZE_THRIFTY : BL_SIZE_ORDINARY;
}

/* --- demand ------------------------------------------------------------------------------------
 */

static gint64 margin_of(const BlSizeDemand *demand, BlSizeCare care)
{
    return cares[care].margin + demand->margin;
}

gint64 bl_size_demand_enough(const BlSizeDemand *demand, BlSizeCare care)
{
    gint64 high = bl_size_histogram_percentile(&demand->histogram, cares[care].percentile);
    if (high < 0)
        return 0;
    return (high * (BL_PERMYRIAD + margin_of(demand, care)) + BL_PERMYRIAD - 1) / BL_PERMYRIAD;
}

static void miss_learn(BlSizeDemand *demand)
{
    demand->margin = MIN(demand->margin + MARGIN_STEP, MARGIN_MOST);
    demand->calm = 0;
}

/* A quarter of what was learned goes for each day without a miss. */
static void margin_forget(BlSizeDemand *demand)
{
    if (++demand->calm < INTERVALS_PER_DAY)
        return;
    demand->margin -= (demand->margin + 3) / 4;
    demand->calm = 0;
}

static gboolean enough_judge(BlSizeDemand *demand, gint64 value, gboolean cut_off)
{
    gboolean missed = value > demand->enough || cut_off;
    demand->judged++;
    demand->missed += missed;
    if (demand->judged >= JUDGED_MOST) {
        demand->judged /= 2;
        demand->missed /= 2;
    }
    if (missed)
        miss_learn(demand);
    else
        margin_forget(demand);
    return missed;
}

void bl_size_demand_add(BlSizeDemand *demand, BlSizeCare care, gint64 value, gboolean cut_off)
{
    gboolean missed = demand->enough > 0 && enough_judge(demand, value, cut_off);
    bl_size_histogram_add(&demand->histogram, value);
    gboolean due = demand->histogram.observed % INTERVALS_PER_HOUR == 0;
    if (!missed && !due)
        return;
    gint64 enough = bl_size_demand_enough(demand, care);
    if (enough > demand->enough || enough < demand->enough - demand->enough / FALL_PART)
        demand->enough = enough;
}

static void demand_merge(BlSizeDemand *demand, const BlSizeDemand *kept)
{
    bl_size_histogram_merge(&demand->histogram, &kept->histogram);
    demand->enough = MAX(demand->enough, kept->enough);
    demand->margin = MAX(demand->margin, kept->margin);
    demand->judged = MIN(demand->judged + kept->judged, JUDGED_MOST - 1);
    demand->missed = MIN(demand->missed + kept->missed, demand->judged);
    demand->calm = MIN(demand->calm, kept->calm);
}

/* --- what a change has come to -------------------------------------------------------------------
 */

void bl_size_history_note(BlSizeHistory *history, guint vcpus, gboolean full, gint64 waited)
{
    BlSizeSpell *now = &history->now;
    if (now->vcpus != vcpus) {
        if (now->vcpus > 0)
            history->before = *now;
        *now = (BlSizeSpell){.vcpus = vcpus};
    }
    now->intervals++;
    now->full += full;
    now->waited += waited;
    if (now->intervals < JUDGED_MOST)
        return;
    now->intervals /= 2;
    now->full /= 2;
    now->waited /= 2;
}

/* A guest that came back with another number of vCPUs has begun anew. */
static void spells_merge(BlSizeHistory *history, const BlSizeHistory *kept)
{
    BlSizeSpell *now = &history->now;
    if (now->vcpus > 0 && now->vcpus != kept->now.vcpus) {
        if (kept->now.vcpus > 0)
            history->before = kept->now;
        return;
    }
    now->vcpus = kept->now.vcpus;
    now->intervals = MIN(now->intervals + kept->now.intervals, JUDGED_MOST - 1);
    now->full = MIN(now->full + kept->now.full, now->intervals);
    now->waited += kept->now.waited;
    history->before = kept->before;
}

void bl_size_history_merge(BlSizeHistory *history, const BlSizeHistory *kept)
{
    for (guint i = 0; i < BL_SIZE_RESOURCES; i++)
        demand_merge(&history->demands[i], &kept->demands[i]);
    spells_merge(history, kept);
}

/* --- advice ------------------------------------------------------------------------------------
 */

static BlConfidence confidence_of(const BlSizeAdvice *advice, guint32 observed)
{
    if (observed < LOW_FROM)
        return BL_CONFIDENCE_NONE;
    if (observed < MEDIUM_FROM || advice->missed > UNSTABLE)
        return BL_CONFIDENCE_LOW;
    return observed < HIGH_FROM || advice->missed > UNSTABLE / 2 ? BL_CONFIDENCE_MEDIUM
                                                                 : BL_CONFIDENCE_HIGH;
}

static void figures_fill(BlSizeAdvice *advice, const BlSizeDemand *demand, BlSizeCare care,
                         gint64 unit)
{
    const BlSizeHistogram *histogram = &demand->histogram;
    advice->verdict = BL_SIZE_UNKNOWN;
    advice->usual = advice->high = advice->enough = -1;
    advice->percentile = cares[care].percentile;
    advice->margin = margin_of(demand, care);
    advice->observed_usec = histogram->observed * BL_SIZE_INTERVAL_USEC;
    advice->missed = bl_permyriad_of(demand->missed, demand->judged);
    advice->confidence = confidence_of(advice, histogram->observed);
    gint64 high = bl_size_histogram_percentile(histogram, advice->percentile);
    if (high < 0)
        return;
    advice->usual = bl_size_histogram_percentile(histogram, BL_PERMYRIAD / 2) * unit;
    advice->high = high * unit;
    advice->enough = MAX(demand->enough, bl_size_demand_enough(demand, care)) * unit;
}

static void verdict_set(BlSizeAdvice *advice, gint64 wanted, gint64 least, gint64 most)
{
    gint64 has = advice->has;
    advice->advised = has;
    if (advice->confidence == BL_CONFIDENCE_NONE) {
        advice->verdict = BL_SIZE_EARLY;
        return;
    }
    advice->capped = wanted < least;
    advice->advised = CLAMP(wanted, MIN(least, has), MAX(most, has));
    advice->verdict = advice->advised < has   ? BL_SIZE_SHRINK
                      : advice->advised > has ? BL_SIZE_GROW
                                              : BL_SIZE_KEEP;
}

static gint64 rounded_up(gint64 value, gint64 step)
{
    return (value + step - 1) / step * step;
}

/* More vCPUs are for a guest that has used up those that it has, and not for one that takes
 * whatever it gets. */
static gboolean may_grow(const BlSizeAdvice *advice, const BlSizeFacts *facts)
{
    return facts->care != BL_SIZE_THRIFTY && facts->host_cpus > 0 &&
           advice->high >= facts->vcpus * BL_SIZE_FULL;
}

static void cpu_advise(BlSizeAdvice *advice, const BlSizeFacts *facts)
{
    advice->has = advice->advised = facts->vcpus;
    if (advice->enough < 0 || facts->vcpus < 1)
        return;
    gint64 wanted = MAX(rounded_up(advice->enough, BL_PERMYRIAD) / BL_PERMYRIAD, 1);
    gint64 most = may_grow(advice, facts) ? MIN(2 * facts->vcpus, facts->host_cpus) : facts->vcpus;
    verdict_set(advice, wanted, (facts->vcpus + 1) / 2, most);
}

static void memory_advise(BlSizeAdvice *advice, const BlSizeFacts *facts)
{
    gint64 has = facts->memory_bytes, step = MEMORY_STEP_MIB * BL_MIB;
    advice->has = advice->advised = has;
    if (advice->enough < 0 || has < 1)
        return;
    gint64 wanted = MAX(rounded_up(advice->enough, step), MIN(MEMORY_LEAST_MIB * BL_MIB, has));
    if (ABS(wanted - has) < has / MEMORY_WORTH_PART)
        wanted = has;
    gint64 most = facts->host_memory > 0 ? MIN(2 * has, facts->host_memory) : has;
    verdict_set(advice, wanted, MIN(rounded_up(has / 2, step), has), most);
}

void bl_size_recommend(const BlSizeHistory *history, const BlSizeFacts *facts,
                       BlSizeAdvice ret_advices[BL_SIZE_RESOURCES])
{
    BlSizeAdvice *cpu = &ret_advices[BL_SIZE_CPU], *memory = &ret_advices[BL_SIZE_MEMORY];
    *cpu = *memory = (BlSizeAdvice){0};
    figures_fill(cpu, &history->demands[BL_SIZE_CPU], facts->care,
                 BL_PERMYRIAD / BL_SIZE_CORE_UNITS);
    figures_fill(memory, &history->demands[BL_SIZE_MEMORY], facts->care, BL_MIB);
    cpu_advise(cpu, facts);
    memory_advise(memory, facts);
}

gboolean bl_size_has_harmed(const BlSizing *sizing)
{
    const BlSizeSpell *now = &sizing->now, *before = &sizing->before;
    if (now->intervals < BL_SIZE_EFFECT_INTERVALS || before->intervals < BL_SIZE_EFFECT_INTERVALS ||
        now->vcpus >= before->vcpus || now->full < HARM_INTERVALS)
        return FALSE;
    gint64 share = bl_permyriad_of(now->full, now->intervals);
    return share > HARM_SHARE &&
           share > HARM_TIMES * bl_permyriad_of(before->full, before->intervals);
}
