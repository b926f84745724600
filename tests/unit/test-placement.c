/* Placement on nodes: the optimum on small hosts, and what it must and must not do. */
#include <string.h>

#include "base/units.h"
#include "core/placement-state.h"
#include "core/placement.h"

#define GIB (1024 * BL_MIB)
#define FAR 21
#define GUESTS_MAX 6
#define MANY 40

/* Alike nodes, each with so many cores of one thread. */
static BlPlacement host_of(guint n_nodes, guint cores, gint64 gib)
{
    BlPlacement placement = {.n_nodes = n_nodes};
    for (guint i = 0; i < n_nodes; i++) {
        placement.nodes[i] =
            (BlPlacementNode){.cpus = cores, .cores = cores, .memory_bytes = gib * GIB};
        for (guint j = 0; j < n_nodes; j++)
            placement.nodes[i].distance[j] = i == j ? BL_PLACEMENT_NEAR : FAR;
    }
    return placement;
}

static BlPlacementGuest guest_of(guint vcpus, gint64 demand, gint64 gib, guint node)
{
    BlPlacementGuest guest = {.vcpus = vcpus, .demand = demand, .memory_bytes = gib * GIB};
    guest.where[node] = gib * GIB;
    return guest;
}

static gint64 plan(BlPlacement *placement, const BlPlacementGuest *guests, guint n_guests,
                   guint64 *ret_nodes)
{
    gint64 before;
    placement->guests = guests;
    placement->n_guests = n_guests;
    gint64 cost = bl_placement_plan(placement, ret_nodes, &before);
    g_assert_cmpint(cost, <=, before);
    g_assert_cmpint(cost, ==, bl_placement_cost(placement, ret_nodes));
    return cost;
}

/* All combinations of all options. */
static gint64 optimum(const BlPlacement *placement)
{
    static BlPlacementOption options[GUESTS_MAX][BL_PLACEMENT_OPTIONS];
    guint n_options[GUESTS_MAX], at[GUESTS_MAX] = {0}, i;
    guint64 nodes[GUESTS_MAX];
    gint64 least = G_MAXINT64;
    for (i = 0; i < placement->n_guests; i++)
        n_options[i] = bl_placement_options(placement, &placement->guests[i], options[i]);
    do {
        for (i = 0; i < placement->n_guests; i++)
            nodes[i] = options[i][at[i]].nodes;
        gint64 cost = bl_placement_cost(placement, nodes);
        least = MIN(least, cost);
        for (i = 0; i < placement->n_guests && ++at[i] == n_options[i]; i++)
            at[i] = 0;
    } while (i < placement->n_guests);
    return least;
}

static void test_optimum(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    BlPlacementGuest guests[GUESTS_MAX];
    guint64 nodes[GUESTS_MAX];
    for (guint n = 0; n < 300; n++) {
        guint n_nodes = (guint)g_rand_int_range(random, 2, 4);
        guint n_guests = (guint)g_rand_int_range(random, 1, GUESTS_MAX + 1);
        guint cores = (guint)g_rand_int_range(random, 2, 7);
        BlPlacement placement = host_of(n_nodes, cores, 16);
        placement.nodes[0].cpus *= (guint)g_rand_int_range(random, 1, 3);
        for (guint i = 0; i < n_guests; i++) {
            guint vcpus = (guint)g_rand_int_range(random, 1, 9);
            guint node = (guint)g_rand_int_range(random, 0, (gint)n_nodes);
            guests[i] = guest_of(vcpus, vcpus * g_rand_int_range(random, 0, 10001),
                                 g_rand_int_range(random, 1, 13), node);
            guests[i].first = g_rand_boolean(random);
            guests[i].fixed = g_rand_int_range(random, 0, 6) == 0;
            guests[i].present = g_rand_boolean(random) ? (guint64)1 << node : 0;
        }
        gint64 cost = plan(&placement, guests, n_guests, nodes);
        g_assert_cmpint(cost, ==, optimum(&placement));
    }
}

/* Memory on the wrong node: the guest gets where its memory is, when there is room. */
static void test_near(void)
{
    BlPlacement placement = host_of(2, 4, 16);
    guint64 nodes[2];
    const BlPlacementGuest guests[] = {guest_of(2, 15000, 4, 0), guest_of(2, 15000, 4, 1)};
    plan(&placement, guests, 2, nodes);
    g_assert_cmpuint(nodes[0], ==, 1);
    g_assert_cmpuint(nodes[1], ==, 2);
}

/* All started on one node: they are spread, and whoever goes has its memory moved along. */
static void test_spread(void)
{
    BlPlacement placement = host_of(2, 4, 16);
    guint64 nodes[4];
    BlPlacementGuest guests[] = {guest_of(2, 20000, 2, 0), guest_of(2, 20000, 2, 0),
                                 guest_of(2, 20000, 2, 0), guest_of(2, 20000, 2, 0)};
    guests[0].first = guests[1].first = TRUE;
    plan(&placement, guests, 4, nodes);
    g_assert_cmpuint(nodes[0] | nodes[1], ==, 3);
    g_assert_cmpuint(nodes[2] | nodes[3], ==, 3);
}

/* Three guests of 2.6 cores and two nodes of 4: any two on a node would wait. */
static void test_no_packing(void)
{
    BlPlacement placement = host_of(2, 4, 16);
    guint64 nodes[3];
    const BlPlacementGuest guests[] = {guest_of(4, 26000, 2, 0), guest_of(4, 26000, 2, 0),
                                       guest_of(4, 26000, 2, 1)};
    plan(&placement, guests, 3, nodes);
    guint floating = 0;
    for (guint i = 0; i < 3; i++)
        floating += nodes[i] == 0;
    g_assert_cmpuint(floating, >=, 1);
}

/* A guest that is larger than a node gets the fewest nodes, and near ones. */
static void test_large(void)
{
    BlPlacement placement = host_of(4, 4, 16);
    guint64 nodes[1];
    placement.nodes[0].distance[2] = placement.nodes[2].distance[0] = 12;
    placement.nodes[1].distance[3] = placement.nodes[3].distance[1] = 12;
    const BlPlacementGuest guest = guest_of(6, 40000, 8, 2);
    plan(&placement, &guest, 1, nodes);
    g_assert_cmpuint(nodes[0], ==, 1 | 4);
}

/* What is done is not done again: the second plan is the first. */
static void test_again(void)
{
    BlPlacement placement = host_of(2, 8, 32);
    guint64 nodes[5], again[5];
    BlPlacementGuest guests[5];
    for (guint i = 0; i < 5; i++)
        guests[i] = guest_of(2, 9000 + 1000 * i, 4, 1);
    plan(&placement, guests, 5, nodes);
    for (guint i = 0; i < 5; i++) {
        guests[i].present = nodes[i];
        if (nodes[i] != 0) {
            memset(guests[i].where, 0, sizeof guests[i].where);
            guests[i].where[nodes[i] == 1 ? 0 : 1] = 4 * GIB;
        }
    }
    plan(&placement, guests, 5, again);
    g_assert_cmpmem(nodes, sizeof nodes, again, sizeof again);
}

/* A guest that is fixed stays, also where that is bad; one that is idle is not touched. */
static void test_left_alone(void)
{
    BlPlacement placement = host_of(2, 4, 16);
    guint64 nodes[2];
    BlPlacementGuest guests[] = {guest_of(2, 20000, 4, 0), guest_of(2, 10, 4, 1)};
    guests[0].present = 2;
    guests[0].fixed = TRUE;
    plan(&placement, guests, 2, nodes);
    g_assert_cmpuint(nodes[0], ==, 2);
    g_assert_cmpuint(nodes[1], ==, 0);
}

/* No node has room for two: the third stays on both. */
static void test_memory(void)
{
    BlPlacement placement = host_of(2, 8, 8);
    guint64 nodes[3];
    BlPlacementGuest guests[] = {guest_of(1, 9000, 5, 0), guest_of(1, 9000, 5, 1),
                                 guest_of(1, 9000, 5, 0)};
    guests[2].where[0] = guests[2].where[1] = 5 * GIB / 2;
    plan(&placement, guests, 3, nodes);
    for (guint i = 0; i < 3; i++) {
        for (guint j = i + 1; j < 3; j++)
            g_assert_true(nodes[i] == 0 || nodes[i] != nodes[j]);
    }
}

/* More than can all be tried, some of which want nothing: it ends, and its cost is that of what it
 * says. */
static void test_many(void)
{
    BlPlacement placement = host_of(4, 8, 64);
    BlPlacementGuest guests[MANY] = {0};
    guint64 nodes[MANY];
    for (guint i = 0; i < MANY / 2; i++) {
        guests[i] = guest_of(1 + i % 4, 1000 * (i % 7), 1 + i % 5, i % 4);
        guests[i].first = i % 3 == 0;
    }
    gint64 cost = plan(&placement, guests, MANY, nodes);
    g_assert_cmpint(plan(&placement, guests, MANY, nodes), ==, cost);
    for (guint i = MANY / 2; i < MANY; i++)
        g_assert_cmpuint(nodes[i], ==, 0);
    memset(guests, 0, sizeof guests);
    g_assert_cmpint(plan(&placement, guests, MANY, nodes), ==, 0);
}

/* What a change is said to cost it then costs, at every step of many. */
static void test_table(void)
{
    BlPlacement placement = host_of(3, 4, 16);
    BlPlacementGuest guests[MANY];
    BlPlacementTable table;
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    for (guint i = 0; i < MANY; i++) {
        guests[i] = guest_of(1 + i % 3, 700 * (i % 9), 1 + i % 7, i % 3);
        guests[i].first = i % 4 == 0;
    }
    placement.guests = guests;
    placement.n_guests = MANY;
    bl_placement_table_start(&table, &placement);
    for (guint i = 0; i < 2000; i++) {
        guint guest = (guint)g_rand_int_range(random, 0, MANY);
        const BlChoice *choice = &table.choices[guest];
        guint at = (guint)g_rand_int_range(random, 0, (gint32)choice->n_options);
        BlChange changes[] = {bl_placement_table_change(&table, guest, choice->at, -1),
                              bl_placement_table_change(&table, guest, at, 1)};
        gint64 moved = bl_placement_table_cost_with(&table, changes, 2, G_MAXINT64);
        bl_placement_table_take(&table, guest);
        gint64 put = bl_placement_table_cost_put(&table, guest, at, G_MAXINT64);
        g_assert_cmpint(bl_placement_table_cost_put(&table, guest, at, put), >=, put);
        bl_placement_table_put(&table, guest, at);
        g_assert_cmpint(bl_placement_table_cost(&table), ==, moved);
        g_assert_cmpint(put, ==, moved);
    }
    bl_placement_table_end(&table);
}

static void test_nothing(void)
{
    BlPlacement placement = host_of(2, 4, 16);
    guint64 nodes[1];
    g_assert_cmpint(plan(&placement, NULL, 0, nodes), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/placement/optimum", test_optimum);
    g_test_add_func("/placement/near", test_near);
    g_test_add_func("/placement/spread", test_spread);
    g_test_add_func("/placement/no-packing", test_no_packing);
    g_test_add_func("/placement/large", test_large);
    g_test_add_func("/placement/again", test_again);
    g_test_add_func("/placement/left-alone", test_left_alone);
    g_test_add_func("/placement/memory", test_memory);
    g_test_add_func("/placement/many", test_many);
    g_test_add_func("/placement/table", test_table);
    g_test_add_func("/placement/nothing", test_nothing);
    return g_test_run();
}
