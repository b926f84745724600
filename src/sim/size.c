/* Right-sizing judged on recorded loads: see size.h. */
#include "sim/size.h"

#include "base/units.h"
#include "core/size.h"

typedef struct {
    const GArray *points;
    const BlSimSizeTerms *terms;
    BlSizeDemand demand; /* Ballast's memory of the guest */
    GArray *sorted;      /* all demand so far, for the others */
} Judge;

static const struct {
    const char *name;  /* NULL: that of its care */
    gint64 percentile; /* permyriad; -1: one of Ballast's */
    BlSizeCare care;
} rules[BL_SIM_SIZE_RULES] = {
    {"p95", 9500, 0},
    {"p99", 9900, 0},
    {"highest", BL_PERMYRIAD, 0},
    {NULL, -1, BL_SIZE_CAREFUL},
    {NULL, -1, BL_SIZE_ORDINARY},
    {NULL, -1, BL_SIZE_THRIFTY},
};

const char *bl_sim_size_rule_name(BlSimSizeRule rule)
{
    if (rule >= BL_SIM_SIZE_RULES)
        return "unknown";
    return rules[rule].name != NULL ? rules[rule].name : bl_size_care_name(rules[rule].care);
}

static gint64 point_at(const Judge *judge, guint at)
{
    return g_array_index(judge->points, gint64, at);
}

static gint64 divided_up(gint64 value, gint64 by)
{
    return (value + by - 1) / by;
}

/* A guest that is sized without regard to vCPUs is taken for one of a hundred cores. */
static gint64 cores_of(const Judge *judge)
{
    return judge->terms->vcpus > 0 ? judge->terms->vcpus : BL_PERMYRIAD / BL_SIZE_CORE_UNITS;
}

/* What the guest is to have for a demand that it should bear, permyriad. */
static gint64 size_for(const Judge *judge, gint64 permyriad)
{
    gint64 vcpus = judge->terms->vcpus;
    gint64 bounded = CLAMP(permyriad, 1, BL_PERMYRIAD);
    return vcpus > 0 ? divided_up(bounded * vcpus, BL_PERMYRIAD) * BL_PERMYRIAD / vcpus : bounded;
}

static int number_compare(gconstpointer a, gconstpointer b)
{
    const gint64 *left = a, *right = b;
    return *left < *right ? -1 : *left > *right;
}

static gint64 percentile_of(GArray *sorted, gint64 permyriad)
{
    g_array_sort(sorted, number_compare);
    gint64 rank = divided_up((gint64)sorted->len * permyriad, BL_PERMYRIAD);
    return g_array_index(sorted, gint64, MAX(rank, 1) - 1);
}

static gint64 size_now(const Judge *judge)
{
    gint64 percentile = rules[judge->terms->rule].percentile;
    if (percentile >= 0)
        return size_for(judge, percentile_of(judge->sorted, percentile));
    /* Nothing known: as the owner has it. */
    gint64 enough = judge->demand.enough;
    gint64 full = cores_of(judge) * BL_SIZE_CORE_UNITS;
    return enough > 0 ? size_for(judge, divided_up(enough * BL_PERMYRIAD, full)) : BL_PERMYRIAD;
}

static void point_learn(Judge *judge, gint64 demand, gint64 size)
{
    g_array_append_val(judge->sorted, demand);
    if (rules[judge->terms->rule].percentile >= 0)
        return;
    gint64 seen = MIN(demand, size);
    gboolean full = seen * BL_PERMYRIAD >= size * BL_SIZE_FULL;
    gint64 units = divided_up(seen * cores_of(judge) * BL_SIZE_CORE_UNITS, BL_PERMYRIAD);
    bl_size_demand_add(&judge->demand, rules[judge->terms->rule].care, units, full);
}

static void second_half_judge(Judge *judge, guint from, BlSimSizeFigures *sum)
{
    guint hold = judge->terms->hold, short_of = 0, length = judge->points->len - from;
    gint64 size = size_now(judge);
    for (guint i = 0; i < length; i++) {
        gint64 demand = point_at(judge, from + i);
        gint64 wanted = hold > 0 && i % hold == 0 ? size_now(judge) : size;
        sum->changes += wanted != size;
        size = wanted;
        short_of += demand > size;
        sum->slack += MAX(size - demand, 0);
        sum->owner_slack += BL_PERMYRIAD - demand;
        point_learn(judge, demand, size);
    }
    sum->guests++;
    sum->intervals += length;
    sum->short_of += short_of;
    sum->guests_short += short_of * 100 > length;
}

void bl_sim_size_judge(const GArray *points, const BlSimSizeTerms *terms, BlSimSizeFigures *sum)
{
    g_autoptr(GArray) sorted = g_array_new(FALSE, FALSE, sizeof(gint64));
    Judge judge = {.points = points, .terms = terms, .sorted = sorted};
    guint half = points->len / 2;
    if (half == 0)
        return;
    for (guint i = 0; i < half; i++)
        point_learn(&judge, point_at(&judge, i), BL_PERMYRIAD);
    second_half_judge(&judge, half, sum);
}
