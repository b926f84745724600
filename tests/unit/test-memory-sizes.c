/* Sizes that change at run time: the capacity, the host's memory, a guest's. */
#include "memory-world.h"

/* Another capacity in the policy, or memory taken out of the host and plugged in again: what is
 * short is so by the new figure, and what was taken goes back when all fits. */
static void test_capacity_changed(void)
{
    static const struct {
        gint64 capacity, total;
    } changes[] = {{-9000, 8 * GIB}, {6500 * BL_MIB, 8 * GIB}, {0, 7 * GIB}};
    for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
        host->own = 0;
        host_run(host, 10 * SECOND);
        g_assert_false(bl_engine_memory_is_pressed(host->world->engine));
        host->world->policy->memory.capacity = changes[i].capacity;
        host->total = changes[i].total;
        host_run(host, 10 * SECOND);
        g_assert_true(bl_engine_memory_is_pressed(host->world->engine));
        g_assert_cmpint(host_balloon(host, 1), <, 2 * GIB);
        g_assert_cmpint(host_balloon(host, 1), >, 200 * BL_MIB);
        g_assert_cmpint(host_balloon(host, 0), ==, 2 * GIB);
        host->world->policy->memory.capacity = 0;
        host->total = 16 * GIB;
        host_run(host, 10 * SECOND);
        g_assert_false(bl_engine_memory_is_pressed(host->world->engine));
        g_assert_cmpint(host_balloon(host, 1), ==, 2 * GIB);
        g_assert_cmpuint(world_count(host->world, BL_RULE_FOREIGN, -1), ==, 0);
    }
}

static void guest_resize(Host *host, guint index, gint64 max)
{
    bl_values_set(&host_guest(host, index)->controls, BL_DOMAIN_MEMORY_MAX, max);
    bl_values_set(&host_guest(host, index)->controls, BL_DOMAIN_BALLOON, max);
}

/* What was known and held of a guest is of its last run: with another size it begins anew. Memory
 * plugged into one that runs is its own, too. */
static void test_guest_resized(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    static const struct {
        gint64 max;
        gboolean restarted, taken;
    } sizes[] = {
        {GIB / 2, TRUE, FALSE}, {3 * GIB, TRUE, TRUE}, {GIB, TRUE, FALSE}, {3 * GIB, FALSE, FALSE}};
    host_class(host, "critical")->memory_ballooning = FALSE;
    host_class(host, "standard")->memory_ballooning = FALSE;
    host_run(host, 10 * SECOND);
    g_assert_cmpint(host_balloon(host, 1), <, 2 * GIB);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        host_guest(host, 1)->generation += sizes[i].restarted;
        guest_resize(host, 1, sizes[i].max);
        if (sizes[i].restarted)
            host->resident[1] = sizes[i].max;
        host_tick(host);
        g_assert_cmpint(host_balloon(host, 1), ==, sizes[i].max);
        host_run(host, 20 * SECOND);
        g_assert_cmpint(host_balloon(host, 1) < sizes[i].max, ==, sizes[i].taken);
        g_assert_cmpint(host_balloon(host, 1), >, 300 * BL_MIB);
    }
    g_assert_cmpuint(world_count(host->world, BL_RULE_FOREIGN, -1), ==, 0);
    world_request(host->world, BL_REQUEST_RELEASE, BL_MODE_OBSERVE, 0);
    host_run(host, 2 * SECOND);
    g_assert_cmpint(host_balloon(host, 1), ==, 3 * GIB);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory-sizes/capacity-changed", test_capacity_changed);
    g_test_add_func("/memory-sizes/guest-resized", test_guest_resized);
    return g_test_run();
}
