/* Nodes of a described host, and how far they are from each other. */
#include "topology/topology.h"

static void test_description(void)
{
    g_autoptr(BlTopology) topology =
        bl_topology_read_description("numa:2(memory=8589934592) core:4 pu:2");
    g_assert_nonnull(topology);
    g_assert_cmpuint(bl_topology_count(topology), ==, 2);
    const BlNode *node = bl_topology_node(topology, 1);
    g_assert_cmpuint(bl_cpu_set_count(&node->cpus), ==, 8);
    g_assert_cmpuint(node->cores, ==, 4);
    g_assert_cmpint(node->memory_bytes, ==, 8589934592);
    g_assert_null(bl_topology_read_description("no such host"));
}

static void test_distance(void)
{
    g_autoptr(BlTopology) topology = bl_topology_read_description("numa:3 core:1 pu:1");
    g_assert_nonnull(topology);
    g_assert_cmpuint(bl_topology_distance(topology, 0, 2), >=, BL_DISTANCE_NEAR);
    bl_topology_set_distance(topology, 0, 2, 17);
    bl_topology_set_distance(topology, 2, 0, 0);
    g_assert_cmpuint(bl_topology_distance(topology, 0, 2), ==, 17);
    g_assert_cmpuint(bl_topology_distance(topology, 2, 0), ==, BL_DISTANCE_FAR);
    g_assert_cmpuint(bl_topology_distance(topology, 1, 1), ==, BL_DISTANCE_NEAR);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/topology/description", test_description);
    g_test_add_func("/topology/distance", test_distance);
    return g_test_run();
}
