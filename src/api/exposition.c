/* The text form of metrics: see exposition.h. */
#include "api/exposition.h"

#include <string.h>

struct BlExposition {
    BlExpositionFormat format;
    GString *text;
    const BlFamily *family;
    GString *name; /* of its samples */
    gboolean begun;
};

const char *bl_exposition_content_type(BlExpositionFormat format)
{
    return format == BL_EXPOSITION_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

/* --- what the client wants -----------------------------------------------------------------------
 */

/* How much a range of the Accept header ("text/plain;version=0.0.4;q=0.5") wants a type, in
 * thousandths; 0: it is about something else. */
static guint range_wants(const char *range, const char *type, const char *version)
{
    g_auto(GStrv) parts = g_strsplit(range, ";", -1);
    guint quality = 1000;
    if (parts[0] == NULL || g_ascii_strcasecmp(g_strstrip(parts[0]), type) != 0)
        return 0;
    for (guint i = 1; parts[i] != NULL; i++) {
        const char *part = g_strstrip(parts[i]);
        if (g_ascii_strncasecmp(part, "version=", 8) == 0 && !g_str_equal(part + 8, version))
            return 0;
        if (g_ascii_strncasecmp(part, "q=", 2) == 0)
            quality = (guint)(CLAMP(g_ascii_strtod(part + 2, NULL), 0, 1) * 1000);
    }
    return quality;
}

BlExpositionFormat bl_exposition_format_of(const char *accept)
{
    guint openmetrics = 0, text = 0;
    g_auto(GStrv) ranges = g_strsplit(accept != NULL ? accept : "", ",", -1);
    for (char **range = ranges; *range != NULL; range++) {
        openmetrics =
            MAX(openmetrics, range_wants(*range, "application/openmetrics-text", "1.0.0"));
        text = MAX(text, range_wants(*range, "text/plain", "0.0.4"));
    }
    return openmetrics > 0 && openmetrics >= text ? BL_EXPOSITION_OPENMETRICS : BL_EXPOSITION_TEXT;
}

/* --- writing -------------------------------------------------------------------------------------
 */

BlExposition *bl_exposition_new(BlExpositionFormat format)
{
    BlExposition *exposition = g_new0(BlExposition, 1);
    exposition->format = format;
    exposition->text = g_string_new(NULL);
    exposition->name = g_string_new(NULL);
    return exposition;
}

void bl_exposition_free(BlExposition *exposition)
{
    if (exposition == NULL)
        return;
    g_string_free(exposition->text, TRUE);
    g_string_free(exposition->name, TRUE);
    g_free(exposition);
}

/* OpenMetrics escapes quotes in a help text, too; the older form knows no such escape. */
static void escaped_append(GString *to, const char *text, gboolean quotes)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\n')
            g_string_append_len(to, "\\n", 2);
        else if (*at == '\\' || (quotes && *at == '"'))
            g_string_append_printf(to, "\\%c", *at);
        else
            g_string_append_c(to, *at);
    }
}

void bl_label_append(GString *labels, const char *name, const char *value)
{
    g_autofree char *valid = g_utf8_validate(value, -1, NULL) ? NULL : g_utf8_make_valid(value, -1);
    if (labels->len > 0)
        g_string_append_c(labels, ',');
    g_string_append(labels, name);
    g_string_append_len(labels, "=\"", 2);
    escaped_append(labels, valid != NULL ? valid : value, TRUE);
    g_string_append_c(labels, '"');
}

/* What the name of a family's samples has behind the family's own. */
static const char *suffix_of(BlFamilyType type)
{
    return type == BL_FAMILY_COUNTER ? "_total" : type == BL_FAMILY_INFO ? "_info" : "";
}

void bl_exposition_family(BlExposition *exposition, const BlFamily *family)
{
    exposition->family = family;
    exposition->begun = FALSE;
    g_string_assign(exposition->name, family->name);
    g_string_append(exposition->name, suffix_of(family->type));
}

static const char *type_name(const BlExposition *exposition)
{
    switch (exposition->family->type) {
    case BL_FAMILY_COUNTER:
        return "counter";
    case BL_FAMILY_HISTOGRAM:
        return "histogram";
    case BL_FAMILY_INFO:
        return exposition->format == BL_EXPOSITION_OPENMETRICS ? "info" : "gauge";
    case BL_FAMILY_GAUGE:
        break;
    }
    return "gauge";
}

/* In OpenMetrics a family is called without the suffix of its samples, before that with it. */
static void family_begin(BlExposition *exposition)
{
    gboolean openmetrics = exposition->format == BL_EXPOSITION_OPENMETRICS;
    const BlFamily *family = exposition->family;
    const char *name = openmetrics ? family->name : exposition->name->str;
    g_string_append_printf(exposition->text, "# HELP %s ", name);
    escaped_append(exposition->text, family->help, openmetrics);
    g_string_append_printf(exposition->text, "\n# TYPE %s %s\n", name, type_name(exposition));
    if (openmetrics && family->unit != NULL)
        g_string_append_printf(exposition->text, "# UNIT %s %s\n", name, family->unit);
    exposition->begun = TRUE;
}

/* The shortest decimal text of value / 10^decimals. */
static void number_append(GString *to, gint64 value, guint decimals)
{
    char digits[48];
    char *end = digits + sizeof digits, *at = end;
    guint64 left = value < 0 ? -(guint64)value : (guint64)value;
    for (; decimals > 0; decimals--, left /= 10) {
        if (at < end || left % 10 != 0)
            *--at = (char)('0' + left % 10);
    }
    if (at < end)
        *--at = '.';
    do
        *--at = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (value < 0)
        *--at = '-';
    g_string_append_len(to, at, end - at);
}

void bl_exposition_put(BlExposition *exposition, const char *labels, gint64 value, guint decimals)
{
    GString *text = exposition->text;
    if (!exposition->begun)
        family_begin(exposition);
    g_string_append_len(text, exposition->name->str, (gssize)exposition->name->len);
    if (labels != NULL && labels[0] != '\0') {
        g_string_append_c(text, '{');
        g_string_append(text, labels);
        g_string_append_c(text, '}');
    }
    g_string_append_c(text, ' ');
    number_append(text, value, decimals);
    g_string_append_c(text, '\n');
}

void bl_exposition_put_histogram(BlExposition *exposition, const BlHistogram *histogram)
{
    GString *text = exposition->text;
    const char *name = exposition->family->name;
    guint64 sum = 0;
    family_begin(exposition);
    for (guint i = 0; i <= histogram->n_bounds; i++) {
        sum += histogram->counts[i];
        g_string_append_printf(text, "%s_bucket{le=\"", name);
        if (i < histogram->n_bounds)
            number_append(text, histogram->bounds_usec[i], 6);
        else
            g_string_append(text, "+Inf");
        g_string_append_printf(text, "\"} %" G_GUINT64_FORMAT "\n", sum);
    }
    g_string_append_printf(text, "%s_sum ", name);
    number_append(text, histogram->sum_usec, 6);
    g_string_append_printf(text, "\n%s_count %" G_GUINT64_FORMAT "\n", name, sum);
}

GBytes *bl_exposition_end(BlExposition *exposition)
{
    if (exposition->format == BL_EXPOSITION_OPENMETRICS)
        g_string_append(exposition->text, "# EOF\n");
    GString *text = exposition->text;
    exposition->text = g_string_new(NULL);
    return g_string_free_to_bytes(text);
}
