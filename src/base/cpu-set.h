/* Sets of CPUs or NUMA nodes, as the kernel and libvirt write them: "0-3,8", "0-7,^2". */
#ifndef BL_BASE_CPU_SET_H
#define BL_BASE_CPU_SET_H

#include <glib.h>

#define BL_CPU_SET_MAX 4096

typedef struct {
    guint64 words[BL_CPU_SET_MAX / 64];
} BlCpuSet;

/* FALSE, with an empty set, when the text is none, or names numbers from BL_CPU_SET_MAX on. */
gboolean bl_cpu_set_parse(const char *text, BlCpuSet *ret_set);
void bl_cpu_set_add(BlCpuSet *set, guint number);
gboolean bl_cpu_set_has(const BlCpuSet *set, guint number);
gboolean bl_cpu_set_is_empty(const BlCpuSet *set);
/* Adds those of `other`. */
void bl_cpu_set_join(BlCpuSet *set, const BlCpuSet *other);
gboolean bl_cpu_set_meets(const BlCpuSet *set, const BlCpuSet *other);
/* How many it holds. */
guint bl_cpu_set_count(const BlCpuSet *set);
/* "0-3,8"; empty for an empty set. */
char *bl_cpu_set_text(const BlCpuSet *set);

#endif
