/* Page sharing (KSM) as the kernel tells it: what is shared, what ksmd did for it, and who else
 * governs it. The parsers are pure and total; readers take descriptors of folders, so that a test's
 * fixture is a folder. The settings themselves are read by src/actuate/ksm-control.c.
 */
#ifndef BL_COLLECT_KSM_H
#define BL_COLLECT_KSM_H

#include "model/sample.h"

/* Of /proc/PID/ksm_stat: shared bytes, given the size of a page, and whether any of the process's
 * memory may be merged. Sets BL_DOMAIN_MEMORY_SHARED and BL_DOMAIN_MEMORY_MERGEABLE as far as the
 * kernel tells; older ones tell neither. */
void bl_ksm_stat_parse(const char *text, gint64 page_bytes, BlValues *ret_values);

/* /sys/kernel/mm/ksm/advisor_mode, such as "[none] scan-time": TRUE when an advisor is chosen. */
gboolean bl_ksm_advisor_parse(const char *text, gboolean *ret_on);

/* /proc/sys/kernel/random/boot_id as a number other than 0 that tells one boot from the next. */
gboolean bl_boot_parse(const char *text, guint64 *ret_boot);

/* How many nodes /sys/devices/system/node/possible or online lists, such as "0-1,4". */
gboolean bl_nodes_parse(const char *text, gint64 *ret_nodes);

/* Files of a process that must stay the same one. */
typedef struct {
    gint64 ksmd;     /* the kernel's thread; 0: there is none */
    gint64 ksmtuned; /* 0: none runs */
} BlKsmProcesses;

/* Looks through all of /proc: not for every tick. */
void bl_ksm_processes_find(int proc_fd, BlKsmProcesses *ret_processes);
/* TRUE while the process has that name. */
gboolean bl_process_is_named(int proc_fd, gint64 pid, const char *name);

/* What the folder /sys/kernel/mm/ksm and ksmd's schedstat tell of the host. -1 for either that is
 * not there. */
void bl_ksm_host_read(int ksm_fd, int schedstat_fd, gint64 page_bytes, BlValues *ret_host);

#endif
