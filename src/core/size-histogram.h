/* A decaying histogram of demand: adding, percentiles, merging. Pure integers.
 *
 * After Autopilot (Rzadca et al., "Autopilot: workload autoscaling at Google", EuroSys 2020):
 * buckets grow geometrically, and instead of making what is old lighter, what is new is added
 * heavier; at each half-life all is halved.
 */
#ifndef BL_CORE_SIZE_HISTOGRAM_H
#define BL_CORE_SIZE_HISTOGRAM_H

#include "model/size.h"

/* Larger values count as this. */
#define BL_SIZE_VALUE_MAX (((gint64)1 << 24) - 1)

/* One interval's demand; one unit of the histogram's time goes by. Negative counts as 0. */
void bl_size_histogram_add(BlSizeHistogram *histogram, gint64 value);

/* The least value that all but the rest beyond `permyriad` of the time stayed at or below, rounded
 * up to its bucket's end (by at most a sixteenth); -1 while it is empty. */
gint64 bl_size_histogram_percentile(const BlSizeHistogram *histogram, gint64 permyriad);

/* Adds what another one holds, each as old as it is now. */
void bl_size_histogram_merge(BlSizeHistogram *histogram, const BlSizeHistogram *other);

#endif
