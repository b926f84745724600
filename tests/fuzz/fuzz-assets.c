/* Fuzz target: what a browser sends about the dashboard's files: TARGET LF ACCEPT-ENCODING LF
 * IF-NONE-MATCH. Only the table's own paths are found, and nothing is read beyond what was sent. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/assets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 3);
    guint count = g_strv_length(lines);
    const char *target = count > 0 ? lines[0] : "";
    const BlAsset *asset = bl_asset_find(target);
    if (asset != NULL && !g_str_has_prefix(target, asset->path))
        abort();
    if (count > 1)
        bl_asset_takes_gzip(lines[1]);
    guint all;
    const BlAsset *first = bl_assets(&all);
    if (count > 2 && bl_asset_is_known(first, lines[2]) && strstr(lines[2], first->etag) == NULL &&
        strchr(lines[2], '*') == NULL)
        abort();
    return 0;
}
