/* The standing policy: weight, limit and host CPUs of a class. */
#include "world.h"

#define SECOND ((gint64)1000000)

static BlClass *class_of(World *world, guint index)
{
    return g_ptr_array_index(world->policy->classes, index);
}

/* cgroup v1 has weights from 2 to 262,144, v2 from 1 to 10,000 with another default. */
static void test_scales(void)
{
    static const struct {
        gint64 shares_max, class_shares, expected;
        guint vcpus;
    } cases[] = {
        {262144, 1000, 3000, 3}, {262144, 1, 2, 1},       {262144, 200000, 262144, 2},
        {10000, 1000, 300, 3},   {10000, 1, 1, 1},        {10000, 200000, 10000, 2},
        {262143, 1000, 100, 1},  {262145, 1000, 1000, 1},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
        world->shares_max = cases[i].shares_max;
        class_of(world, 0)->shares = cases[i].class_shares;
        WorldGuest *web = world_add(world, "web", "critical", cases[i].vcpus);
        world_run(world, SECOND);
        g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, cases[i].expected);
    }
}

/* Of a host of which nothing is known no weight is asked for; nor of a guest without vCPUs. */
static void test_unknown(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *none = world_add(world, "none", "critical", 0);
    class_of(world, 0)->cpu_limit = 5000;
    world->no_host = TRUE;
    world_run(world, SECOND);
    g_assert_cmpuint(web->writes[BL_DOMAIN_CPU_SHARES], ==, 0);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_QUOTA), ==, 50000);
    world->no_host = FALSE;
    world_run(world, SECOND);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 8000);
    g_assert_cmpuint(none->writes[BL_DOMAIN_CPU_SHARES] + none->writes[BL_DOMAIN_CPU_QUOTA], ==, 0);
}

/* Limits are of each vCPU, at least what the kernel takes, at most the administrator's own. */
static void test_limits(void)
{
    static const struct {
        gint64 limit, own, expected;
        guint vcpus;
    } cases[] = {
        {5000, -1, 50000, 1},    {5000, -1, 150000, 3},   {1, -1, 1000, 1},
        {5000, 60000, 50000, 1}, {5000, 40000, 40000, 1}, {5000, 50000, 50000, 1},
        {20000, -1, 200000, 1},  {100, -1, 1000, 1},      {110, -1, 1100, 1},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
        class_of(world, 0)->cpu_limit = cases[i].limit;
        WorldGuest *web = world_add(world, "web", "critical", cases[i].vcpus);
        bl_values_set(&web->controls, BL_DOMAIN_CPU_QUOTA, cases[i].own);
        world_run(world, 2 * SECOND);
        g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_QUOTA), ==, cases[i].expected);
        g_assert_cmpuint(web->writes[BL_DOMAIN_CPU_QUOTA], ==, cases[i].expected != cases[i].own);
        const BlDecision *decision = world_last(world, BL_RULE_CLASS_LIMIT, -1);
        g_assert_true((decision != NULL) == (cases[i].expected != cases[i].own));
        /* Held, the limit is still compared with the value before: a larger one is given. */
        class_of(world, 0)->cpu_limit = 30000;
        world_run(world, SECOND);
        gint64 larger = 300000 * (gint64)cases[i].vcpus;
        g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_QUOTA), ==,
                        cases[i].own < 0 ? larger : cases[i].own);
    }
}

/* Only CPUs that the host has; none of them there: no pinning. */
static void test_cpus(void)
{
    static const struct {
        gint64 pin, cpus, expected;
    } cases[] = {
        {1, 2, 1},
        {3, 2, 3},
        {6, 2, 2},
        {4, 2, -1},
        {-1, 2, -1},
        {0, 2, -1},
        {15, 3, 7},
        {255, 62, 255},
        {(gint64)1 << 62, 63, (gint64)1 << 62},
        {(gint64)1 << 62, 62, -1},
        {(gint64)1 << 62, 64, (gint64)1 << 62},
        {8, 1, -1},
        {9, 1, 1},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
        world->cpus = cases[i].cpus;
        class_of(world, 0)->cpu_pin = cases[i].pin;
        WorldGuest *web = world_add(world, "web", "critical", 1);
        world_run(world, SECOND);
        g_assert_cmpint(world_control(web, BL_DOMAIN_VCPU_PIN), ==, cases[i].expected);
        g_assert_cmpuint(world_count(world, BL_RULE_CLASS_CPUS, BL_DECISION_APPLIED), ==,
                         cases[i].expected != -1);
    }
    /* How many CPUs the host has is unknown: as the policy says. */
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    world->no_host = TRUE;
    class_of(world, 0)->cpu_pin = 4;
    WorldGuest *web = world_add(world, "web", "critical", 1);
    world_run(world, SECOND);
    g_assert_cmpint(world_control(web, BL_DOMAIN_VCPU_PIN), ==, 4);
}

static WorldGuest *realtime_add(World *world, const char *name, const char *class_name, guint vcpus)
{
    WorldGuest *guest = world_add(world, name, class_name, vcpus);
    bl_values_set(&guest->controls, BL_DOMAIN_REALTIME, 0);
    return guest;
}

static gint64 is_realtime(const WorldGuest *guest)
{
    return world_control(guest, BL_DOMAIN_REALTIME);
}

/* By rank, then as they come, as many as leave a CPU to the rest of the host. */
static void test_realtime(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    world->cpus = 4;
    bl_values_set(&world->host, BL_HOST_REALTIME, 9500);
    class_of(world, 0)->cpu_realtime = class_of(world, 1)->cpu_realtime = TRUE;
    WorldGuest *lower = realtime_add(world, "lower", "standard", 1);
    WorldGuest *large = realtime_add(world, "large", "standard", 2);
    WorldGuest *web = realtime_add(world, "web", "critical", 2);
    WorldGuest *batch = realtime_add(world, "batch", "batch", 1);
    WorldGuest *blind = world_add(world, "blind", "critical", 1);
    world_run(world, SECOND);
    g_assert_cmpint(is_realtime(web), ==, 1);
    g_assert_cmpint(is_realtime(lower), ==, 0);
    g_assert_cmpint(is_realtime(large), ==, 0);
    g_assert_cmpint(is_realtime(batch), ==, 0);
    /* What cannot be read is not changed, and counts all the same. */
    g_assert_cmpuint(blind->writes[BL_DOMAIN_REALTIME], ==, 0);
    blind->gone = TRUE;
    world_run(world, SECOND);
    g_assert_cmpint(is_realtime(lower), ==, 1);
    g_assert_cmpint(is_realtime(large), ==, 0);
    web->class_name = "batch";
    world_run(world, SECOND);
    g_assert_cmpint(is_realtime(web), ==, 0);
    g_assert_cmpint(is_realtime(large), ==, 1);
    world_request(world, BL_REQUEST_RELEASE, BL_MODE_OBSERVE, 0);
    world_run(world, SECOND);
    g_assert_cmpint(is_realtime(lower) + is_realtime(large), ==, 0);
}

/* Never where real-time threads may keep a CPU for good, nor past a limit. */
static void test_realtime_refused(void)
{
    static const struct {
        gint64 share, quota, cpus;
        gboolean expected;
    } cases[] = {
        {9500, BL_QUOTA_NONE, 2, TRUE},  {10000, BL_QUOTA_NONE, 2, FALSE},
        {0, BL_QUOTA_NONE, 2, FALSE},    {-1, BL_QUOTA_NONE, 2, FALSE},
        {9500, 50000, 2, FALSE},         {9500, 0, 2, FALSE},
        {9500, BL_QUOTA_NONE, 1, FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
        world->cpus = cases[i].cpus;
        if (cases[i].share >= 0)
            bl_values_set(&world->host, BL_HOST_REALTIME, cases[i].share);
        class_of(world, 0)->cpu_realtime = TRUE;
        WorldGuest *web = realtime_add(world, "web", "critical", 1);
        if (cases[i].quota != 0)
            bl_values_set(&web->controls, BL_DOMAIN_CPU_QUOTA, cases[i].quota);
        else
            bl_values_clear(&web->controls, BL_DOMAIN_CPU_QUOTA);
        world_run(world, SECOND);
        g_assert_cmpint(is_realtime(web), ==, cases[i].expected);
    }
}

/* The reason names the guest and its class as they are now. */
static void test_reasons(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    world_run(world, SECOND);
    web->class_name = "batch";
    world_run(world, SECOND);
    const BlDecision *decision = world_last(world, BL_RULE_CLASS_SHARES, BL_DECISION_APPLIED);
    g_assert_cmpstr(decision->step.reason.domain_class, ==, "batch");
    web->name = "renamed";
    class_of(world, 2)->shares = 50;
    world_run(world, SECOND);
    decision = world_last(world, BL_RULE_CLASS_SHARES, BL_DECISION_APPLIED);
    g_assert_cmpstr(decision->step.reason.domain, ==, "renamed");
    g_assert_cmpint(decision->step.reason.measured, ==, -1);
    g_assert_cmpint(decision->step.reason.share, ==, -1);
    g_assert_cmpint(decision->step.expires_usec, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/standing/scales", test_scales);
    g_test_add_func("/standing/unknown", test_unknown);
    g_test_add_func("/standing/limits", test_limits);
    g_test_add_func("/standing/cpus", test_cpus);
    g_test_add_func("/standing/reasons", test_reasons);
    g_test_add_func("/standing/realtime", test_realtime);
    g_test_add_func("/standing/realtime-refused", test_realtime_refused);
    return g_test_run();
}
