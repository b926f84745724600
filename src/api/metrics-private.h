/* The parts of GET /metrics: metrics.c the daemon and the host, metrics-guests.c the guests.
 * Private to src/api/. */
#ifndef BL_API_METRICS_PRIVATE_H
#define BL_API_METRICS_PRIVATE_H

#include "api/metrics.h"

/* Begins a family; `info` has to stay until the next one. */
void bl_metric_begin(BlExposition *exposition, BlMetric metric, BlMetricInfo *info);
/* A field's value in the base unit of metrics. */
void bl_metric_put_field(BlExposition *exposition, const BlMetricInfo *info, const char *labels,
                         gint64 value);

void bl_metrics_guests(BlExposition *exposition, const BlMetricsFacts *facts);

#endif
