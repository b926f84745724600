/* The host's memory as it is set up: transparent huge pages, huge pages set aside, swap. Small
 * files of the kernel that never block. */
#ifndef BL_COLLECT_HOST_MEMORY_H
#define BL_COLLECT_HOST_MEMORY_H

#include "model/audit.h"

/* The word in brackets of "always [madvise] never"; FALSE when there is none, or it is too long. */
gboolean bl_choice_parse(const char *text, char *ret_word, gsize size);

/* TRUE when the text of /proc/self/mounts has a hugetlbfs. */
gboolean bl_hugetlbfs_is_mounted(const char *mounts);

/* Below "/sys" and "/proc"; what cannot be read stays unknown. */
void bl_host_memory_read(const char *sys_path, const char *proc_path, BlAuditHost *host);

#endif
