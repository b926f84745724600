/* Right-sizing as JSON: see size.h. */
#include "model/size.h"

#include <string.h>

#include "base/units.h"
#include "model/codec.h"

/* No advice is beyond the largest value of a histogram and twice the margin. */
#define ENOUGH_MOST ((gint64)1 << 27)
/* More than all CPUs that there could be, for more intervals than are counted. */
#define WAITED_MOST ((gint64)1 << 50)

static const char *const resource_names[BL_SIZE_RESOURCES] = {"cpu", "memory"};
static const char *const verdict_names[BL_SIZE_VERDICTS] = {"unknown", "early", "keep", "shrink",
                                                            "grow"};
static const char *const confidence_names[BL_CONFIDENCES] = {"none", "low", "medium", "high"};

const char *bl_size_resource_name(BlSizeResource resource)
{
    return resource < BL_SIZE_RESOURCES ? resource_names[resource] : "unknown";
}

const char *bl_size_verdict_name(BlSizeVerdict verdict)
{
    return verdict < BL_SIZE_VERDICTS ? verdict_names[verdict] : "unknown";
}

const char *bl_confidence_name(BlConfidence confidence)
{
    return confidence < BL_CONFIDENCES ? confidence_names[confidence] : "unknown";
}

/* --- a history ---------------------------------------------------------------------------------
 */

/* Most buckets are empty: pairs of a bucket and its weight. */
static json_t *weights_to_json(const BlSizeHistogram *histogram)
{
    json_t *array = json_array();
    for (guint i = 0; i < BL_SIZE_BUCKETS; i++) {
        if (histogram->weights[i] == 0)
            continue;
        json_array_append_new(array, json_integer((json_int_t)i));
        json_array_append_new(array, json_integer((json_int_t)histogram->weights[i]));
    }
    return array;
}

static json_t *demand_to_json(const BlSizeDemand *demand)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "phase",
                     (json_int_t)demand->histogram.phase, "observed",
                     (json_int_t)demand->histogram.observed, "enough", (json_int_t)demand->enough,
                     "margin", (json_int_t)demand->margin, "judged", (json_int_t)demand->judged,
                     "missed", (json_int_t)demand->missed, "calm", (json_int_t)demand->calm,
                     "weights", weights_to_json(&demand->histogram));
}

static json_t *spell_to_json(const BlSizeSpell *spell)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "vcpus", (json_int_t)spell->vcpus, "intervals",
                     (json_int_t)spell->intervals, "full", (json_int_t)spell->full, "waited",
                     (json_int_t)spell->waited);
}

json_t *bl_size_history_to_json(const BlSizeHistory *history)
{
    json_t *object = json_pack("{s:s}", "uuid", history->uuid);
    for (guint i = 0; i < BL_SIZE_RESOURCES; i++)
        json_object_set_new(object, resource_names[i], demand_to_json(&history->demands[i]));
    json_object_set_new(object, "now", spell_to_json(&history->now));
    json_object_set_new(object, "before", spell_to_json(&history->before));
    return object;
}

static gboolean fail(GError **error, const char *key, const char *what)
{
    g_set_error(error, BL_CODEC_ERROR, BL_CODEC_ERROR_SHAPE, "\"%s\" %s", key, what);
    return FALSE;
}

static gboolean number_read(const json_t *object, const char *key, gint64 most, gint64 *ret_value,
                            GError **error)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value))
        return fail(error, key, "is missing or not an integer");
    *ret_value = json_integer_value(value);
    return (*ret_value >= 0 && *ret_value <= most) || fail(error, key, "is out of range");
}

static gboolean count_read(const json_t *object, const char *key, gint64 most, guint32 *ret_count,
                           GError **error)
{
    gint64 value;
    if (!number_read(object, key, most, &value, error))
        return FALSE;
    *ret_count = (guint32)value;
    return TRUE;
}

static gboolean weights_read(const json_t *object, BlSizeHistogram *histogram, GError **error)
{
    const json_t *array = json_object_get(object, "weights");
    gsize size = json_array_size(array);
    if (!json_is_array(array) || size > (gsize)2 * BL_SIZE_BUCKETS || size % 2 != 0)
        return fail(error, "weights", "is missing or no list of pairs");
    for (gsize i = 0; i < size; i += 2) {
        const json_t *bucket = json_array_get(array, i), *weight = json_array_get(array, i + 1);
        if (!json_is_integer(bucket) || !json_is_integer(weight) ||
            json_integer_value(bucket) < 0 || json_integer_value(bucket) >= BL_SIZE_BUCKETS ||
            json_integer_value(weight) < 0 || json_integer_value(weight) > G_MAXUINT32)
            return fail(error, "weights", "holds what is no bucket or no weight");
        histogram->weights[json_integer_value(bucket)] = (guint32)json_integer_value(weight);
    }
    return TRUE;
}

static gboolean demand_read(const json_t *json, BlSizeDemand *demand, GError **error)
{
    return count_read(json, "phase", BL_SIZE_HALF_LIFE - 1, &demand->histogram.phase, error) &&
           count_read(json, "observed", G_MAXUINT32, &demand->histogram.observed, error) &&
           number_read(json, "enough", ENOUGH_MOST, &demand->enough, error) &&
           number_read(json, "margin", BL_PERMYRIAD, &demand->margin, error) &&
           count_read(json, "judged", G_MAXUINT16, &demand->judged, error) &&
           count_read(json, "missed", demand->judged, &demand->missed, error) &&
           count_read(json, "calm", G_MAXUINT16, &demand->calm, error) &&
           weights_read(json, &demand->histogram, error);
}

static gboolean spell_read(const json_t *json, const char *key, BlSizeSpell *spell, GError **error)
{
    const json_t *object = json_object_get(json, key);
    if (!json_is_object(object))
        return fail(error, key, "is missing or not an object");
    return count_read(object, "vcpus", G_MAXUINT16, &spell->vcpus, error) &&
           count_read(object, "intervals", G_MAXUINT16, &spell->intervals, error) &&
           count_read(object, "full", spell->intervals, &spell->full, error) &&
           number_read(object, "waited", WAITED_MOST, &spell->waited, error);
}

gboolean bl_size_history_from_json(const json_t *json, BlSizeHistory *ret_history, GError **error)
{
    BlSizeHistory history = {0};
    const char *uuid = json_string_value(json_object_get(json, "uuid"));
    if (uuid == NULL || strlen(uuid) != BL_UUID_SIZE - 1)
        return fail(error, "uuid", "is not a UUID");
    g_strlcpy(history.uuid, uuid, sizeof history.uuid);
    for (guint i = 0; i < BL_SIZE_RESOURCES; i++) {
        const json_t *demand = json_object_get(json, resource_names[i]);
        if (!json_is_object(demand))
            return fail(error, resource_names[i], "is missing or not an object");
        if (!demand_read(demand, &history.demands[i], error))
            return FALSE;
    }
    if (!spell_read(json, "now", &history.now, error) ||
        !spell_read(json, "before", &history.before, error))
        return FALSE;
    *ret_history = history;
    return TRUE;
}

/* --- advice ------------------------------------------------------------------------------------
 */

/* Cores for CPU, bytes for memory. */
static json_t *demand_value(BlSizeResource resource, gint64 demand)
{
    if (demand < 0)
        return json_null();
    return resource == BL_SIZE_CPU ? json_real((double)demand / BL_PERMYRIAD)
                                   : json_integer((json_int_t)demand);
}

static json_t *size_value(gint64 size)
{
    return size < 0 ? json_null() : json_integer((json_int_t)size);
}

static json_t *advice_to_json(BlSizeResource resource, const BlSizeAdvice *advice)
{
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f, s:o, s:b}", "verdict",
        bl_size_verdict_name(advice->verdict), "confidence", bl_confidence_name(advice->confidence),
        "has", size_value(advice->has), "advised", size_value(advice->advised), "usual",
        demand_value(resource, advice->usual), "high", demand_value(resource, advice->high),
        "enough", demand_value(resource, advice->enough), "percentile",
        bl_ratio_to_json(advice->percentile), "margin", bl_ratio_to_json(advice->margin),
        "observed", (double)advice->observed_usec / BL_USEC_PER_SEC, "missed",
        bl_ratio_to_json(advice->missed), "capped", advice->capped);
}

/* Ratios of the time, and of a core; null when there is nothing to tell of. */
static json_t *spell_view(const BlSizeSpell *spell)
{
    if (spell->vcpus == 0 || spell->intervals == 0)
        return json_null();
    return json_pack("{s:I, s:f, s:o, s:o}", "vcpus", (json_int_t)spell->vcpus, "observed",
                     (double)(spell->intervals * BL_SIZE_INTERVAL_USEC) / BL_USEC_PER_SEC, "full",
                     bl_ratio_to_json(bl_permyriad_of(spell->full, spell->intervals)), "waited",
                     demand_value(BL_SIZE_CPU, spell->waited / spell->intervals));
}

json_t *bl_sizing_to_json(const BlSizing *sizing)
{
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:o}", "vm", sizing->name, "uuid", sizing->uuid, "class",
                  sizing->class_name, "spared", demand_value(BL_SIZE_CPU, sizing->spared));
    for (guint i = 0; i < BL_SIZE_RESOURCES; i++)
        json_object_set_new(object, resource_names[i], advice_to_json(i, &sizing->advices[i]));
    json_object_set_new(object, "now", spell_view(&sizing->now));
    json_object_set_new(object, "before", spell_view(&sizing->before));
    return object;
}
