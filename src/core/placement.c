/* The search for a placement: see placement.h.
 *
 * Where there are few combinations all are tried. Else three starts (as it is; guest by guest, the
 * largest or the one with most memory first) go downhill by moves of one guest, exchanges of two,
 * and of all guests of two nodes. Then some guests at a time are taken out and put back one by one
 * where each costs least, which stands when it is not much worse than before, and ever less so
 * until the budget is used up (ruin and recreate: Schrimpf et al., Journal of Computational Physics
 * 159, 2000; with a threshold, as Dueck and Scheuer's). Where there are few guests that is done
 * three times, because large ones soon stand where no few of them can be moved. Who is taken out is
 * drawn from a fixed sequence, so that the same input has the same result.
 */
#include "core/placement.h"

#include <string.h>

#include "base/units.h"
#include "core/placement-state.h"

/* Work of the table, so that a host takes less than a millisecond. A descent is not begun beyond
 * it, and one pass of a large host may be more. */
#define BUDGET 65000
/* And for each place that some guest has; small hosts need less. */
#define BUDGET_A_PLACE 1400
/* One part in so many is kept to go downhill from the best. */
#define LAST_DIVISOR 8
/* With no more combinations than this all are tried. */
#define ALL_TRIED 4096
/* Guests that are taken out at a time. */
#define RUINED_LEAST 2
#define RUINED_MOST 8
/* A place is overlooked once in so many times. */
#define BLINK_ONE_IN 8
/* Once in so many times all that are taken out are drawn; else one guest is put somewhere else and
 * others make room. */
#define DRAWN_ONE_IN 2
/* As often a guest is drawn, at most, of which some may be none of those. */
#define DRAWN_MOST 24
/* So few guests are placed anew so often. */
#define FEW_GUESTS 16
#define FEW_GUESTS_ROUNDS 3
/* The threshold begins at the mean cost of a guest through this. */
#define THRESHOLD_DIVISOR 2

typedef struct {
    BlPlacementTable table;
    guint *movable; /* guests that have a choice, the largest first */
    guint n_movable;
    guint budget; /* of the table's work */
    guint64 drawn;
} Search;

static void choices_save(const Search *search, guint *ret_at)
{
    for (guint i = 0; i < search->n_movable; i++)
        ret_at[i] = search->table.choices[search->movable[i]].at;
}

/* --- downhill --------------------------------------------------------------------------------- */

/* The best place for one guest; TRUE when that is another. */
static gboolean guest_move(Search *search, guint guest, gint64 *cost)
{
    BlPlacementTable *table = &search->table;
    const BlChoice *choice = &table->choices[guest];
    guint best = choice->at;
    for (guint i = 0; i < choice->n_options; i++) {
        if (i == choice->at)
            continue;
        BlChange changes[2] = {bl_placement_table_change(table, guest, choice->at, -1),
                               bl_placement_table_change(table, guest, i, 1)};
        gint64 now = bl_placement_table_cost_with(table, changes, G_N_ELEMENTS(changes), *cost);
        if (now < *cost) {
            *cost = now;
            best = i;
        }
    }
    gboolean better = best != choice->at;
    bl_placement_table_choose(table, guest, best);
    return better;
}

static gboolean option_find(const BlChoice *choice, guint64 nodes, guint *ret_at)
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
    BlPlacementTable *table = &search->table;
    const BlChoice *a = &table->choices[left], *b = &table->choices[right];
    guint a_after, b_after;
    if (a->options[a->at].nodes == b->options[b->at].nodes ||
        !option_find(a, b->options[b->at].nodes, &a_after) ||
        !option_find(b, a->options[a->at].nodes, &b_after))
        return FALSE;
    BlChange changes[4] = {bl_placement_table_change(table, left, a->at, -1),
                           bl_placement_table_change(table, left, a_after, 1),
                           bl_placement_table_change(table, right, b->at, -1),
                           bl_placement_table_change(table, right, b_after, 1)};
    gint64 now = bl_placement_table_cost_with(table, changes, G_N_ELEMENTS(changes), *cost);
    if (now >= *cost)
        return FALSE;
    *cost = now;
    bl_placement_table_choose(table, left, a_after);
    bl_placement_table_choose(table, right, b_after);
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
        for (guint j = i + 1; j < search->n_movable && search->table.work < search->budget; j++)
            better |= guests_exchange(search, search->movable[i], search->movable[j], cost);
    }
    return better;
}

/* All guests of two nodes change places, those that can, if that is better. */
static gboolean nodes_exchange(Search *search, guint left, guint right, gint64 *cost)
{
    BlPlacementTable *table = &search->table;
    BlPlacementState kept = table->state;
    g_autofree guint *at = g_new(guint, search->n_movable);
    guint64 both = (guint64)1 << left | (guint64)1 << right;
    guint after;
    choices_save(search, at);
    for (guint i = 0; i < search->n_movable; i++) {
        const BlChoice *choice = &table->choices[search->movable[i]];
        guint64 nodes = choice->options[choice->at].nodes;
        if ((nodes & both) != 0 && (nodes & both) != both &&
            option_find(choice, nodes ^ both, &after))
            bl_placement_table_choose(table, search->movable[i], after);
    }
    gint64 now = bl_placement_table_cost(table);
    if (now < *cost) {
        *cost = now;
        return TRUE;
    }
    table->state = kept;
    for (guint i = 0; i < search->n_movable; i++)
        table->choices[search->movable[i]].at = at[i];
    return FALSE;
}

static gboolean nodes_try(Search *search, gint64 *cost)
{
    gboolean better = FALSE;
    for (guint i = 0; i < search->table.placement->n_nodes; i++) {
        for (guint j = i + 1;
             j < search->table.placement->n_nodes && search->table.work < search->budget; j++)
            better |= nodes_exchange(search, i, j, cost);
    }
    return better;
}

static gint64 descend(Search *search)
{
    gint64 cost = bl_placement_table_cost(&search->table);
    while (search->table.work < search->budget) {
        if (!moves_try(search, &cost) && !exchanges_try(search, &cost) && !nodes_try(search, &cost))
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
    gint64 least = G_MAXINT64;
    guint best = 0;
    for (guint at = 0; at < search->table.choices[guest].n_options; at++) {
        if (blinks && at > 0 && draw(search, BLINK_ONE_IN) == 0)
            continue;
        gint64 cost = bl_placement_table_cost_put(&search->table, guest, at, least);
        if (cost < least) {
            least = cost;
            best = at;
        }
    }
    bl_placement_table_put(&search->table, guest, best);
}

static void start_greedy(Search *search)
{
    for (guint i = 0; i < search->n_movable; i++)
        bl_placement_table_take(&search->table, search->movable[i]);
    for (guint i = 0; i < search->n_movable; i++)
        guest_put_best(search, search->movable[i], FALSE);
}

/* Guests that were taken out, and where they were. */
typedef struct {
    guint n;
    guint guests[RUINED_MOST];
    guint at[RUINED_MOST];
} Ruin;

static void ruin_add(Search *search, guint guest, Ruin *ruin)
{
    ruin->guests[ruin->n] = guest;
    ruin->at[ruin->n++] = search->table.choices[guest].at;
    bl_placement_table_take(&search->table, guest);
}

static gboolean ruin_has(const Ruin *ruin, guint guest)
{
    for (guint i = 0; i < ruin->n; i++) {
        if (ruin->guests[i] == guest)
            return TRUE;
    }
    return FALSE;
}

/* Takes out up to `wanted` guests that take anything of some nodes, to be put back mostly the
 * largest first, else as they were drawn. */
static void ruin_draw(Search *search, guint64 nodes, guint wanted, Ruin *ruin)
{
    guint ranks[RUINED_MOST], n_ranks = 0;
    gboolean sorted = draw(search, 3) > 0;
    for (guint tries = 0; n_ranks < wanted && tries < DRAWN_MOST; tries++) {
        guint rank = draw(search, search->n_movable), at = 0;
        const BlChoice *choice = &search->table.choices[search->movable[rank]];
        while (at < n_ranks && ranks[at] != rank)
            at++;
        if (at < n_ranks || (choice->options[choice->at].touched & nodes) == 0 ||
            ruin_has(ruin, search->movable[rank]))
            continue;
        for (; sorted && at > 0 && ranks[at - 1] > rank; at--)
            ranks[at] = ranks[at - 1];
        ranks[at] = rank;
        n_ranks++;
    }
    for (guint i = 0; i < n_ranks; i++)
        ruin_add(search, search->movable[ranks[i]], ruin);
}

/* A guest is put somewhere else, whatever that costs: what was there has to make room. */
static void ruin_push(Search *search, guint wanted, Ruin *ruin)
{
    guint guest = search->movable[draw(search, search->n_movable)];
    const BlChoice *choice = &search->table.choices[guest];
    guint at = draw(search, choice->n_options - 1);
    at += at >= choice->at;
    ruin_add(search, guest, ruin);
    ruin_draw(search, choice->options[at].touched, wanted - 1, ruin);
    bl_placement_table_put(&search->table, guest, at);
}

/* Takes guests out and puts them back; they are in `ret_ruin`. Returns the cost. */
static gint64 ruin_and_recreate(Search *search, Ruin *ret_ruin)
{
    guint wanted = RUINED_LEAST + draw(search, RUINED_MOST - RUINED_LEAST + 1), pushed = 0;
    wanted = MIN(wanted, search->n_movable);
    ret_ruin->n = 0;
    search->table.work++; /* so that it ends also where nobody takes anything */
    if (draw(search, DRAWN_ONE_IN) > 0) {
        ruin_push(search, wanted, ret_ruin);
        pushed = 1;
    } else {
        ruin_draw(search, ~(guint64)0, wanted, ret_ruin);
    }
    for (guint i = pushed; i < ret_ruin->n; i++)
        guest_put_best(search, ret_ruin->guests[i], TRUE);
    return bl_placement_table_cost(&search->table);
}

/* --- the search ------------------------------------------------------------------------------- */

static void choices_restore(Search *search, const guint *at)
{
    for (guint i = 0; i < search->n_movable; i++)
        bl_placement_table_choose(&search->table, search->movable[i], at[i]);
}

/* From what is chosen on, until so much work is done. `best` is the cost of `at`, the best so far.
 */
static gint64 wander(Search *search, guint end, gint64 best, guint *at)
{
    BlPlacementTable *table = &search->table;
    BlPlacementState kept = table->state;
    Ruin ruin;
    gint64 cost = bl_placement_table_cost(table);
    gint64 threshold = MIN(cost, best) / search->n_movable / THRESHOLD_DIVISOR;
    guint begun = table->work;
    while (search->n_movable >= RUINED_LEAST && table->work < end) {
        gint64 slack = threshold * (end - table->work) / (end - begun);
        gint64 now = ruin_and_recreate(search, &ruin);
        if (now >= cost + slack) {
            table->state = kept;
            for (guint i = 0; i < ruin.n; i++)
                table->choices[ruin.guests[i]].at = ruin.at[i];
            continue;
        }
        cost = now;
        kept = table->state;
        if (cost < best) {
            best = cost;
            choices_save(search, at);
        }
    }
    return best;
}

/* All guests in an order that is drawn. */
static void start_drawn(Search *search)
{
    g_autofree guint *order = g_memdup2(search->movable, sizeof *order * search->n_movable);
    for (guint i = 0; i < search->n_movable; i++)
        bl_placement_table_take(&search->table, order[i]);
    for (guint left = search->n_movable; left > 0; left--) {
        guint drawn = draw(search, left), guest = order[drawn];
        order[drawn] = order[left - 1];
        guest_put_best(search, guest, TRUE);
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
                      (gpointer)search->table.placement);
    for (guint i = 0; i < search->n_movable; i++)
        bl_placement_table_take(&search->table, order[i]);
    for (guint i = 0; i < search->n_movable; i++)
        guest_put_best(search, order[i], FALSE);
}

/* How many combinations there are, as far as all may be tried. */
static gboolean is_small(const Search *search)
{
    guint combinations = 1;
    for (guint i = 0; i < search->n_movable && combinations <= ALL_TRIED; i++)
        combinations *= search->table.choices[search->movable[i]].n_options;
    return combinations <= ALL_TRIED;
}

static void all_try(Search *search)
{
    g_autofree guint *best = g_new(guint, search->n_movable);
    gint64 least = G_MAXINT64;
    guint i;
    do {
        if (bl_placement_table_cost(&search->table) < least) {
            least = bl_placement_table_cost(&search->table);
            choices_save(search, best);
        }
        for (i = 0; i < search->n_movable; i++) {
            guint guest = search->movable[i];
            const BlChoice *choice = &search->table.choices[guest];
            guint next = (choice->at + 1) % choice->n_options;
            bl_placement_table_choose(&search->table, guest, next);
            if (next != 0)
                break;
        }
    } while (i < search->n_movable);
    choices_restore(search, best);
}

/* Goes downhill from what is chosen; returns the cost of the better of that and `at`, which it
 * becomes. */
static gint64 descend_from(Search *search, gint64 best, guint *at)
{
    gint64 cost = descend(search);
    if (cost >= best)
        return best;
    choices_save(search, at);
    return cost;
}

/* The rounds begin at the best of the starts, and then at what is drawn. */
static void wander_rounds(Search *search, gint64 best, guint *at)
{
    guint rounds = search->n_movable <= FEW_GUESTS ? FEW_GUESTS_ROUNDS : 1;
    guint begun = search->table.work, end = search->budget - search->budget / LAST_DIVISOR;
    for (guint i = 0; begun < end && i < rounds; i++) {
        if (i > 0)
            start_drawn(search);
        best = wander(search, begun + (end - begun) / rounds * (i + 1), best, at);
    }
}

static void improve(Search *search)
{
    g_autofree guint *at = g_new(guint, search->n_movable);
    gint64 best = descend_from(search, G_MAXINT64, at);
    start_greedy(search);
    best = descend_from(search, best, at);
    start_by_memory(search);
    best = descend_from(search, best, at);
    choices_restore(search, at);
    wander_rounds(search, best, at);
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

static void search_start(Search *search, const BlPlacement *placement)
{
    memset(search, 0, sizeof *search);
    bl_placement_table_start(&search->table, placement);
    search->movable = g_new(guint, placement->n_guests);
    for (guint i = 0; i < placement->n_guests; i++) {
        guint places = search->table.choices[i].n_options;
        if (places == 1)
            continue;
        search->movable[search->n_movable++] = i;
        search->budget += places * BUDGET_A_PLACE;
    }
    g_qsort_with_data(search->movable, (gint)search->n_movable, sizeof(guint), movable_order,
                      (gpointer)placement);
    search->budget = MIN(search->budget, BUDGET);
    search->table.work = 0;
}

static void search_end(Search *search)
{
    bl_placement_table_end(&search->table);
    g_free(search->movable);
}

gint64 bl_placement_plan(const BlPlacement *placement, guint64 *ret_nodes, gint64 *ret_before)
{
    Search search;
    search_start(&search, placement);
    *ret_before = bl_placement_table_cost(&search.table);
    if (search.n_movable > 0 && is_small(&search))
        all_try(&search);
    else if (search.n_movable > 0)
        improve(&search);
    gint64 cost = bl_placement_table_cost(&search.table);
    for (guint i = 0; i < placement->n_guests; i++) {
        const BlChoice *choice = &search.table.choices[i];
        ret_nodes[i] = choice->options[choice->at].nodes;
    }
    search_end(&search);
    return cost;
}
