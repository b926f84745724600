/* Fuzz target: Ballast's element and the balloon device in a guest's definition, which its owner
 * writes. Any text gives few, short, sorted entries, and of a balloon what there can be of one. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "actuate/balloon.h"
#include "definition/metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void balloon_check(const char *xml)
{
    BlValues values = {0};
    bl_balloon_parse(xml, &values);
    gint64 period = bl_values_get(&values, BL_DOMAIN_STATS_PERIOD, 0);
    gint64 autodeflate = bl_values_get(&values, BL_DOMAIN_AUTODEFLATE, 0);
    gint64 reporting = bl_values_get(&values, BL_DOMAIN_PAGE_REPORTING, 0);
    gboolean whole = bl_values_has(&values, BL_DOMAIN_STATS_PERIOD) ==
                     bl_values_has(&values, BL_DOMAIN_AUTODEFLATE);
    if (!whole || period < 0 || period > 86400 || autodeflate < 0 || autodeflate > 1 ||
        reporting < 0 || reporting > 1 || bl_values_has(&values, BL_DOMAIN_BALLOON))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *xml = g_strndup((const char *)data, size);
    balloon_check(xml);
    g_auto(GStrv) entries = bl_metadata_parse(xml);
    if (g_strv_length(entries) > 64)
        abort();
    for (char **entry = entries; *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');
        if (equals == NULL || equals == *entry || equals[1] == '\0' || strlen(*entry) > 600 ||
            !g_utf8_validate(*entry, -1, NULL) ||
            (entry != entries && strcmp(entry[-1], *entry) > 0))
            abort();
    }
    return 0;
}
