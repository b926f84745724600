/* The cost of a placement and of changes to it: see placement-state.h. */
#include "core/placement-state.h"

#include <string.h>

#include "base/units.h"

/* Loops over levels are short and their length is known: unrolled they take two thirds. */
#define EACH_LEVEL(i) _Pragma("GCC unroll 5") for (guint i = 0; i < BL_PLACEMENT_LEVELS; i++)

/* --- what is lost --------------------------------------------------------------------------------
 */

/* Takes `load` of a node's levels, from the first on, and adds it, or takes it away (-1). */
static inline void levels_add(const gint64 *width, gint64 load, gint64 sign, gint64 *spent)
{
    EACH_LEVEL(i)
    {
        gint64 part = MIN(load, width[i]);
        spent[i] += sign * part;
        load -= part;
    }
}

/* What runs anywhere fills the cheapest levels of all nodes first. */
static inline gint64 levels_lose(const BlPlacementTable *table, const gint64 *spent,
                                 gint64 floating)
{
    gint64 lost = 0;
    EACH_LEVEL(i)
    {
        gint64 more = MIN(floating, table->width_all[i] - spent[i]);
        floating -= more;
        lost += (spent[i] + more) * table->slope[i];
    }
    return lost / 1000;
}

static gint64 tier_lost(BlPlacementTable *table, guint tier)
{
    BlPlacementState *state = &table->state;
    if (state->stale[tier])
        state->lost[tier] = levels_lose(table, state->spent[tier], state->floating[tier]);
    state->stale[tier] = FALSE;
    return state->lost[tier];
}

/* What a tier loses once the changes are made. */
static gint64 tier_lost_with(BlPlacementTable *table, guint tier, const BlChange *changes,
                             guint n_changes, guint64 loaded)
{
    const BlPlacementState *state = &table->state;
    gint64 floating = state->floating[tier];
    BlLevels spent;
    memcpy(spent, state->spent[tier], sizeof spent);
    for (guint i = 0; i < n_changes; i++) {
        if (tier == BL_TIER_ALL || changes[i].first)
            floating += changes[i].sign * changes[i].option->floating;
    }
    for (; loaded != 0; loaded &= loaded - 1) {
        guint node = (guint)__builtin_ctzll(loaded);
        gint64 load = state->load[tier][node];
        for (guint i = 0; i < n_changes; i++) {
            if (tier == BL_TIER_ALL || changes[i].first)
                load += changes[i].sign * changes[i].option->load[node];
        }
        if (load == state->load[tier][node])
            continue;
        levels_add(table->width[node], state->load[tier][node], -1, spent);
        levels_add(table->width[node], load, 1, spent);
        table->work += 2;
    }
    table->work++;
    return levels_lose(table, spent, floating);
}

static gint64 overflow_with(const BlPlacementTable *table, const BlChange *changes, guint n_changes,
                            guint64 touched)
{
    gint64 overflow = table->state.overflow;
    for (; touched != 0; touched &= touched - 1) {
        guint node = (guint)__builtin_ctzll(touched);
        gint64 before = table->state.memory[node] - table->capacity[node], after = before;
        for (guint i = 0; i < n_changes; i++)
            after += changes[i].sign * changes[i].option->memory[node];
        overflow += MAX(after, 0) - MAX(before, 0);
    }
    return overflow;
}

/* --- costs ---------------------------------------------------------------------------------------
 */

gint64 bl_placement_table_cost(BlPlacementTable *table)
{
    return table->state.own_cost + tier_lost(table, BL_TIER_ALL) +
           BL_PLACEMENT_FIRST_WEIGHT * tier_lost(table, BL_TIER_FIRST) +
           BL_PLACEMENT_OVERFLOW_COST * table->state.overflow;
}

gint64 bl_placement_table_cost_with(BlPlacementTable *table, const BlChange *changes,
                                    guint n_changes, gint64 limit)
{
    gint64 cost = table->state.own_cost;
    gboolean first = FALSE;
    guint64 touched = 0, loaded = 0;
    for (guint i = 0; i < n_changes; i++) {
        cost += changes[i].sign * changes[i].option->cost;
        touched |= changes[i].option->touched;
        loaded |= changes[i].option->loaded;
        first |= changes[i].first;
    }
    table->work += 2;
    cost += BL_PLACEMENT_OVERFLOW_COST * overflow_with(table, changes, n_changes, touched);
    if (!first)
        cost += BL_PLACEMENT_FIRST_WEIGHT * tier_lost(table, BL_TIER_FIRST);
    if (cost >= limit)
        return cost;
    cost += tier_lost_with(table, BL_TIER_ALL, changes, n_changes, loaded);
    if (first && cost < limit)
        cost += BL_PLACEMENT_FIRST_WEIGHT *
                tier_lost_with(table, BL_TIER_FIRST, changes, n_changes, loaded);
    return cost;
}

gint64 bl_placement_table_cost_put(BlPlacementTable *table, guint guest, guint at, gint64 limit)
{
    BlChange change = bl_placement_table_change(table, guest, at, 1);
    const BlPlacementOption *option = change.option;
    gint64 overflow =
        BL_PLACEMENT_OVERFLOW_COST * overflow_with(table, &change, 1, option->touched);
    gint64 own = table->state.own_cost + option->cost + overflow;
    gint64 all = tier_lost(table, BL_TIER_ALL);
    gint64 first = BL_PLACEMENT_FIRST_WEIGHT * tier_lost(table, BL_TIER_FIRST);
    table->work++;
    /* One guest more makes nobody lose less. */
    if (own + all + first >= limit)
        return limit;
    all = tier_lost_with(table, BL_TIER_ALL, &change, 1, option->loaded);
    if (change.first && own + all + first < limit)
        first = BL_PLACEMENT_FIRST_WEIGHT *
                tier_lost_with(table, BL_TIER_FIRST, &change, 1, option->loaded);
    return own + all + first;
}

/* --- changes -------------------------------------------------------------------------------------
 */

BlChange bl_placement_table_change(const BlPlacementTable *table, guint guest, guint at,
                                   gint64 sign)
{
    const BlChoice *choice = &table->choices[guest];
    return (BlChange){&choice->options[at], sign, choice->first};
}

static void tier_change(BlPlacementTable *table, guint tier, const BlChange *change)
{
    BlPlacementState *state = &table->state;
    state->floating[tier] += change->sign * change->option->floating;
    for (guint64 loaded = change->option->loaded; loaded != 0; loaded &= loaded - 1) {
        guint node = (guint)__builtin_ctzll(loaded);
        levels_add(table->width[node], state->load[tier][node], -1, state->spent[tier]);
        state->load[tier][node] += change->sign * change->option->load[node];
        levels_add(table->width[node], state->load[tier][node], 1, state->spent[tier]);
        table->work += 2;
    }
    state->stale[tier] = TRUE;
}

static void change_make(BlPlacementTable *table, const BlChange *change)
{
    BlPlacementState *state = &table->state;
    const BlPlacementOption *option = change->option;
    state->overflow = overflow_with(table, change, 1, option->touched);
    state->own_cost += change->sign * option->cost;
    for (guint64 touched = option->touched; touched != 0; touched &= touched - 1) {
        guint node = (guint)__builtin_ctzll(touched);
        state->memory[node] += change->sign * option->memory[node];
    }
    tier_change(table, BL_TIER_ALL, change);
    if (change->first)
        tier_change(table, BL_TIER_FIRST, change);
}

void bl_placement_table_take(BlPlacementTable *table, guint guest)
{
    BlChange change = bl_placement_table_change(table, guest, table->choices[guest].at, -1);
    change_make(table, &change);
}

void bl_placement_table_put(BlPlacementTable *table, guint guest, guint at)
{
    BlChange change = bl_placement_table_change(table, guest, at, 1);
    table->choices[guest].at = at;
    change_make(table, &change);
}

void bl_placement_table_choose(BlPlacementTable *table, guint guest, guint at)
{
    if (at == table->choices[guest].at)
        return;
    bl_placement_table_take(table, guest);
    bl_placement_table_put(table, guest, at);
}

/* --- beginning and end ---------------------------------------------------------------------------
 */

static void nodes_start(BlPlacementTable *table)
{
    const BlPlacement *placement = table->placement;
    for (guint i = 0; i < placement->n_nodes; i++) {
        BlPlacementLevel levels[BL_PLACEMENT_LEVELS];
        bl_placement_levels(&placement->nodes[i], levels);
        table->capacity[i] = placement->nodes[i].memory_bytes / BL_MIB;
        for (guint j = 0; j < BL_PLACEMENT_LEVELS; j++) {
            table->width[i][j] = levels[j].width;
            table->slope[j] = levels[j].slope;
            if (j + 1 < BL_PLACEMENT_LEVELS)
                table->width_all[j] += levels[j].width;
        }
    }
    table->width_all[BL_PLACEMENT_LEVELS - 1] = G_MAXINT64;
}

void bl_placement_table_start(BlPlacementTable *table, const BlPlacement *placement)
{
    memset(table, 0, sizeof *table);
    table->placement = placement;
    table->choices = g_new0(BlChoice, placement->n_guests);
    nodes_start(table);
    for (guint i = 0; i < placement->n_guests; i++) {
        BlChoice *choice = &table->choices[i];
        BlPlacementOption options[BL_PLACEMENT_OPTIONS];
        choice->first = placement->guests[i].first;
        choice->n_options = bl_placement_options(placement, &placement->guests[i], options);
        choice->options = g_memdup2(options, choice->n_options * sizeof *options);
        bl_placement_table_put(table, i, 0);
    }
}

void bl_placement_table_end(BlPlacementTable *table)
{
    for (guint i = 0; i < table->placement->n_guests; i++)
        g_free(table->choices[i].options);
    g_free(table->choices);
}

gint64 bl_placement_cost(const BlPlacement *placement, const guint64 *nodes)
{
    BlPlacementTable table;
    bl_placement_table_start(&table, placement);
    for (guint i = 0; i < placement->n_guests; i++) {
        const BlChoice *choice = &table.choices[i];
        for (guint at = 0; at < choice->n_options; at++) {
            if (choice->options[at].nodes == nodes[i])
                bl_placement_table_choose(&table, i, at);
        }
    }
    gint64 cost = bl_placement_table_cost(&table);
    bl_placement_table_end(&table);
    return cost;
}
