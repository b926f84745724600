/* The parts of a guest's definition that Ballast looks at, and may change for its next start: plain
 * values, by a table of places in libvirt's XML (src/definition/parts.c). */
#ifndef BL_MODEL_PARTS_H
#define BL_MODEL_PARTS_H

#include <glib.h>

typedef enum {
    BL_PART_BALLOON,    /* the balloon's model: "virtio" */
    BL_PART_STATISTICS, /* how often its driver reports, seconds */
    BL_PART_AUTODEFLATE,
    BL_PART_REPORTING,
    BL_PART_HUGE_PAGES, /* its memory is of huge pages */
    BL_PART_LOCKED,     /* its memory is locked */
    BL_PART_NODES,      /* the NUMA nodes that its memory is on: "0,2" */
    BL_PART_VCPUS,      /* how many of its vCPUs it starts with; without it: all */
    BL_PARTS,
} BlPart;

/* Longer texts of a part are cut. */
#define BL_PART_SIZE 64

typedef struct {
    gboolean present;
    char text[BL_PART_SIZE]; /* of its attribute; empty where it has none */
} BlPartValue;

typedef struct {
    gboolean known; /* a definition was read */
    BlPartValue values[BL_PARTS];
} BlParts;

/* "reporting": stable. */
const char *bl_part_name(BlPart part);
gboolean bl_part_parse(const char *name, BlPart *ret_part);

gboolean bl_part_value_equal(const BlPartValue *value, const BlPartValue *other);

/* What the parts mean. FALSE, too, when nothing is known. */
gboolean bl_parts_have_balloon(const BlParts *parts);
gboolean bl_parts_report_statistics(const BlParts *parts);
/* Of BL_PART_AUTODEFLATE and BL_PART_REPORTING. */
gboolean bl_parts_are_on(const BlParts *parts, BlPart part);
gboolean bl_parts_have(const BlParts *parts, BlPart part);

#endif
