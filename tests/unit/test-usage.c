/* Usage of guests over hours: what is told of it, and when it is forgotten. */
#include <string.h>

#include "core/usage.h"

#define WINDOW BL_VIEW_WINDOW_USEC
#define HOUR ((gint64)3600 * 1000000)

static BlView *view_at(gint64 now_usec)
{
    BlView *view = bl_view_new();
    view->now_usec = now_usec;
    return view;
}

static BlDomainView *domain_add(BlView *view, const char *uuid, guint vcpus, gint64 ready,
                                gint64 demand)
{
    BlDomainView *domain = bl_domain_view_new();
    g_strlcpy(domain->uuid, uuid, sizeof domain->uuid);
    domain->vcpus = vcpus;
    if (ready >= 0)
        bl_values_set(&domain->figures, BL_FIGURE_READY, ready);
    if (demand >= 0)
        bl_values_set(&domain->figures, BL_FIGURE_DEMAND, demand);
    g_ptr_array_add(view->domains, domain);
    return domain;
}

static void tick(BlUsage *usage, gint64 now_usec, guint vcpus, gint64 ready, gint64 demand)
{
    g_autoptr(BlView) view = view_at(now_usec);
    domain_add(view, "a", vcpus, ready, demand);
    domain_add(view, "b", 1, -1, -1);
    bl_usage_add(usage, view);
}

static void check(const BlUsage *usage, const char *uuid, gint64 observed, gint64 mean,
                  gint64 ready_most, gint64 demand_most)
{
    BlAuditGuest guest = {.ready_mean = -1, .ready_most = -1, .demand_most = -1};
    g_strlcpy(guest.uuid, uuid, sizeof guest.uuid);
    bl_usage_tell(usage, &guest);
    g_assert_cmpint(guest.observed_usec, ==, observed);
    g_assert_cmpint(guest.ready_mean, ==, mean);
    g_assert_cmpint(guest.ready_most, ==, ready_most);
    g_assert_cmpint(guest.demand_most, ==, demand_most);
}

static void test_figures(void)
{
    g_autoptr(BlUsage) usage = bl_usage_new();
    tick(usage, 10 * WINDOW, 2, 100, 5000);
    tick(usage, 11 * WINDOW, 2, 300, 9000);
    tick(usage, 12 * WINDOW, 2, -1, -1);
    check(usage, "a", 2 * WINDOW, 200, 300, 9000);
    check(usage, "b", 2 * WINDOW, -1, -1, -1);
    check(usage, "c", 0, -1, -1, -1);
    /* Views in between are of the same seconds. */
    g_assert_false(bl_usage_is_due(usage, 13 * WINDOW - 1));
    tick(usage, 13 * WINDOW - 1, 2, 9999, 99999);
    check(usage, "a", 2 * WINDOW, 200, 300, 9000);
}

static void test_forgets(void)
{
    g_autoptr(BlUsage) usage = bl_usage_new();
    tick(usage, 10 * WINDOW, 2, 900, 9000);
    tick(usage, 10 * WINDOW + HOUR, 2, 100, 100);
    check(usage, "a", HOUR, 500, 900, 9000);
    tick(usage, 10 * WINDOW + 2 * HOUR, 2, 300, 300);
    check(usage, "a", HOUR, 200, 300, 300);
}

static void test_anew(void)
{
    g_autoptr(BlUsage) usage = bl_usage_new();
    tick(usage, 10 * WINDOW, 2, 900, 9000);
    tick(usage, 12 * WINDOW, 4, 100, 100);
    check(usage, "a", 0, 100, 100, 100);
    check(usage, "b", 2 * WINDOW, -1, -1, -1);
    /* A clock that goes backwards. */
    tick(usage, 5 * WINDOW, 4, 200, 200);
    check(usage, "a", 0, 200, 200, 200);
    g_autoptr(BlView) empty = view_at(20 * WINDOW);
    bl_usage_add(usage, empty);
    check(usage, "a", 0, -1, -1, -1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/usage/figures", test_figures);
    g_test_add_func("/usage/forgets", test_forgets);
    g_test_add_func("/usage/anew", test_anew);
    return g_test_run();
}
