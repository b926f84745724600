/* Disks and interfaces: see devices.h. */
#include "core/devices.h"

#include "base/units.h"

/* Two readings further apart, or a reading older than this, tell nothing of now. */
#define OLD_USEC (15 * (gint64)BL_USEC_PER_SEC)

static const struct {
    BlDomainField counter;
    BlFigure rate;
} rates[] = {
    {BL_DOMAIN_DISK_READS, BL_FIGURE_DISK_READS},
    {BL_DOMAIN_DISK_WRITES, BL_FIGURE_DISK_WRITES},
    {BL_DOMAIN_DISK_READ_BYTES, BL_FIGURE_DISK_READ_RATE},
    {BL_DOMAIN_DISK_WRITE_BYTES, BL_FIGURE_DISK_WRITE_RATE},
    {BL_DOMAIN_NETWORK_DROPPED, BL_FIGURE_NETWORK_DROPS},
    {BL_DOMAIN_NETWORK_RECEIVED_BYTES, BL_FIGURE_NETWORK_RECEIVE_RATE},
    {BL_DOMAIN_NETWORK_SENT_BYTES, BL_FIGURE_NETWORK_SEND_RATE},
    {BL_DOMAIN_NETWORK_RECEIVED_PACKETS, BL_FIGURE_NETWORK_RECEIVES},
    {BL_DOMAIN_NETWORK_SENT_PACKETS, BL_FIGURE_NETWORK_SENDS},
};

/* The growth of a counter; FALSE: it is not known, or the counter began anew. */
static gboolean growth_of(const BlValues *before, const BlValues *now, BlDomainField counter,
                          gint64 *ret_growth)
{
    if (!bl_values_has(before, counter) || !bl_values_has(now, counter) ||
        now->value[counter] < before->value[counter] || before->value[counter] < 0)
        return FALSE;
    *ret_growth = now->value[counter] - before->value[counter];
    return TRUE;
}

/* Of requests that ended meanwhile; where none did there is no latency, and none is zero. */
static void latency_set(const BlValues *before, const BlValues *now, BlDomainField requests,
                        BlDomainField time, BlValues *figures, BlFigure figure)
{
    gint64 count, nsec;
    if (growth_of(before, now, requests, &count) && growth_of(before, now, time, &nsec) &&
        count > 0)
        bl_values_set(figures, figure, nsec / count / BL_NSEC_PER_USEC);
}

static void figures_make(BlDevicesGuest *devices, const BlValues *now, gint64 span_usec)
{
    const BlValues *before = &devices->counters;
    gint64 grown;
    for (guint i = 0; i < G_N_ELEMENTS(rates); i++) {
        /* A second's worth; more than fits is a damaged counter. */
        if (growth_of(before, now, rates[i].counter, &grown) &&
            grown < G_MAXINT64 / BL_USEC_PER_SEC)
            bl_values_set(&devices->figures, rates[i].rate, grown * BL_USEC_PER_SEC / span_usec);
    }
    latency_set(before, now, BL_DOMAIN_DISK_READS, BL_DOMAIN_DISK_READ_NSEC, &devices->figures,
                BL_FIGURE_DISK_READ_LATENCY);
    latency_set(before, now, BL_DOMAIN_DISK_WRITES, BL_DOMAIN_DISK_WRITE_NSEC, &devices->figures,
                BL_FIGURE_DISK_WRITE_LATENCY);
}

void bl_devices_update(BlDevicesGuest *devices, const BlValues *values, gint64 now_usec)
{
    gint64 read = bl_values_get(values, BL_DOMAIN_DEVICES_USEC, 0);
    if (read <= 0 || read == devices->read_usec)
        return;
    gint64 span = read - devices->read_usec;
    devices->figures.present = 0;
    if (devices->read_usec > 0 && span > 0 && span <= OLD_USEC)
        figures_make(devices, values, span);
    devices->counters = *values;
    devices->read_usec = read;
    devices->told_usec = now_usec;
}

void bl_devices_figures(const BlDevicesGuest *devices, gint64 now_usec, BlValues *figures)
{
    if (now_usec - devices->told_usec <= OLD_USEC)
        bl_values_take(figures, &devices->figures);
}
