/* The search for a placement: see placement.h.
 *
 * Where there are few combinations all are tried. Else three
 * starts (as it is; guest by guest, the largest or the one with most memory first) go
 * downhill by moves of one guest and exchanges of two. Then some guests at a time are taken out and
 * put back one by one where each costs least, which stands when it is not much worse than before,
 * and ever less so until the budget is used up (ruin and recreate: Schrimpf et al., Journal of
 * Computational Physics 159, 2000; with a threshold, as Dueck and Scheuer's). Who is taken out is
 * drawn from a fixed sequence, so that the same input has the same result.
 */
#include "core/placement.h"

#include <string.h>

#include "base/units.h"

/* Changes that are tried, so that a host takes less than a millisecond. A descent is not begun
 * beyond it, and one pass of a large host may be more. */
#define BUDGET 14000
/* And for each place that some guest has; small hosts need less. */
#define BUDGET_A_PLACE 300
/* Of all the last go downhill from the best. */
#define LAST_DIVISOR 14
/* With no more combinations than this all are tried. */
#define ALL_TRIED 4096
/* Guests that are taken out at a time. */
#define RUINED_LEAST 2
#define RUINED_MOST 8
/* A place is overlooked once in so many times. */
#define BLINK_ONE_IN 8
/* The threshold begins at the mean cost of a guest through this. */
#define THRESHOLD_DIVISOR 2

/* Who waits for whom: those that are first in line among themselves, and all. */
enum { TIER_FIRST, TIER_ALL, TIERS };

typedef struct {
    BlPlacementOption *options;
    guint n_options;
    guint at; /* the one that is chosen */
} Choice;

/* An option that is to be added (1) or taken away (-1). */
typedef struct {
    const BlPlacementOption *option;
    gint64 sign;
    gboolean first;
} Change;

typedef gint64 Levels[BL_PLACEMENT_LEVELS];

typedef struct {
    const BlPlacement *placement;
    Choice *choices;
    guint *movable; /* guests that have a choice, the largest first */
    guint n_movable;
    BlPlacementLevel levels[BL_PLACEMENT_NODES][BL_PLACEMENT_LEVELS];
    gint64 capacity[BL_PLACEMENT_NODES]; /* MiB */
    Levels width;                        /* of all nodes */
    /* Of what is chosen. */
    gint64 own_cost;
    gint64 load[TIERS][BL_PLACEMENT_NODES];
    gint64 memory[BL_PLACEMENT_NODES];
    gint64 floating[TIERS];
    Levels spent[TIERS][BL_PLACEMENT_NODES]; /* of each level, on each node */
    Levels spent_all[TIERS];
    gint64 lost[TIERS];
    gint64 overflow; /* MiB */
    guint tried, budget;
    guint64 drawn;
} Search;

/* --- the cost of what is chosen --------------------------------------------------------------- */

static void levels_fill(const BlPlacementLevel *levels, gint64 load, gint64 *ret_spent)
{
    for (guint i = 0; i < BL_PLACEMENT_LEVELS; i++) {
        ret_spent[i] = MIN(load, levels[i].width);
        load -= ret_spent[i];
    }
}

/* What runs anywhere fills the cheapest levels of all nodes first. */
static gint64 levels_lose(const Search *search, const gint64 *spent, gint64 floating)
{
    gint64 lost = 0;
    for (guint i = 0; i < BL_PLACEMENT_LEVELS; i++) {
        gint64 more = MIN(floating, search->width[i] - spent[i]);
        floating -= more;
        lost += (spent[i] + more) * search->levels[0][i].slope;
    }
    return lost / 1000;
}

/* What a tier loses once the changes are made. */
static gint64 tier_lose(const Search *search, guint tier, const Change *changes, guint n_changes,
                        guint64 touched)
{
    Levels all, spent;
    gint64 floating = search->floating[tier];
    memcpy(all, search->spent_all[tier], sizeof all);
    for (guint i = 0; i < n_changes; i++) {
        if (tier == TIER_ALL || changes[i].first)
            floating += changes[i].sign * changes[i].option->floating;
    }
    for (; touched != 0; touched &= touched - 1) {
        guint node = (guint)__builtin_ctzll(touched);
        gint64 load = search->load[tier][node];
        for (guint i = 0; i < n_changes; i++) {
            if (tier == TIER_ALL || changes[i].first)
                load += changes[i].sign * changes[i].option->load[node];
        }
        if (load == search->load[tier][node])
            continue;
        levels_fill(search->levels[node], load, spent);
        for (guint i = 0; i < BL_PLACEMENT_LEVELS; i++)
            all[i] += spent[i] - search->spent[tier][node][i];
    }
    return levels_lose(search, all, floating);
}

static gint64 overflow_with(const Search *search, const Change *changes, guint n_changes,
                            guint64 touched)
{
    gint64 overflow = search->overflow;
    for (; touched != 0; touched &= touched - 1) {
        guint node = (guint)__builtin_ctzll(touched);
        gint64 before = search->memory[node] - search->capacity[node], after = before;
        for (guint i = 0; i < n_changes; i++)
            after += changes[i].sign * changes[i].option->memory[node];
        overflow += MAX(after, 0) - MAX(before, 0);
    }
    return overflow;
}

/* The cost once the changes are made. */
static gint64 cost_with(Search *search, const Change *changes, guint n_changes)
{
    gint64 cost = search->own_cost;
    gboolean first = FALSE;
    guint64 touched = 0;
    search->tried++;
    for (guint i = 0; i < n_changes; i++) {
        cost += changes[i].sign * changes[i].option->cost;
        touched |= changes[i].option->touched;
        first |= changes[i].first;
    }
    cost += tier_lose(search, TIER_ALL, changes, n_changes, touched);
    cost += BL_PLACEMENT_FIRST_WEIGHT *
            (first ? tier_lose(search, TIER_FIRST, changes, n_changes, touched)
                   : search->lost[TIER_FIRST]);
    return cost + BL_PLACEMENT_OVERFLOW_COST * overflow_with(search, changes, n_changes, touched);
}

static gint64 cost_now(const Search *search)
{
    return search->own_cost + search->lost[TIER_ALL] +
           BL_PLACEMENT_FIRST_WEIGHT * search->lost[TIER_FIRST] +
           BL_PLACEMENT_OVERFLOW_COST * search->overflow;
}

static void tier_change(Search *search, guint tier, const Change *change)
{
    search->floating[tier] += change->sign * change->option->floating;
    for (guint64 touched = change->option->touched; touched != 0; touched &= touched - 1) {
        guint node = (guint)__builtin_ctzll(touched);
        gint64 *spent = search->spent[tier][node];
        for (guint i = 0; i < BL_PLACEMENT_LEVELS; i++)
            search->spent_all[tier][i] -= spent[i];
        search->load[tier][node] += change->sign * change->option->load[node];
        levels_fill(search->levels[node], search->load[tier][node], spent);
        for (guint i = 0; i < BL_PLACEMENT_LEVELS; i++)
            search->spent_all[tier][i] += spent[i];
    }
    search->lost[tier] = levels_lose(search, search->spent_all[tier], search->floating[tier]);
}

static Change change_of(const Search *search, guint guest, guint at, gint64 sign)
{
    return (Change){&search->choices[guest].options[at], sign,
                    search->placement->guests[guest].first};
}

static void change_make(Search *search, const Change *change)
{
    search->overflow = overflow_with(search, change, 1, change->option->touched);
    search->own_cost += change->sign * change->option->cost;
    for (guint i = 0; i < search->placement->n_nodes; i++)
        search->memory[i] += change->sign * change->option->memory[i];
    tier_change(search, TIER_ALL, change);
    if (change->first)
        tier_change(search, TIER_FIRST, change);
}

static void guest_take_out(Search *search, guint guest)
{
    Change change = change_of(search, guest, search->choices[guest].at, -1);
    change_make(search, &change);
}

static void guest_put(Search *search, guint guest, guint at)
{
    Change change = change_of(search, guest, at, 1);
    search->choices[guest].at = at;
    change_make(search, &change);
}

static void choose(Search *search, guint guest, guint at)
{
    if (at == search->choices[guest].at)
        return;
    guest_take_out(search, guest);
    guest_put(search, guest, at);
}

/* --- downhill --------------------------------------------------------------------------------- */

/* The best place for one guest; TRUE when that is another. */
static gboolean guest_move(Search *search, guint guest, gint64 *cost)
{
    const Choice *choice = &search->choices[guest];
    guint best = choice->at;
    for (guint i = 0; i < choice->n_options; i++) {
        if (i == choice->at)
            continue;
        Change changes[2] = {change_of(search, guest, choice->at, -1),
                             change_of(search, guest, i, 1)};
        gint64 now = cost_with(search, changes, G_N_ELEMENTS(changes));
        if (now < *cost) {
            *cost = now;
            best = i;
        }
    }
    gboolean better = best != choice->at;
    choose(search, guest, best);
    return better;
}

static gboolean option_find(const Choice *choice, guint64 nodes, guint *ret_at)
{
    for (guint i = 0; i < choice->n_options; i++) {
        if (choice->options[i].nodes == nodes) {
            *ret_at = i;
            return TRUE;
        }
    }
    return FALSE;
}

/* Two guests change places, if that is better. */
static gboolean guests_exchange(Search *search, guint left, guint right, gint64 *cost)
{
    const Choice *a = &search->choices[left], *b = &search->choices[right];
    guint a_after, b_after;
    if (a->options[a->at].nodes == b->options[b->at].nodes ||
        !option_find(a, b->options[b->at].nodes, &a_after) ||
        !option_find(b, a->options[a->at].nodes, &b_after))
        return FALSE;
    Change changes[4] = {change_of(search, left, a->at, -1), change_of(search, left, a_after, 1),
                         change_of(search, right, b->at, -1), change_of(search, right, b_after, 1)};
    gint64 now = cost_with(search, changes, G_N_ELEMENTS(changes));
    if (now >= *cost)
        return FALSE;
    *cost = now;
    choose(search, left, a_after);
    choose(search, right, b_after);
    return TRUE;
}

static gboolean moves_try(Search *search, gint64 *cost)
{
    gboolean better = FALSE;
    for (guint i = 0; i < search->n_movable; i++)
        better |= guest_move(search, search->movable[i], cost);
    return better;
}

static gboolean exchanges_try(Search *search, gint64 *cost)
{
    gboolean better = FALSE;
    for (guint i = 0; i < search->n_movable; i++) {
        for (guint j = i + 1; j < search->n_movable && search->tried < search->budget; j++)
            better |= guests_exchange(search, search->movable[i], search->movable[j], cost);
    }
    return better;
}

static gint64 descend(Search *search)
{
    gint64 cost = cost_now(search);
    while (search->tried < search->budget) {
        if (!moves_try(search, &cost) && !exchanges_try(search, &cost))
            break;
    }
    return cost;
}

/* --- putting in, taking out ------------------------------------------------------------------- */

static guint draw(Search *search, guint below)
{
    /* Knuth's linear congruential sequence (MMIX); its high bits are good. */
    search->drawn = search->drawn * 6364136223846793005u + 1442695040888963407u;
    return (guint)((search->drawn >> 33) % below);
}

/* A guest that is nowhere comes to where it costs least now. `blinks` overlooks a place now and
 * then, because the best for one may not be the best for all. */
static void guest_put_best(Search *search, guint guest, gboolean blinks)
{
    const Choice *choice = &search->choices[guest];
    gint64 least = G_MAXINT64;
    guint best = 0;
    for (guint at = 0; at < choice->n_options; at++) {
        Change change = change_of(search, guest, at, 1);
        if (blinks && at > 0 && draw(search, BLINK_ONE_IN) == 0)
            continue;
        gint64 cost = cost_with(search, &change, 1);
        if (cost < least) {
            least = cost;
            best = at;
        }
    }
    guest_put(search, guest, best);
}

static void start_greedy(Search *search)
{
    for (guint i = 0; i < search->n_movable; i++)
        guest_take_out(search, search->movable[i]);
    for (guint i = 0; i < search->n_movable; i++)
        guest_put_best(search, search->movable[i], FALSE);
}

/* Takes some guests out and puts them back, mostly the largest first, else as they were drawn. */
static void ruin_and_recreate(Search *search)
{
    guint ranks[RUINED_MOST], n_ranks = 0;
    guint wanted = RUINED_LEAST + draw(search, RUINED_MOST - RUINED_LEAST + 1);
    gboolean sorted = draw(search, 3) > 0;
    wanted = MIN(wanted, search->n_movable);
    while (n_ranks < wanted) {
        guint rank = draw(search, search->n_movable), at = 0;
        while (at < n_ranks && ranks[at] != rank)
            at++;
        if (at < n_ranks)
            continue;
        for (; sorted && at > 0 && ranks[at - 1] > rank; at--)
            ranks[at] = ranks[at - 1];
        ranks[at] = rank;
        n_ranks++;
    }
    for (guint i = 0; i < n_ranks; i++)
        guest_take_out(search, search->movable[ranks[i]]);
    for (guint i = 0; i < n_ranks; i++)
        guest_put_best(search, search->movable[ranks[i]], TRUE);
}

/* --- the search ------------------------------------------------------------------------------- */

static void choices_save(const Search *search, guint *ret_at)
{
    for (guint i = 0; i < search->n_movable; i++)
        ret_at[i] = search->choices[search->movable[i]].at;
}

static void choices_restore(Search *search, const guint *at)
{
    for (guint i = 0; i < search->n_movable; i++)
        choose(search, search->movable[i], at[i]);
}

/* From the best of the starts on. */
static void wander(Search *search, gint64 best, guint *at)
{
    g_autofree guint *now = g_memdup2(at, sizeof *at * search->n_movable);
    gint64 cost = best, threshold = best / search->n_movable / THRESHOLD_DIVISOR;
    guint begun = search->tried, end = search->budget - search->budget / LAST_DIVISOR;
    while (search->n_movable >= RUINED_LEAST && search->tried < end) {
        gint64 slack = threshold * (end - search->tried) / (end - begun);
        ruin_and_recreate(search);
        if (cost_now(search) < cost + slack) {
            cost = cost_now(search);
            choices_save(search, now);
        } else {
            choices_restore(search, now);
        }
        if (cost < best) {
            best = cost;
            choices_save(search, at);
        }
    }
}

static int memory_order(gconstpointer left, gconstpointer right, gpointer data)
{
    guint l = *(const guint *)left, r = *(const guint *)right;
    const BlPlacement *placement = data;
    gint64 a = placement->guests[l].memory_bytes, b = placement->guests[r].memory_bytes;
    if (a != b)
        return a > b ? -1 : 1;
    return l < r ? -1 : l > r;
}

/* Where memory is what is scarce, it is what has to be placed first. */
static void start_by_memory(Search *search)
{
    g_autofree guint *order = g_memdup2(search->movable, sizeof *order * search->n_movable);
    g_qsort_with_data(order, (gint)search->n_movable, sizeof *order, memory_order,
                      (gpointer)search->placement);
    for (guint i = 0; i < search->n_movable; i++)
        guest_take_out(search, order[i]);
    for (guint i = 0; i < search->n_movable; i++)
        guest_put_best(search, order[i], FALSE);
}

/* How many combinations there are, as far as all may be tried. */
static gboolean is_small(const Search *search)
{
    guint combinations = 1;
    for (guint i = 0; i < search->n_movable && combinations <= ALL_TRIED; i++)
        combinations *= search->choices[search->movable[i]].n_options;
    return combinations <= ALL_TRIED;
}

static void all_try(Search *search)
{
    g_autofree guint *best = g_new(guint, search->n_movable);
    gint64 least = G_MAXINT64;
    guint i;
    do {
        if (cost_now(search) < least) {
            least = cost_now(search);
            choices_save(search, best);
        }
        for (i = 0; i < search->n_movable; i++) {
            guint guest = search->movable[i];
            guint next = (search->choices[guest].at + 1) % search->choices[guest].n_options;
            choose(search, guest, next);
            if (next != 0)
                break;
        }
    } while (i < search->n_movable);
    choices_restore(search, best);
}

static void improve(Search *search)
{
    g_autofree guint *at = g_new(guint, search->n_movable);
    gint64 best = descend(search);
    choices_save(search, at);
    start_greedy(search);
    gint64 cost = descend(search);
    if (cost < best)
        choices_save(search, at);
    best = MIN(cost, best);
    start_by_memory(search);
    cost = descend(search);
    if (cost < best)
        choices_save(search, at);
    else
        choices_restore(search, at);
    wander(search, MIN(cost, best), at);
    choices_restore(search, at);
    descend(search);
}

/* What a guest takes of the host, of CPUs or of memory, whichever is more, in millionths. */
static gint64 size_of(const BlPlacement *placement, guint guest)
{
    gint64 cores = 0, mib = 0;
    for (guint i = 0; i < placement->n_nodes; i++) {
        cores += placement->nodes[i].cores;
        mib += placement->nodes[i].memory_bytes / BL_MIB;
    }
    gint64 cpu = placement->guests[guest].demand * (1000000 / BL_PERMYRIAD) / MAX(cores, 1);
    gint64 memory = placement->guests[guest].memory_bytes / BL_MIB * 1000000 / MAX(mib, 1);
    return MAX(cpu, memory);
}

/* Guests in the order in which they are placed: the largest first. */
static int movable_order(gconstpointer left, gconstpointer right, gpointer data)
{
    guint l = *(const guint *)left, r = *(const guint *)right;
    gint64 a = size_of(data, l), b = size_of(data, r);
    if (a != b)
        return a > b ? -1 : 1;
    return l < r ? -1 : l > r;
}

static void nodes_start(Search *search, const BlPlacement *placement)
{
    for (guint i = 0; i < placement->n_nodes; i++) {
        bl_placement_levels(&placement->nodes[i], search->levels[i]);
        search->capacity[i] = placement->nodes[i].memory_bytes / BL_MIB;
        for (guint j = 0; j + 1 < BL_PLACEMENT_LEVELS; j++)
            search->width[j] += search->levels[i][j].width;
    }
    search->width[BL_PLACEMENT_LEVELS - 1] = G_MAXINT64;
}

static void search_start(Search *search, const BlPlacement *placement)
{
    memset(search, 0, sizeof *search);
    search->placement = placement;
    search->choices = g_new0(Choice, placement->n_guests);
    search->movable = g_new(guint, placement->n_guests);
    nodes_start(search, placement);
    for (guint i = 0; i < placement->n_guests; i++) {
        Choice *choice = &search->choices[i];
        BlPlacementOption options[BL_PLACEMENT_OPTIONS];
        choice->n_options = bl_placement_options(placement, &placement->guests[i], options);
        choice->options = g_memdup2(options, choice->n_options * sizeof *options);
        if (choice->n_options > 1) {
            search->movable[search->n_movable++] = i;
            search->budget += choice->n_options * BUDGET_A_PLACE;
        }
        guest_put(search, i, 0);
    }
    g_qsort_with_data(search->movable, (gint)search->n_movable, sizeof(guint), movable_order,
                      (gpointer)placement);
    search->budget = MIN(search->budget, BUDGET);
}

static void search_end(Search *search)
{
    for (guint i = 0; i < search->placement->n_guests; i++)
        g_free(search->choices[i].options);
    g_free(search->choices);
    g_free(search->movable);
}

gint64 bl_placement_plan(const BlPlacement *placement, guint64 *ret_nodes, gint64 *ret_before)
{
    Search search;
    search_start(&search, placement);
    *ret_before = cost_now(&search);
    if (search.n_movable > 0 && is_small(&search))
        all_try(&search);
    else if (search.n_movable > 0)
        improve(&search);
    gint64 cost = cost_now(&search);
    for (guint i = 0; i < placement->n_guests; i++)
        ret_nodes[i] = search.choices[i].options[search.choices[i].at].nodes;
    search_end(&search);
    return cost;
}

gint64 bl_placement_cost(const BlPlacement *placement, const guint64 *nodes)
{
    Search search;
    guint at;
    search_start(&search, placement);
    for (guint i = 0; i < placement->n_guests; i++) {
        if (option_find(&search.choices[i], nodes[i], &at))
            choose(&search, i, at);
    }
    gint64 cost = cost_now(&search);
    search_end(&search);
    return cost;
}
