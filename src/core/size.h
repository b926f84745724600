/* Right-sizing: how many vCPUs and how much memory a guest should have, by what it asked for over
 * the last weeks. Pure; called by the engine for each guest, and by the simulator for recorded
 * loads.
 */
#ifndef BL_CORE_SIZE_H
#define BL_CORE_SIZE_H

#include "model/policy.h"
#include "model/size.h"

/* How much of the time the size has to be enough, and how much room there is to be. */
typedef enum {
    BL_SIZE_CAREFUL,  /* an objective stricter than the host's boundary */
    BL_SIZE_ORDINARY, /* all others */
    BL_SIZE_THRIFTY,  /* may be held back for others whenever they want */
    BL_SIZE_CARES,
} BlSizeCare;

const char *bl_size_care_name(BlSizeCare care);
BlSizeCare bl_size_care_of(const BlPolicy *policy, const BlClass *class);

/* Takes down one interval: the demand seen, and whether it was cut off, so that it may have been
 * more. Judges what was held to be enough by it, and learns. */
void bl_size_demand_add(BlSizeDemand *demand, BlSizeCare care, gint64 value, gboolean cut_off);

/* Demand, in units, that the guest's size should bear; 0 while nothing is known. */
gint64 bl_size_demand_enough(const BlSizeDemand *demand, BlSizeCare care);

/* Notes an interval with so many vCPUs: whether it used them up, and what the others waited. */
void bl_size_history_note(BlSizeHistory *history, guint vcpus, gboolean full, gint64 waited);

/* Adds what an earlier run kept. */
void bl_size_history_merge(BlSizeHistory *history, const BlSizeHistory *kept);

/* Of a vCPU, permyriad: busy for so much of a minute it was as good as full. */
#define BL_SIZE_FULL 9500

typedef struct {
    BlSizeCare care;
    gint64 vcpus;        /* it has; -1: unknown */
    gint64 memory_bytes; /* the most that it may have; -1: unknown */
    gint64 host_cpus;    /* -1: unknown */
    gint64 host_memory;  /* bytes; -1: unknown */
} BlSizeFacts;

/* Both advices. At most half is taken, and at most as much again is given, in one step; what would
 * change little is left as it is. */
void bl_size_recommend(const BlSizeHistory *history, const BlSizeFacts *facts,
                       BlSizeAdvice ret_advices[BL_SIZE_RESOURCES]);

/* It has fewer vCPUs than before, and uses them up far more often than it did those. */
gboolean bl_size_has_harmed(const BlSizing *sizing);

#endif
