/* /proc: see procfs.h. */
#include "collect/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/units.h"

/* A QEMU command line holds every device; far more than this is none. */
#define CMDLINE_MAX (256 * 1024)

gboolean bl_schedstat_parse(const char *text, gint64 *ret_run_nsec, gint64 *ret_delay_nsec)
{
    char *end = NULL;
    guint64 run = g_ascii_strtoull(text, &end, 10);
    if (end == text || *end != ' ')
        return FALSE;
    const char *second = end + 1;
    guint64 delay = g_ascii_strtoull(second, &end, 10);
    if (end == second || *end != ' ' || run > G_MAXINT64 || delay > G_MAXINT64)
        return FALSE;
    *ret_run_nsec = (gint64)run;
    *ret_delay_nsec = (gint64)delay;
    return TRUE;
}

gboolean bl_stat_parse(const char *text, gint64 ticks_per_second, gint64 *ret_busy_nsec,
                       gint64 *ret_cpus)
{
    /* user nice system idle iowait irq softirq steal; guest time is part of user. */
    guint64 field[8] = {0};
    if (strncmp(text, "cpu ", 4) != 0 || ticks_per_second <= 0)
        return FALSE;
    const char *at = text + 4;
    for (gsize i = 0; i < G_N_ELEMENTS(field); i++) {
        char *end = NULL;
        field[i] = g_ascii_strtoull(at, &end, 10);
        if (end == at || field[i] > G_MAXINT64 / 16)
            return FALSE;
        at = end;
    }
    guint64 busy = field[0] + field[1] + field[2] + field[5] + field[6] + field[7];
    gint64 tick_nsec = 1000000000 / ticks_per_second;
    if (busy > (guint64)(G_MAXINT64 / tick_nsec))
        return FALSE;
    gint64 cpus = 0;
    for (const char *line = strstr(text, "\ncpu"); line != NULL; line = strstr(line + 1, "\ncpu"))
        cpus += g_ascii_isdigit(line[4]);
    *ret_busy_nsec = (gint64)busy * tick_nsec;
    *ret_cpus = cpus;
    return TRUE;
}

/* The total of the line that begins with `kind`. */
static gboolean pressure_parse(const char *text, const char *kind, gint64 *ret_usec)
{
    while (!g_str_has_prefix(text, kind)) {
        text = strchr(text, '\n');
        if (text == NULL)
            return FALSE;
        text++;
    }
    const char *line_end = strchrnul(text, '\n');
    const char *total = strstr(text, "total=");
    if (total == NULL || total > line_end)
        return FALSE;
    char *end = NULL;
    guint64 value = g_ascii_strtoull(total + 6, &end, 10);
    if (end == total + 6 || value > G_MAXINT64)
        return FALSE;
    *ret_usec = (gint64)value;
    return TRUE;
}

gboolean bl_pressure_parse(const char *text, gint64 *ret_some_usec)
{
    return pressure_parse(text, "some ", ret_some_usec);
}

gboolean bl_pressure_full_parse(const char *text, gint64 *ret_full_usec)
{
    return pressure_parse(text, "full ", ret_full_usec);
}

/* The number behind `name` and `mark` at the start of a line. */
static gboolean named_parse(const char *text, const char *name, char mark, gint64 *ret_value)
{
    gsize length = strlen(name);
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, name, length) == 0 && line[length] == mark) {
            char *end = NULL;
            const char *digits = line + length + 1;
            digits += strspn(digits, " ");
            guint64 value = g_ascii_strtoull(digits, &end, 10);
            if (!g_ascii_isdigit(*digits) || value > G_MAXINT64)
                return FALSE;
            *ret_value = (gint64)value;
            return TRUE;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return FALSE;
}

gboolean bl_meminfo_parse(const char *text, const char *name, gint64 *ret_bytes)
{
    gint64 kib;
    if (!named_parse(text, name, ':', &kib) || kib > G_MAXINT64 / 1024)
        return FALSE;
    *ret_bytes = kib * 1024;
    return TRUE;
}

gboolean bl_vmstat_parse(const char *text, const char *name, gint64 *ret_value)
{
    return named_parse(text, name, ' ', ret_value);
}

gboolean bl_statm_parse(const char *text, gint64 *ret_pages)
{
    const char *second = strchr(text, ' ');
    char *end = NULL;
    if (!g_ascii_isdigit(*text) || second == NULL || !g_ascii_isdigit(second[1]))
        return FALSE;
    guint64 pages = g_ascii_strtoull(second + 1, &end, 10);
    if (pages > G_MAXINT64)
        return FALSE;
    *ret_pages = (gint64)pages;
    return TRUE;
}

static gboolean number_parse(const char *text, char stop, guint *ret_number)
{
    char *end = NULL;
    if (!g_ascii_isdigit(*text))
        return FALSE;
    guint64 value = g_ascii_strtoull(text, &end, 10);
    if (*end != stop || value > 4095)
        return FALSE;
    *ret_number = (guint)value;
    return TRUE;
}

gboolean bl_thread_role_parse(const char *comm, BlThreadRole *ret_role, guint *ret_index)
{
    if (strncmp(comm, "CPU ", 4) == 0 && number_parse(comm + 4, '/', ret_index)) {
        *ret_role = BL_ROLE_VCPU;
        return TRUE;
    }
    if (strncmp(comm, "IO iothread", 11) == 0 && number_parse(comm + 11, '\0', ret_index)) {
        *ret_role = BL_ROLE_IOTHREAD;
        return TRUE;
    }
    return FALSE;
}

/* A number behind the name, which is field 2; a blank stands before each. */
static gboolean stat_field_parse(const char *stat, int wanted, guint64 *ret_value)
{
    const char *at = strrchr(stat, ')');
    if (at == NULL)
        return FALSE;
    for (int field = 3; field <= wanted; field++) {
        at = strchr(at + 1, ' ');
        if (at == NULL)
            return FALSE;
    }
    char *end = NULL;
    guint64 value = g_ascii_strtoull(at + 1, &end, 10);
    if (end == at + 1)
        return FALSE;
    *ret_value = value;
    return TRUE;
}

gboolean bl_start_time_parse(const char *stat, guint64 *ret_ticks)
{
    return stat_field_parse(stat, 22, ret_ticks);
}

gboolean bl_parent_parse(const char *stat, gint64 *ret_pid)
{
    guint64 pid;
    if (!stat_field_parse(stat, 4, &pid) || pid > G_MAXINT32)
        return FALSE;
    *ret_pid = (gint64)pid;
    return TRUE;
}

gboolean bl_cmdline_is_qemu(const char *cmdline, gsize length, const char *uuid)
{
    gboolean after_uuid = FALSE;
    for (gsize at = 0; at < length; at += strnlen(cmdline + at, length - at) + 1) {
        const char *word = cmdline + at;
        gsize size = strnlen(word, length - at);
        if (at + size >= length)
            return FALSE; /* cut off: not terminated */
        if (after_uuid)
            return g_ascii_strcasecmp(word, uuid) == 0;
        after_uuid = strcmp(word, "-uuid") == 0;
    }
    return FALSE;
}

static gboolean process_is_qemu(int proc_fd, gint64 pid, const char *uuid)
{
    char path[64];
    g_snprintf(path, sizeof path, "%" G_GINT64_FORMAT "/cmdline", pid);
    g_autofree char *cmdline = g_malloc(CMDLINE_MAX);
    ssize_t length = bl_file_read_at(proc_fd, path, cmdline, CMDLINE_MAX);
    return length > 0 && bl_cmdline_is_qemu(cmdline, (gsize)length, uuid);
}

static gint64 pid_file_read(const char *pid_file)
{
    char text[32];
    gint64 pid = 0;
    if (pid_file == NULL || bl_file_read_at(AT_FDCWD, pid_file, text, sizeof text) <= 0 ||
        !bl_integer_parse(text, &pid) || pid > G_MAXINT32)
        return 0;
    return pid;
}

gint64 bl_qemu_find(int proc_fd, const char *pid_file, const char *uuid)
{
    gint64 pid = pid_file_read(pid_file);
    if (pid > 0 && process_is_qemu(proc_fd, pid, uuid))
        return pid;
    DIR *dir = bl_dir_list_at(proc_fd, ".");
    gint64 found = 0;
    guint count = 0;
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        gint64 candidate = 0;
        if (!g_ascii_isdigit(entry->d_name[0]) || !bl_integer_parse(entry->d_name, &candidate))
            continue;
        if (process_is_qemu(proc_fd, candidate, uuid)) {
            found = candidate;
            count++;
        }
    }
    if (dir != NULL)
        closedir(dir);
    return count == 1 ? found : 0;
}

guint64 bl_process_generation(int proc_fd, gint64 pid)
{
    char path[64], text[1024];
    guint64 ticks = 0;
    g_snprintf(path, sizeof path, "%" G_GINT64_FORMAT "/stat", pid);
    if (bl_file_read_at(proc_fd, path, text, sizeof text) <= 0 ||
        !bl_start_time_parse(text, &ticks))
        return 0;
    return ticks;
}

static gboolean integer_read(int proc_fd, const char *path, gint64 *ret_value)
{
    char text[32];
    return bl_file_read_at(proc_fd, path, text, sizeof text) > 0 &&
           bl_integer_parse(g_strstrip(text), ret_value);
}

gint64 bl_realtime_share_read(int proc_fd)
{
    gint64 runtime, period;
    if (!integer_read(proc_fd, "sys/kernel/sched_rt_runtime_us", &runtime) ||
        !integer_read(proc_fd, "sys/kernel/sched_rt_period_us", &period) || period <= 0)
        return -1;
    return runtime < 0 ? BL_PERMYRIAD : MIN(bl_permyriad_of(runtime, period), BL_PERMYRIAD);
}

static void thread_reader_clear(gpointer data)
{
    BlThreadReader *reader = data;
    bl_fd_close(&reader->fd);
}

static gboolean thread_open(int task_fd, const char *name, gint64 pid, BlThreadReader *ret_reader)
{
    char path[300], comm[64];
    BlThreadReader reader = {.fd = -1};
    if (!bl_integer_parse(name, &reader.tid))
        return FALSE;
    if (reader.tid == pid) {
        reader.role = BL_ROLE_EMULATOR;
    } else {
        g_snprintf(path, sizeof path, "%s/comm", name);
        if (bl_file_read_at(task_fd, path, comm, sizeof comm) <= 0)
            return FALSE;
        comm[strcspn(comm, "\n")] = '\0';
        if (!bl_thread_role_parse(comm, &reader.role, &reader.index))
            return FALSE;
    }
    g_snprintf(path, sizeof path, "%s/schedstat", name);
    reader.fd = openat(task_fd, path, O_RDONLY | O_CLOEXEC);
    *ret_reader = reader;
    return reader.fd >= 0;
}

/* The order of a sample's threads. */
static int thread_reader_compare(gconstpointer a, gconstpointer b)
{
    const BlThreadReader *left = a, *right = b;
    int order = bl_thread_order(left->role, left->index, right->role, right->index);
    return order != 0 ? order : left->tid < right->tid ? -1 : left->tid > right->tid;
}

GArray *bl_threads_open(int proc_fd, gint64 pid)
{
    GArray *threads = g_array_new(FALSE, TRUE, sizeof(BlThreadReader));
    g_array_set_clear_func(threads, thread_reader_clear);
    char path[64];
    g_snprintf(path, sizeof path, "%" G_GINT64_FORMAT "/task", pid);
    DIR *dir = bl_dir_list_at(proc_fd, path);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        BlThreadReader reader;
        if (g_ascii_isdigit(entry->d_name[0]) &&
            thread_open(dirfd(dir), entry->d_name, pid, &reader))
            g_array_append_val(threads, reader);
    }
    if (dir != NULL)
        closedir(dir);
    g_array_sort(threads, thread_reader_compare);
    return threads;
}
