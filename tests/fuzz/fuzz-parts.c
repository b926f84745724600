/* Fuzz target: parts of a definition. A part that can be changed holds its value then, and has the
 * old one back, byte for byte, when that is undone. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "definition/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void part_check(const char *xml, BlPart part, const BlPartValue *before, const char *text)
{
    BlPartValue value = {.present = TRUE};
    BlParts parts;
    g_strlcpy(value.text, text, sizeof value.text);
    g_autofree char *changed = bl_part_edit(xml, strlen(xml), part, &value, NULL);
    if (changed == NULL)
        return;
    if (!bl_parts_read(changed, strlen(changed), &parts, NULL) ||
        !bl_part_value_equal(&parts.values[part], &value))
        abort();
    g_autofree char *undone = bl_part_edit(changed, strlen(changed), part, before, NULL);
    if (undone == NULL || strcmp(undone, xml) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const texts[BL_PARTS] = {
        [BL_PART_BALLOON] = "virtio", [BL_PART_STATISTICS] = "1", [BL_PART_AUTODEFLATE] = "on",
        [BL_PART_REPORTING] = "on",   [BL_PART_HUGE_PAGES] = "",  [BL_PART_LOCKED] = "",
        [BL_PART_NODES] = "0-1",      [BL_PART_VCPUS] = "2"};
    g_autofree char *xml = g_strndup((const char *)data, size);
    BlParts parts;
    if (!bl_parts_read(xml, strlen(xml), &parts, NULL))
        return 0;
    for (guint i = 0; i < BL_PARTS; i++)
        part_check(xml, i, &parts.values[i], texts[i]);
    return 0;
}
