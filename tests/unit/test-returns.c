/* Balloons on their way back to what they had been, when the daemon dies before they arrive. */
#include <string.h>

#include "core/engine.h"
#include "memory-world.h"

static void return_tell(Host *host, guint index, gint64 original)
{
    BlHolding holding = {.field = BL_DOMAIN_BALLOON,
                         .generation = host_guest(host, index)->generation,
                         .original = original,
                         .value = original,
                         .returns = TRUE};
    g_snprintf(holding.uuid, BL_UUID_SIZE, "00000000-0000-0000-0000-%012u", index);
    g_array_append_val(host->world->holdings, holding);
}

static void balloon_put(Host *host, guint index, gint64 bytes)
{
    bl_values_set(&host_guest(host, index)->controls, BL_DOMAIN_BALLOON, bytes);
}

/* A guest of 2 GiB whose balloon an earlier run gave back, half-way there. */
static Host *host_returning(void)
{
    Host *host = host_new(BL_MODE_ENFORCE);
    host_add(host, "a", "batch", 2 * GIB, GIB / 8);
    balloon_put(host, 0, GIB);
    return_tell(host, 0, 2 * GIB);
    return host;
}

static void release(Host *host)
{
    world_request(host->world, BL_REQUEST_RELEASE, BL_MODE_OBSERVE, 0);
    host_run(host, 2 * SECOND);
    g_assert_cmpuint(bl_engine_holdings(host->world->engine), ==, 0);
}

/* What is taken from it on the way is given back to what it had been, not to where it was found. */
static void test_taken_on_the_way(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host->own = 2 * GIB;
    balloon_put(host, 1, 3 * GIB / 2);
    return_tell(host, 1, 2 * GIB);
    host_run(host, 10 * SECOND);
    g_assert_cmpint(host_balloon(host, 1), <, 3 * GIB / 2);
    release(host);
    g_assert_cmpint(host_balloon(host, 1), ==, 2 * GIB);
}

/* It goes on by itself: nothing is to be done, and when it has arrived the journal may forget it.
 */
static void test_arrives(void)
{
    g_autoptr(Host) host = host_returning();
    host_tick(host);
    g_assert_cmpuint(bl_engine_returns(host->world->engine), ==, 1);
    g_assert_cmpuint(host->world->plan->settled->len, ==, 0);
    balloon_put(host, 0, 2 * GIB);
    host_tick(host);
    const GArray *settled = host->world->plan->settled;
    g_assert_cmpuint(settled->len, ==, 1);
    g_assert_cmpint(g_array_index(settled, BlSettled, 0).field, ==, BL_DOMAIN_BALLOON);
    g_assert_cmpuint(g_array_index(settled, BlSettled, 0).generation, ==,
                     host_guest(host, 0)->generation);
    g_assert_cmpuint(bl_engine_returns(host->world->engine), ==, 0);
    g_assert_cmpuint(host_steps(host), ==, 0);
}

/* Where it stands still, somebody has set it while no daemon ran: that stays. */
static void test_stands(void)
{
    g_autoptr(Host) host = host_returning();
    host_run(host, 25 * SECOND);
    g_assert_cmpuint(bl_engine_returns(host->world->engine), ==, 1);
    host_run(host, 10 * SECOND);
    g_assert_cmpuint(bl_engine_returns(host->world->engine), ==, 0);
    release(host);
    g_assert_cmpint(host_balloon(host, 0), ==, GIB);
}

/* As does one that goes the other way. */
static void test_turns(void)
{
    g_autoptr(Host) host = host_returning();
    host_tick(host);
    balloon_put(host, 0, GIB / 2);
    host_tick(host);
    g_assert_cmpuint(bl_engine_returns(host->world->engine), ==, 0);
    g_assert_cmpuint(host->world->plan->settled->len, ==, 1);
}

/* The journal is read anew after any step that failed: what this run holds since counts. */
static void test_held(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host->own = 2 * GIB;
    host_run(host, 10 * SECOND);
    gint64 told = host_balloon(host, 1);
    g_assert_cmpint(told, <, 2 * GIB);
    return_tell(host, 1, GIB / 4);
    host_run(host, SECOND);
    g_assert_cmpuint(bl_engine_returns(host->world->engine), ==, 0);
    release(host);
    g_assert_cmpint(host_balloon(host, 1), ==, 2 * GIB);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/returns/taken-on-the-way", test_taken_on_the_way);
    g_test_add_func("/returns/arrives", test_arrives);
    g_test_add_func("/returns/stands", test_stands);
    g_test_add_func("/returns/turns", test_turns);
    g_test_add_func("/returns/held", test_held);
    return g_test_run();
}
