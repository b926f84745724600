/* The text form of metrics: Prometheus' 0.0.4 and OpenMetrics 1.0.
 *
 * Pure. metrics.c writes families through it, in order, each once. A family without a sample leaves
 * no trace: what is unknown is absent. Values are integers with so many decimals, so that nothing
 * is rounded and nothing depends on the machine.
 */
#ifndef BL_API_EXPOSITION_H
#define BL_API_EXPOSITION_H

#include <glib.h>

typedef enum {
    BL_EXPOSITION_TEXT,
    BL_EXPOSITION_OPENMETRICS,
    BL_EXPOSITION_FORMATS,
} BlExpositionFormat;

typedef enum {
    BL_FAMILY_GAUGE,
    BL_FAMILY_COUNTER,
    BL_FAMILY_INFO, /* always 1: the labels tell */
    BL_FAMILY_HISTOGRAM,
} BlFamilyType;

typedef struct {
    const char *name; /* without "_total" of a counter and "_info" of an info; ends in the unit */
    BlFamilyType type;
    const char *unit; /* "seconds", "bytes", "ratio"; NULL: none */
    const char *help;
} BlFamily;

typedef struct BlExposition BlExposition;

/* What the client's Accept header asks for; NULL: it has none. */
BlExpositionFormat bl_exposition_format_of(const char *accept);
/* Static. */
const char *bl_exposition_content_type(BlExpositionFormat format);

BlExposition *bl_exposition_new(BlExpositionFormat format);
void bl_exposition_free(BlExposition *exposition);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlExposition, bl_exposition_free)

/* Begins a family, which stays valid until the next one begins. */
void bl_exposition_family(BlExposition *exposition, const BlFamily *family);
/* A sample of it: value / 10^decimals. `labels` is text of bl_label_append(), NULL or empty for
 * none. */
void bl_exposition_put(BlExposition *exposition, const char *labels, gint64 value, guint decimals);
/* The one sample of a histogram. counts[i] is how many were at most bounds[i], and more than the
 * bound before; counts[n_bounds] how many exceeded all. Bounds and sum are microseconds. */
typedef struct {
    const gint64 *bounds_usec;
    guint n_bounds;
    const guint64 *counts;
    gint64 sum_usec;
} BlHistogram;
void bl_exposition_put_histogram(BlExposition *exposition, const BlHistogram *histogram);
/* All of it, ended as the format wants; the exposition is empty then. */
GBytes *bl_exposition_end(BlExposition *exposition);

/* Appends NAME="VALUE", after a comma when there is something already. The value may hold anything;
 * what is no UTF-8 is replaced. */
void bl_label_append(GString *labels, const char *name, const char *value);

#endif
