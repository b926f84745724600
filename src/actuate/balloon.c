/* The balloon device: see balloon.h. */
#include "actuate/balloon.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"

/* A domain's XML lists every device; far more than this is none. */
#define XML_MAX (4 * 1024 * 1024)
#define KIB 1024
#define PERIOD_MAX 86400

typedef struct {
    guint depth;
    gboolean inside;  /* the balloon's element, at /domain/devices/memballoon */
    gboolean backing; /* /domain/memoryBacking */
    BlValues values;
} Reading;

static gboolean is_on(const char **names, const char **texts, const char *name)
{
    for (guint i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0)
            return strcmp(texts[i], "on") == 0;
    }
    return FALSE;
}

static const char *attribute(const char **names, const char **texts, const char *name)
{
    for (guint i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0)
            return texts[i];
    }
    return "";
}

static void device_begin(Reading *reading, const char **names, const char **texts)
{
    if (strncmp(attribute(names, texts, "model"), "virtio", strlen("virtio")) != 0)
        return;
    reading->inside = TRUE;
    bl_values_set(&reading->values, BL_DOMAIN_STATS_PERIOD, 0);
    bl_values_set(&reading->values, BL_DOMAIN_AUTODEFLATE, is_on(names, texts, "autodeflate"));
    bl_values_set(&reading->values, BL_DOMAIN_PAGE_REPORTING,
                  is_on(names, texts, "freePageReporting"));
}

static void element_start(GMarkupParseContext *context, const char *name, const char **names,
                          const char **texts, gpointer data, GError **error)
{
    Reading *reading = data;
    gint64 period;
    reading->depth++;
    if (reading->depth == 2)
        reading->backing = strcmp(name, "memoryBacking") == 0;
    if (reading->depth == 3 && reading->backing && strcmp(name, "nosharepages") == 0)
        bl_values_set(&reading->values, BL_DOMAIN_MEMORY_MERGEABLE, 0);
    if (reading->depth == 3 && strcmp(name, "memballoon") == 0)
        device_begin(reading, names, texts);
    else if (reading->inside && reading->depth == 4 && strcmp(name, "stats") == 0 &&
             bl_integer_parse(attribute(names, texts, "period"), &period) && period <= PERIOD_MAX)
        bl_values_set(&reading->values, BL_DOMAIN_STATS_PERIOD, period);
}

static void element_end(GMarkupParseContext *context, const char *name, gpointer data,
                        GError **error)
{
    Reading *reading = data;
    if (reading->depth-- == 3)
        reading->inside = FALSE;
}

void bl_balloon_parse(const char *xml, BlValues *ret_values)
{
    static const GMarkupParser parser = {.start_element = element_start,
                                         .end_element = element_end};
    Reading reading = {0};
    /* QEMU asks for it unless told otherwise. */
    bl_values_set(&reading.values, BL_DOMAIN_MEMORY_MERGEABLE, 1);
    gsize length = strlen(xml);
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, &reading, NULL);
    if (length > XML_MAX || !g_markup_parse_context_parse(context, xml, (gssize)length, NULL) ||
        !g_markup_parse_context_end_parse(context, NULL))
        return;
    for (guint i = 0; i < BL_DOMAIN_FIELDS; i++) {
        if (bl_values_has(&reading.values, i))
            bl_values_set(ret_values, i, reading.values.value[i]);
    }
}

void bl_balloon_facts(virDomainPtr domain, BlValues *ret_values)
{
    virDomainInfo info;
    char *xml = virDomainGetXMLDesc(domain, 0);
    if (xml != NULL)
        bl_balloon_parse(xml, ret_values);
    free(xml);
    if (virDomainGetInfo(domain, &info) == 0 && info.maxMem <= G_MAXINT64 / KIB)
        bl_values_set(ret_values, BL_DOMAIN_MEMORY_MAX, (gint64)info.maxMem * KIB);
}

static gboolean size_read(virDomainPtr domain, gint64 *ret_bytes)
{
    virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
    int count = virDomainMemoryStats(domain, stats, G_N_ELEMENTS(stats), 0);
    for (int i = 0; i < count; i++) {
        if (stats[i].tag != VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON ||
            stats[i].val > G_MAXINT64 / KIB)
            continue;
        *ret_bytes = (gint64)stats[i].val * KIB;
        return TRUE;
    }
    return FALSE;
}

gboolean bl_balloon_read(virDomainPtr domain, BlDomainField field, gint64 *ret_value)
{
    BlValues values = {0};
    if (field == BL_DOMAIN_BALLOON)
        return size_read(domain, ret_value);
    bl_balloon_facts(domain, &values);
    *ret_value = bl_values_get(&values, field, 0);
    return bl_values_has(&values, field);
}

int bl_balloon_write(virDomainPtr domain, BlDomainField field, gint64 value)
{
    if (field == BL_DOMAIN_BALLOON)
        return virDomainSetMemoryFlags(domain, (unsigned long)(value / KIB),
                                       VIR_DOMAIN_AFFECT_LIVE);
    return virDomainSetMemoryStatsPeriod(domain, (int)value, VIR_DOMAIN_AFFECT_LIVE);
}
