/* The placement policy: when it acts, what it leaves alone, and that it rests. */
#include <string.h>

#include "base/units.h"
#include "model/codec.h"
#include "world.h"

#define SECOND ((gint64)BL_USEC_PER_SEC)
#define GIB (1024 * BL_MIB)
#define FAR 21

/* Two nodes of four CPUs and 16 GiB, ids 0 and 2. */
static World *host_new(BlMode mode, BlNumaFit fit)
{
    World *world = world_new(mode);
    world->cpus = 8;
    for (guint i = 0; i < 2; i++) {
        BlNodeSample node = {.id = 2 * i,
                             .cpus = 4,
                             .cores = 4,
                             .memory_bytes = 16 * GIB,
                             .available_bytes = 8 * GIB,
                             .distance = {i == 0 ? 10 : FAR, i == 0 ? FAR : 10}};
        g_array_append_val(world->nodes, node);
    }
    for (guint i = 0; i < world->policy->classes->len; i++)
        ((BlClass *)g_ptr_array_index(world->policy->classes, i))->numa_fit = fit;
    return world;
}

/* A guest that is busy on so much of each vCPU, with its memory on one node. */
static WorldGuest *guest_add(World *world, const char *name, guint vcpus, gint64 run, guint node)
{
    WorldGuest *guest = world_add(world, name, "standard", vcpus);
    guest->run = run;
    guest->where.known = TRUE;
    guest->where.bytes[node] = 2 * GIB;
    bl_values_set(&guest->controls, BL_DOMAIN_MEMORY_MAX, 2 * GIB);
    bl_values_set(&guest->controls, BL_DOMAIN_NODES, 0);
    return guest;
}

/* As the kernel does it: what is elsewhere comes to the first of its nodes. */
static void memory_follow(WorldGuest *guest)
{
    gint64 nodes = world_control(guest, BL_DOMAIN_NODES), sum = 0;
    for (guint i = 0; nodes > 0 && i < BL_SAMPLE_NODES; i++)
        sum += guest->where.bytes[i];
    if (nodes <= 0)
        return;
    memset(guest->where.bytes, 0, sizeof guest->where.bytes);
    guest->where.bytes[(nodes & 1) != 0 ? 0 : 2] = sum;
}

/* Four busy guests whose memory is all on one node. */
static void bad_start(World *world)
{
    for (guint i = 0; i < 4; i++) {
        static const char *const names[] = {"a", "b", "c", "d"};
        guest_add(world, names[i], 2, 8000, 0);
    }
}

static guint writes_of(const World *world)
{
    guint writes = 0;
    for (guint i = 0; i < world->n_guests; i++)
        writes += world->guests[i].writes[BL_DOMAIN_NODES];
    return writes;
}

static void test_bad_start(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE, BL_NUMA_FIT_PREFERRED);
    bad_start(world);
    world_run(world, 20 * SECOND);
    guint on[3] = {0};
    for (guint i = 0; i < 4; i++) {
        gint64 nodes = world_control(&world->guests[i], BL_DOMAIN_NODES);
        g_assert_true(nodes == 1 || nodes == 4);
        on[nodes == 1 ? 0 : 2]++;
        memory_follow(&world->guests[i]);
    }
    g_assert_cmpuint(on[0], ==, 2);
    g_assert_cmpuint(on[2], ==, 2);
    g_assert_cmpuint(world_count(world, BL_RULE_PLACEMENT_NODES, BL_DECISION_APPLIED), ==, 4);
    /* It is done once. */
    world_run(world, 600 * SECOND);
    g_assert_cmpuint(writes_of(world), ==, 4);
    /* And given back as it was. */
    world_request(world, BL_REQUEST_RELEASE, BL_MODE_OBSERVE, 0);
    world_run(world, 5 * SECOND);
    for (guint i = 0; i < 4; i++)
        g_assert_cmpint(world_control(&world->guests[i], BL_DOMAIN_NODES), ==, 0);
}

/* The memory of one guest moves at a time; to give back moves none, and waits for nobody. */
static void test_one_by_one(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE, BL_NUMA_FIT_PREFERRED);
    bad_start(world);
    for (guint ticks = 0; writes_of(world) < 4; ticks++) {
        guint before = writes_of(world);
        g_assert_cmpuint(ticks, <, 200);
        world_tick(world);
        g_assert_cmpuint(writes_of(world), <=, before + 1);
    }
    world_request(world, BL_REQUEST_RELEASE, BL_MODE_OBSERVE, 0);
    world_tick(world);
    g_assert_cmpuint(writes_of(world), ==, 8);
    /* As long as one is on its way. */
    g_autoptr(World) slow = host_new(BL_MODE_ENFORCE, BL_NUMA_FIT_PREFERRED);
    bad_start(slow);
    slow->silent = TRUE;
    world_run(slow, 30 * SECOND);
    g_assert_cmpuint(world_count(slow, BL_RULE_PLACEMENT_NODES, BL_DECISION_PLANNED), ==, 1);
}

/* The nodes and where memory is are shown, and what is not known of them is null or absent. */
static void test_shown(void)
{
    g_autoptr(World) world = host_new(BL_MODE_OBSERVE, BL_NUMA_FIT_PREFERRED);
    g_array_index(world->nodes, BlNodeSample, 1).available_bytes = -1;
    guest_add(world, "a", 2, 100, 2);
    guest_add(world, "b", 2, 100, 0)->where.known = FALSE;
    world_run(world, SECOND);
    g_autoptr(BlView) view = bl_view_new();
    bl_engine_view(world->engine, world->policy, view);
    json_t *host = bl_view_host_to_json(view);
    g_autofree char *nodes = json_dumps(json_object_get(host, "nodes"), JSON_COMPACT);
    g_assert_cmpstr(nodes, ==,
                    "[{\"id\":0,\"cpus\":4,\"memory\":17179869184,\"available\":8589934592},"
                    "{\"id\":2,\"cpus\":4,\"memory\":17179869184,\"available\":null}]");
    json_t *a = bl_view_domain_to_json(bl_view_find(view, "a"));
    json_t *b = bl_view_domain_to_json(bl_view_find(view, "b"));
    g_autofree char *where = json_dumps(json_object_get(a, "where"), JSON_COMPACT);
    g_assert_cmpstr(where, ==, "[0,0,2147483648]");
    g_assert_null(json_object_get(b, "where"));
    json_decref(host);
    json_decref(a);
    json_decref(b);
}

/* Nothing for a second, nor when a load is over again. */
static void test_hold(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE, BL_NUMA_FIT_PREFERRED);
    bad_start(world);
    world_run(world, 8 * SECOND);
    g_assert_cmpuint(writes_of(world), ==, 0);
}

/* Three guests that want 2.6 cores of four: any two on a node would wait. */
static void test_no_packing(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE, BL_NUMA_FIT_PREFERRED);
    guest_add(world, "a", 4, 6500, 0);
    guest_add(world, "b", 4, 6500, 0);
    guest_add(world, "c", 4, 6500, 2);
    world_run(world, 60 * SECOND);
    guint free = 0;
    for (guint i = 0; i < 3; i++)
        free += world_control(&world->guests[i], BL_DOMAIN_NODES) == 0;
    g_assert_cmpuint(free, >=, 1);
}

/* Placed guests that come to want more than their node has are let go, after their rest. */
static void test_let_go(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE, BL_NUMA_FIT_PREFERRED);
    for (guint i = 0; i < 3; i++) {
        static const char *const names[] = {"a", "b", "c"};
        guest_add(world, names[i], 4, 3500, 0);
    }
    world_run(world, 20 * SECOND);
    for (guint i = 0; i < 3; i++)
        memory_follow(&world->guests[i]);
    guint placed = writes_of(world);
    g_assert_cmpuint(placed, >, 0);
    for (guint i = 0; i < 3; i++)
        world->guests[i].run = 6500;
    world_run(world, 400 * SECOND);
    guint free = 0;
    for (guint i = 0; i < 3; i++)
        free += world_control(&world->guests[i], BL_DOMAIN_NODES) == 0;
    g_assert_cmpuint(free, >=, 1);
    guint moved = writes_of(world);
    world_run(world, 900 * SECOND);
    g_assert_cmpuint(writes_of(world), ==, moved);
}

/* What somebody else chose, what is not asked for, and what is not known stays. */
static void test_left_alone(void)
{
    enum { OWN, OFF, PINNED, NOWHERE, BLIND, STALE, ONE_NODE, CASES };
    for (guint i = 0; i < CASES; i++) {
        g_autoptr(World) world =
            host_new(BL_MODE_ENFORCE, i == OFF ? BL_NUMA_FIT_OFF : BL_NUMA_FIT_PREFERRED);
        bad_start(world);
        for (guint g = 0; g < world->n_guests; g++) {
            WorldGuest *guest = &world->guests[g];
            if (i == OWN)
                bl_values_set(&guest->controls, BL_DOMAIN_NODES, BL_NODES_OWN);
            guest->where.known = i != NOWHERE;
            guest->blind = i == BLIND;
            guest->stale = i == STALE;
        }
        if (i == PINNED)
            ((BlClass *)g_ptr_array_index(world->policy->classes, 1))->cpu_pin = 15;
        if (i == ONE_NODE)
            g_array_set_size(world->nodes, 1);
        world_run(world, 60 * SECOND);
        g_assert_cmpuint(writes_of(world), ==, 0);
    }
}

/* Without knowing what is available on a node nobody is sent there. */
static void test_no_room(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE, BL_NUMA_FIT_PREFERRED);
    bad_start(world);
    g_array_index(world->nodes, BlNodeSample, 1).available_bytes = -1;
    world_run(world, 60 * SECOND);
    for (guint i = 0; i < 4; i++)
        g_assert_cmpint(world_control(&world->guests[i], BL_DOMAIN_NODES), !=, 4);
}

/* Told, and not done; withdrawn when it is not needed any more. */
static void test_modes(void)
{
    g_autoptr(World) world = host_new(BL_MODE_OBSERVE, BL_NUMA_FIT_PREFERRED);
    bad_start(world);
    world_run(world, 120 * SECOND);
    g_assert_cmpuint(writes_of(world), ==, 0);
    g_assert_cmpuint(world_count(world, BL_RULE_PLACEMENT_NODES, BL_DECISION_OBSERVED), ==, 4);
    g_autoptr(World) advised = host_new(BL_MODE_ADVISE, BL_NUMA_FIT_PREFERRED);
    bad_start(advised);
    world_run(advised, 20 * SECOND);
    g_assert_cmpuint(world_count(advised, BL_RULE_PLACEMENT_NODES, BL_DECISION_PROPOSED), ==, 4);
    for (guint i = 0; i < 4; i++)
        advised->guests[i].run = 0;
    world_run(advised, 600 * SECOND);
    g_assert_cmpuint(world_count(advised, BL_RULE_PLACEMENT_NODES, BL_DECISION_EXPIRED), ==,
                     world_count(advised, BL_RULE_PLACEMENT_NODES, BL_DECISION_PROPOSED));
}

/* What an earlier run placed stays where it is. */
static void test_restart(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE, BL_NUMA_FIT_PREFERRED);
    WorldGuest *guest = guest_add(world, "a", 2, 8000, 2);
    bl_values_set(&guest->controls, BL_DOMAIN_NODES, 4);
    BlHolding holding = {.field = BL_DOMAIN_NODES, .generation = guest->generation, .value = 4};
    g_strlcpy(holding.uuid, "00000000-0000-0000-0000-000000000000", sizeof holding.uuid);
    g_array_append_val(world->holdings, holding);
    world_run(world, 30 * SECOND);
    g_assert_cmpuint(writes_of(world), ==, 0);
    g_assert_cmpint(world_control(guest, BL_DOMAIN_NODES), ==, 4);
    /* Its class does not ask for it any more. */
    ((BlClass *)g_ptr_array_index(world->policy->classes, 1))->numa_fit = BL_NUMA_FIT_OFF;
    world_run(world, 2 * SECOND);
    g_assert_cmpint(world_control(guest, BL_DOMAIN_NODES), ==, 0);
}

static gint64 locality_of(World *world)
{
    g_autoptr(BlView) view = bl_view_new();
    bl_engine_view(world->engine, world->policy, view);
    const BlDomainView *domain = bl_view_find(view, "a");
    return bl_values_get(&domain->figures, BL_FIGURE_MEMORY_LOCAL, -1);
}

/* How much of a guest's memory is near is told of one that is confined, and whose memory is known.
 */
static void test_locality(void)
{
    g_autoptr(World) world = host_new(BL_MODE_OBSERVE, BL_NUMA_FIT_OFF);
    WorldGuest *guest = guest_add(world, "a", 2, 8000, 2);
    guest->where.bytes[0] = 6 * GIB;
    world_run(world, SECOND);
    g_assert_cmpint(locality_of(world), ==, -1);
    bl_values_set(&guest->controls, BL_DOMAIN_NODES, 4);
    world_run(world, SECOND);
    g_assert_cmpint(locality_of(world), ==, 2500);
    bl_values_set(&guest->controls, BL_DOMAIN_NODES, 5);
    world_run(world, SECOND);
    g_assert_cmpint(locality_of(world), ==, 10000);
    bl_values_set(&guest->controls, BL_DOMAIN_NODES, BL_NODES_OWN);
    world_run(world, SECOND);
    g_assert_cmpint(locality_of(world), ==, -1);
    bl_values_set(&guest->controls, BL_DOMAIN_NODES, 4);
    guest->where.known = FALSE;
    world_run(world, SECOND);
    g_assert_cmpint(locality_of(world), ==, -1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/placement-policy/bad-start", test_bad_start);
    g_test_add_func("/placement-policy/one-by-one", test_one_by_one);
    g_test_add_func("/placement-policy/shown", test_shown);
    g_test_add_func("/placement-policy/hold", test_hold);
    g_test_add_func("/placement-policy/no-packing", test_no_packing);
    g_test_add_func("/placement-policy/let-go", test_let_go);
    g_test_add_func("/placement-policy/left-alone", test_left_alone);
    g_test_add_func("/placement-policy/no-room", test_no_room);
    g_test_add_func("/placement-policy/modes", test_modes);
    g_test_add_func("/placement-policy/restart", test_restart);
    g_test_add_func("/placement-policy/locality", test_locality);
    return g_test_run();
}
