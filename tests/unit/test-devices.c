/* Disks and interfaces: sums over a guest's devices, rates between readings, and what is unknown.
 */
#include "core/devices.h"

#include <string.h>

#include "collect/libvirt.h"

#define SECOND ((gint64)1000000)

static BlValues reading(gint64 usec, gint64 reads, gint64 read_nsec, gint64 sent)
{
    BlValues values = {0};
    bl_values_set(&values, BL_DOMAIN_DEVICES_USEC, usec);
    bl_values_set(&values, BL_DOMAIN_DISK_READS, reads);
    bl_values_set(&values, BL_DOMAIN_DISK_READ_NSEC, read_nsec);
    bl_values_set(&values, BL_DOMAIN_NETWORK_SENT_BYTES, sent);
    return values;
}

static void check(const BlDevicesGuest *devices, gint64 now, BlFigure figure, gint64 expected)
{
    BlValues figures = {0};
    bl_devices_figures(devices, now, &figures);
    g_assert_cmpint(bl_values_get(&figures, figure, -1), ==, expected);
}

static void test_rates(void)
{
    BlDevicesGuest devices = {0};
    BlValues values = reading(5 * SECOND, 100, 1000, 5000);
    bl_devices_update(&devices, &values, 105 * SECOND);
    check(&devices, 105 * SECOND, BL_FIGURE_DISK_READS, -1);
    /* The same reading again, tick by tick, is no news. */
    bl_devices_update(&devices, &values, 106 * SECOND);
    values = reading(7 * SECOND, 300, 1000 + 200 * 1500000, 5000);
    bl_devices_update(&devices, &values, 107 * SECOND);
    check(&devices, 107 * SECOND, BL_FIGURE_DISK_READS, 100);
    check(&devices, 107 * SECOND, BL_FIGURE_DISK_READ_LATENCY, 1500);
    check(&devices, 107 * SECOND, BL_FIGURE_NETWORK_SEND_RATE, 0);
    /* What was not counted is unknown, and so is what is too old. */
    check(&devices, 107 * SECOND, BL_FIGURE_DISK_WRITES, -1);
    check(&devices, 123 * SECOND, BL_FIGURE_DISK_READS, -1);
    /* No request ended: there is no latency. */
    values = reading(9 * SECOND, 300, 1000 + 200 * 1500000, 9000);
    bl_devices_update(&devices, &values, 109 * SECOND);
    check(&devices, 109 * SECOND, BL_FIGURE_DISK_READ_LATENCY, -1);
    check(&devices, 109 * SECOND, BL_FIGURE_DISK_READS, 0);
    check(&devices, 109 * SECOND, BL_FIGURE_NETWORK_SEND_RATE, 2000);
}

/* A counter that begins anew, time that does, damaged readings. */
static void test_breaks(void)
{
    static const struct {
        gint64 usec, reads, expected;
    } cases[] = {{7, 50, -1}, {4, 300, -1}, {90, 300, -1}, {7, G_MAXINT64, -1}, {7, 102, 1}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        BlDevicesGuest devices = {0};
        BlValues values = reading(5 * SECOND, 100, 0, 0);
        bl_devices_update(&devices, &values, SECOND);
        values = reading(cases[i].usec * SECOND, cases[i].reads, 0, 0);
        bl_devices_update(&devices, &values, 3 * SECOND);
        check(&devices, 3 * SECOND, BL_FIGURE_DISK_READS, cases[i].expected);
    }
}

static virTypedParameter parameter(const char *name, guint64 value)
{
    virTypedParameter made = {.type = VIR_TYPED_PARAM_ULLONG};
    g_strlcpy(made.field, name, sizeof made.field);
    made.value.ul = value;
    return made;
}

static void test_sum(void)
{
    virTypedParameter list[] = {
        parameter("block.0.rd.reqs", 5),  parameter("block.1.rd.reqs", 7),
        parameter("block.0.fl.reqs", 99), parameter("net.0.rx.drop", 2),
        parameter("net.1.tx.drop", 3),    parameter("net.0.tx.bytes", G_MAXUINT64),
        parameter("block.count", 2),      parameter("rd.reqs", 1000),
    };
    BlValues values = {0};
    list[2].type = VIR_TYPED_PARAM_UINT;
    bl_libvirt_devices_sum(list, G_N_ELEMENTS(list), &values);
    g_assert_cmpint(bl_values_get(&values, BL_DOMAIN_DISK_READS, -1), ==, 12);
    g_assert_cmpint(bl_values_get(&values, BL_DOMAIN_NETWORK_DROPPED, -1), ==, 5);
    g_assert_false(bl_values_has(&values, BL_DOMAIN_NETWORK_SENT_BYTES));
    g_assert_false(bl_values_has(&values, BL_DOMAIN_DISK_WRITES));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/devices/rates", test_rates);
    g_test_add_func("/devices/breaks", test_breaks);
    g_test_add_func("/devices/sum", test_sum);
    return g_test_run();
}
