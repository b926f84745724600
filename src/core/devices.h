/* A domain's disks and interfaces: rates from counters that are read less often than there are
 * ticks.
 */
#ifndef BL_CORE_DEVICES_H
#define BL_CORE_DEVICES_H

#include "model/field.h"

typedef struct {
    gint64 read_usec;  /* when the counters were last read; 0: never */
    gint64 told_usec;  /* the engine's time then */
    BlValues counters; /* BlDomainField, as read then */
    BlValues figures;  /* BlFigure, between the last two readings */
} BlDevicesGuest;

/* The counters of one sample; nothing is new where they are those of the last one. */
void bl_devices_update(BlDevicesGuest *devices, const BlValues *values, gint64 now_usec);
/* Adds what is known, as long as it is not too old. */
void bl_devices_figures(const BlDevicesGuest *devices, gint64 now_usec, BlValues *figures);

#endif
