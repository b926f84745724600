/* JSON of the nouns: one form for the trace, the store and the API.
 *
 * Keys of measured values come from the field table. Raw samples keep integers in base units so
 * that they survive a round trip exactly; figures and decisions show ratios 0..1 and seconds.
 * Equal values give equal bytes: keys stand in a fixed order.
 */
#ifndef BL_MODEL_CODEC_H
#define BL_MODEL_CODEC_H

#include <jansson.h>

#include "model/view.h"

/* Flags for json_dumps that keep the order of keys and one line. */
#define BL_JSON_LINE (JSON_COMPACT | JSON_REAL_PRECISION(10))
#define BL_JSON_PRETTY (JSON_INDENT(2) | JSON_REAL_PRECISION(10))

typedef enum { BL_CODEC_ERROR_SHAPE } BlCodecError;
#define BL_CODEC_ERROR (bl_codec_error_quark())
GQuark bl_codec_error_quark(void);

/* JSON ends the program when memory runs out, as GLib does: a line of the journal that could not be
 * read for want of memory must not pass for a damaged one, nor half a sample for a whole one. First
 * thing in the main() of a program that keeps a journal or a trace. */
void bl_json_memory_guard(void);

/* All constructors return a new reference. */
json_t *bl_sample_to_json(const BlSample *sample);
/* Strict: unknown fields, wrong types, duplicate or unsorted domains are errors, so that a damaged
 * trace is noticed. The error says which key. */
BlSample *bl_sample_from_json(const json_t *json, GError **error) G_GNUC_WARN_UNUSED_RESULT;
json_t *bl_plan_to_json(const BlPlan *plan);
json_t *bl_decision_to_json(const BlDecision *decision);
json_t *bl_view_host_to_json(const BlView *view);
/* Who the domain waited for in the last minute: {name, uuid, class, window, waited, culprits};
 * times in seconds, `window` null where it is not known. */
json_t *bl_view_blame_to_json(const BlDomainView *domain);
json_t *bl_view_domain_to_json(const BlDomainView *domain);
/* The same as text, appended; of one domain, or an array of all. */
void bl_view_domain_write(GString *to, const BlDomainView *domain);
void bl_view_domains_write(GString *to, const BlView *view);

/* TRUE for a value of a control that means "none" or "all". */
gboolean bl_control_is_unset(BlDomainField field, gint64 value);
/* A value of a control as JSON: null where it means "none" or "all". */
json_t *bl_control_to_json(BlDomainField field, gint64 value);

/* permyriad -> ratio; null when negative (unknown). */
json_t *bl_ratio_to_json(gint64 permyriad);
/* Wall clock as RFC 3339. */
json_t *bl_time_to_json(gint64 wall_usec);

#endif
