/* Right-sizing: what is remembered of a guest's demand, and what is advised of it. The demand is
 * gathered and judged in src/core (size-histogram.h, size.h), kept over restarts by the daemon, and
 * shown by the API and the command. */
#ifndef BL_MODEL_SIZE_H
#define BL_MODEL_SIZE_H

#include <jansson.h>

#include "model/plan.h"

/* Demand is taken down once per interval. */
#define BL_SIZE_INTERVAL_USEC (300 * (gint64)1000000)
/* Sixteen buckets for each power of two, up to 2^24 units. */
#define BL_SIZE_BUCKETS 336
/* A week: after so many more intervals one counts half. */
#define BL_SIZE_HALF_LIFE 2016

/* A decaying histogram of whole numbers; its clock is the number of intervals, so that time in
 * which the guest did not run ages nothing. Fixed size, no allocation. */
typedef struct {
    guint32 phase;    /* intervals of this half-life; below BL_SIZE_HALF_LIFE */
    guint32 observed; /* intervals in all */
    guint32 weights[BL_SIZE_BUCKETS];
} BlSizeHistogram;

typedef enum {
    BL_SIZE_CPU,    /* unit: a hundredth of a core */
    BL_SIZE_MEMORY, /* unit: a MiB */
    BL_SIZE_RESOURCES,
} BlSizeResource;

#define BL_SIZE_CORE_UNITS 100

typedef struct {
    BlSizeHistogram histogram;
    gint64 enough;  /* units that are held to be enough; 0: nothing yet */
    gint64 margin;  /* permyriad beyond the class's, learned from misses */
    guint32 judged; /* intervals since there is something to judge, halved from time to time */
    guint32 missed; /* of them those in which it was not enough */
    guint32 calm;   /* intervals since the last miss, or since the margin was last reduced */
} BlSizeDemand;

/* How it was with so many vCPUs: what a change has come to. */
typedef struct {
    guint32 vcpus;     /* 0: not known */
    guint32 intervals; /* halved from time to time, and the rest with it */
    guint32 full;      /* of them those in which it used all that it had */
    gint64 waited;     /* by the others, permyriad of a core, summed over the intervals */
} BlSizeSpell;

/* An hour with another number of vCPUs tells something. */
#define BL_SIZE_EFFECT_INTERVALS 12

typedef struct {
    char uuid[BL_UUID_SIZE];
    BlSizeDemand demands[BL_SIZE_RESOURCES];
    BlSizeSpell now, before;
} BlSizeHistory;

/* Keys of `json` that stand for a history: {uuid, cpu: {...}, memory: {...}, now: {...}, before:
 * {...}}. A new reference. */
json_t *bl_size_history_to_json(const BlSizeHistory *history);
/* Strict, and total: a store and a trace are files that somebody may have touched. */
gboolean bl_size_history_from_json(const json_t *json, BlSizeHistory *ret_history,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How much there is behind an advice. */
typedef enum {
    BL_CONFIDENCE_NONE, /* less than a day: nothing is advised */
    BL_CONFIDENCE_LOW,
    BL_CONFIDENCE_MEDIUM,
    BL_CONFIDENCE_HIGH,
    BL_CONFIDENCES,
} BlConfidence;

typedef enum {
    BL_SIZE_UNKNOWN, /* its demand, or what it has, is not known */
    BL_SIZE_EARLY,   /* not known for long enough */
    BL_SIZE_KEEP,
    BL_SIZE_SHRINK,
    BL_SIZE_GROW,
    BL_SIZE_VERDICTS,
} BlSizeVerdict;

/* About one resource. Sizes are vCPUs or bytes, demands permyriad of a core or bytes; -1: unknown.
 */
typedef struct {
    BlSizeVerdict verdict;
    BlConfidence confidence;
    gint64 has, advised;  /* size */
    gint64 usual, high;   /* demand: half of the time no more; all but the class's rest no more */
    gint64 enough;        /* demand that the size has to bear */
    gint64 percentile;    /* permyriad: what `high` is */
    gint64 margin;        /* permyriad between `high` and `enough` */
    gint64 observed_usec; /* of the guest's running time */
    gint64 missed;        /* permyriad of the time in which it would not have been enough */
    gboolean capped;      /* it could be smaller, but not in one step */
} BlSizeAdvice;

typedef struct {
    char uuid[BL_UUID_SIZE];
    char name[BL_NAME_SIZE];
    char class_name[BL_NAME_SIZE];
    BlSizeAdvice advices[BL_SIZE_RESOURCES];
    BlSizeSpell now, before; /* with the vCPUs that it has, and with those that it had */
    /* Ready time that the others of the host would have been spared, permyriad of a core; an
     * estimate from above; -1: unknown. */
    gint64 spared;
} BlSizing;

const char *bl_size_resource_name(BlSizeResource resource);
const char *bl_size_verdict_name(BlSizeVerdict verdict);
const char *bl_confidence_name(BlConfidence confidence);

/* {vm, uuid, class, cpu: {...}, memory: {...}, now, before, spared}: vCPUs, cores, bytes, ratios,
 * seconds; null is unknown. A new reference. */
json_t *bl_sizing_to_json(const BlSizing *sizing);

#endif
