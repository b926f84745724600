/* Fuzz target: Ballast's element in a guest's definition, which its owner writes. Any text gives
 * few, short, sorted entries. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collect/libvirt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *xml = g_strndup((const char *)data, size);
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
