/* Parts of a definition: see parts.h. */
#include "model/parts.h"

#include <string.h>

static const char *const names[BL_PARTS] = {"balloon",   "statistics", "autodeflate", "reporting",
                                            "hugePages", "locked",     "nodes",       "vcpus"};

const char *bl_part_name(BlPart part)
{
    return part < BL_PARTS ? names[part] : "unknown";
}

gboolean bl_part_parse(const char *name, BlPart *ret_part)
{
    for (guint i = 0; i < BL_PARTS; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_part = i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean bl_part_value_equal(const BlPartValue *value, const BlPartValue *other)
{
    return value->present == other->present &&
           (!value->present || strcmp(value->text, other->text) == 0);
}

gboolean bl_parts_have(const BlParts *parts, BlPart part)
{
    return parts->known && parts->values[part].present;
}

gboolean bl_parts_have_balloon(const BlParts *parts)
{
    return bl_parts_have(parts, BL_PART_BALLOON) &&
           g_str_has_prefix(parts->values[BL_PART_BALLOON].text, "virtio");
}

gboolean bl_parts_report_statistics(const BlParts *parts)
{
    return bl_parts_have(parts, BL_PART_STATISTICS) &&
           g_ascii_strtoull(parts->values[BL_PART_STATISTICS].text, NULL, 10) > 0;
}

gboolean bl_parts_are_on(const BlParts *parts, BlPart part)
{
    return bl_parts_have(parts, part) && strcmp(parts->values[part].text, "on") == 0;
}
