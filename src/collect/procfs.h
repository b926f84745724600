/* /proc: schedstat, host CPU time, pressure, and which process and threads are a domain's QEMU.
 *
 * The parsers are pure and total: any text gives a value or FALSE. Readers take the descriptor of
 * a /proc, so that a test's fixture is a directory.
 */
#ifndef BL_COLLECT_PROCFS_H
#define BL_COLLECT_PROCFS_H

#include "model/sample.h"

/* "RUN DELAY SLICES" of /proc/PID/task/TID/schedstat, nanoseconds. */
gboolean bl_schedstat_parse(const char *text, gint64 *ret_run_nsec, gint64 *ret_delay_nsec);

/* The first line of /proc/stat: time not idle of all CPUs, nanoseconds, and the number of cpuN
 * lines that `text` holds. */
gboolean bl_stat_parse(const char *text, gint64 ticks_per_second, gint64 *ret_busy_nsec,
                       gint64 *ret_cpus);

/* "some ... total=N" of /proc/pressure/cpu, microseconds. */
gboolean bl_pressure_parse(const char *text, gint64 *ret_some_usec);

/* "full ... total=N" of /proc/pressure/memory, microseconds. */
gboolean bl_pressure_full_parse(const char *text, gint64 *ret_full_usec);

/* "NAME: N kB" of /proc/meminfo, bytes. */
gboolean bl_meminfo_parse(const char *text, const char *name, gint64 *ret_bytes);

/* "NAME N" of /proc/vmstat. */
gboolean bl_vmstat_parse(const char *text, const char *name, gint64 *ret_value);

/* Resident pages of /proc/PID/statm. */
gboolean bl_statm_parse(const char *text, gint64 *ret_pages);

/* A thread's role by the name that QEMU gives it ("CPU 0/KVM", "IO iothread1"); FALSE for threads
 * that are none of a domain's own work. */
gboolean bl_thread_role_parse(const char *comm, BlThreadRole *ret_role, guint *ret_index);

/* Field 22 of /proc/PID/stat: start time in ticks since boot. A process's name may hold anything,
 * so the fields are counted from its last ')'. */
gboolean bl_start_time_parse(const char *stat, guint64 *ret_ticks);

/* Field 4 of the same: the parent's process id. */
gboolean bl_parent_parse(const char *stat, gint64 *ret_pid);

/* TRUE when the NUL-separated command line starts a QEMU with this UUID. */
gboolean bl_cmdline_is_qemu(const char *cmdline, gsize length, const char *uuid);

/* The process of a domain. First the pid file that libvirt wrote (checked against the command
 * line), then a search of all processes, which must find exactly one. 0 when there is none. */
gint64 bl_qemu_find(int proc_fd, const char *pid_file, const char *uuid);

/* Start time of a process; 0 when it is gone. */
guint64 bl_process_generation(int proc_fd, gint64 pid);

/* The share of the time that the kernel leaves to real-time threads, permyriad; all of it when it
 * sets them no bound, -1 when it does not tell. */
gint64 bl_realtime_share_read(int proc_fd);

/* A thread whose counters are kept open. */
typedef struct {
    BlThreadRole role;
    guint index;
    gint64 tid;
    int fd;
} BlThreadReader;

/* Opens the schedstat of the threads of a QEMU that do a domain's work: vCPUs, iothreads, and the
 * main thread as emulator; by role, index and thread id. Elements close their descriptors when the
 * array goes. */
GArray *bl_threads_open(int proc_fd, gint64 pid);

#endif
