/* Collectors: the parsers on real text, on nonsense, and the readers on a fixture tree. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/fd.h"
#include "collect/cgroup.h"
#include "collect/host-memory.h"
#include "collect/libvirt.h"
#include "collect/node.h"
#include "collect/procfs.h"

#define UUID "1ab434d9-6f02-493d-ba8d-af7b41864494"

static void test_schedstat(void)
{
    gint64 run, delay;
    g_assert_true(bl_schedstat_parse("144866 196432 2\n", &run, &delay));
    g_assert_cmpint(run, ==, 144866);
    g_assert_cmpint(delay, ==, 196432);
    g_assert_false(bl_schedstat_parse("", &run, &delay));
    g_assert_false(bl_schedstat_parse("12", &run, &delay));
    g_assert_false(bl_schedstat_parse("12 x 3", &run, &delay));
    g_assert_false(bl_schedstat_parse("18446744073709551615 1 1", &run, &delay));
}

static void test_stat(void)
{
    gint64 busy, cpus;
    g_assert_true(bl_stat_parse("cpu  100 5 50 900 30 1 2 3 40 0\ncpu0 1 2\ncpu1 3 4\nintr 5\n",
                                100, &busy, &cpus));
    g_assert_cmpint(busy, ==, 161 * 10000000LL);
    g_assert_cmpint(cpus, ==, 2);
    g_assert_false(bl_stat_parse("cpu  100 5", 100, &busy, &cpus));
    g_assert_false(bl_stat_parse("intr", 100, &busy, &cpus));
}

static void test_pressure(void)
{
    gint64 some;
    g_assert_true(bl_pressure_parse("some avg10=0.00 avg60=0.87 avg300=0.60 total=2713663\n"
                                    "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n",
                                    &some));
    g_assert_cmpint(some, ==, 2713663);
    g_assert_false(bl_pressure_parse("some avg10=0.00\nfull total=7\n", &some));
    g_assert_false(bl_pressure_parse("", &some));
}

static void test_pressure_full(void)
{
    gint64 full;
    g_assert_true(bl_pressure_full_parse("some avg10=0.00 avg60=0.00 avg300=0.00 total=812\n"
                                         "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n",
                                         &full));
    g_assert_cmpint(full, ==, 7);
    /* Kernels before 5.13 tell no "full" of CPUs. */
    g_assert_false(bl_pressure_full_parse("some avg10=0.00 total=812\n", &full));
    g_assert_false(bl_pressure_full_parse("full avg10=0.00\nsome total=812\n", &full));
    g_assert_false(bl_pressure_full_parse("full total=x\n", &full));
    g_assert_false(bl_pressure_full_parse("full total=9223372036854775808\n", &full));
    g_assert_false(bl_pressure_full_parse("", &full));
}

static void test_meminfo(void)
{
    static const char text[] = "MemTotal:       16303428 kB\nMemFree:          274840 kB\n"
                               "MemAvailable:   11032988 kB\nHugePages_Total:       0\n";
    gint64 bytes;
    g_assert_true(bl_meminfo_parse(text, "MemTotal", &bytes));
    g_assert_cmpint(bytes, ==, 16303428LL * 1024);
    g_assert_true(bl_meminfo_parse(text, "MemAvailable", &bytes));
    g_assert_cmpint(bytes, ==, 11032988LL * 1024);
    g_assert_true(bl_meminfo_parse(text, "HugePages_Total", &bytes));
    g_assert_cmpint(bytes, ==, 0);
    /* A name is a whole word at the start of a line. */
    g_assert_false(bl_meminfo_parse(text, "Mem", &bytes));
    g_assert_false(bl_meminfo_parse(text, "Total", &bytes));
    g_assert_false(bl_meminfo_parse(text, "Buffers", &bytes));
    g_assert_false(bl_meminfo_parse("MemTotal:", "MemTotal", &bytes));
    g_assert_false(bl_meminfo_parse("MemTotal: -1 kB\n", "MemTotal", &bytes));
    g_assert_false(bl_meminfo_parse("MemTotal: kB\n", "MemTotal", &bytes));
    g_assert_false(bl_meminfo_parse("MemTotal: 9007199254740993 kB\n", "MemTotal", &bytes));
    g_assert_true(bl_meminfo_parse("MemTotal: 9007199254740991 kB\n", "MemTotal", &bytes));
    g_assert_cmpint(bytes, ==, G_MAXINT64 / 1024 * 1024);
    g_assert_false(bl_meminfo_parse("", "MemTotal", &bytes));
}

static void test_vmstat(void)
{
    static const char text[] = "nr_free_pages 68710\npswpin 31\npswpout 4096\npgmajfault 12";
    gint64 value;
    g_assert_true(bl_vmstat_parse(text, "pswpout", &value));
    g_assert_cmpint(value, ==, 4096);
    g_assert_true(bl_vmstat_parse(text, "pgmajfault", &value));
    g_assert_cmpint(value, ==, 12);
    g_assert_false(bl_vmstat_parse(text, "pswp", &value));
    g_assert_false(bl_vmstat_parse("pswpout", "pswpout", &value));
    g_assert_false(bl_vmstat_parse("pswpout x", "pswpout", &value));
    g_assert_false(bl_vmstat_parse("pswpout 18446744073709551615", "pswpout", &value));
}

static void test_statm(void)
{
    gint64 pages;
    g_assert_true(bl_statm_parse("1213445 262144 3012 1402 0 361207 0\n", &pages));
    g_assert_cmpint(pages, ==, 262144);
    g_assert_false(bl_statm_parse("1213445", &pages));
    g_assert_false(bl_statm_parse("1213445 ", &pages));
    g_assert_false(bl_statm_parse("1213445 -3", &pages));
    g_assert_false(bl_statm_parse("x 3", &pages));
    g_assert_false(bl_statm_parse("1 9223372036854775808", &pages));
    g_assert_false(bl_statm_parse("", &pages));
}

static void test_thread_roles(void)
{
    BlThreadRole role;
    guint index = 99;
    g_assert_true(bl_thread_role_parse("CPU 12/KVM", &role, &index));
    g_assert_cmpint(role, ==, BL_ROLE_VCPU);
    g_assert_cmpuint(index, ==, 12);
    g_assert_true(bl_thread_role_parse("CPU 0/TCG", &role, &index));
    g_assert_true(bl_thread_role_parse("IO iothread1", &role, &index));
    g_assert_cmpint(role, ==, BL_ROLE_IOTHREAD);
    g_assert_false(bl_thread_role_parse("IO mon_iothread", &role, &index));
    g_assert_false(bl_thread_role_parse("CPU x/KVM", &role, &index));
    g_assert_false(bl_thread_role_parse("CPU 99999999/KVM", &role, &index));
    g_assert_false(bl_thread_role_parse("worker", &role, &index));
}

static void test_start_time(void)
{
    guint64 ticks = 0;
    g_assert_true(bl_start_time_parse("12 (a) b) 3) S 1 1 1 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 7 0 "
                                      "4711 123 45",
                                      &ticks));
    g_assert_cmpuint(ticks, ==, 4711);
    g_assert_false(bl_start_time_parse("12 (a) S 1", &ticks));
    g_assert_false(bl_start_time_parse("", &ticks));
}

static void test_cgroup_mount(void)
{
    g_autofree char *path = NULL;
    const char *hybrid = "29 23 0:25 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
                         "30 23 0:26 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
                         "31 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup "
                         "rw,cpu,cpuacct\n";
    g_assert_cmpint(bl_cgroup_mount_parse(hybrid, "cpu", &path), ==, BL_CGROUP_V1);
    g_assert_cmpstr(path, ==, "/sys/fs/cgroup/cpu,cpuacct");
    g_clear_pointer(&path, g_free);
    g_assert_cmpint(bl_cgroup_mount_parse("29 23 0:25 / /sys/fs/cgroup rw shared:4 - cgroup2 "
                                          "cgroup2 rw,nsdelegate\n",
                                          "cpu", &path),
                    ==, BL_CGROUP_V2);
    g_assert_cmpstr(path, ==, "/sys/fs/cgroup");
    g_clear_pointer(&path, g_free);
    g_assert_cmpint(bl_cgroup_mount_parse("nonsense\n - \n", "cpu", &path), ==, BL_CGROUP_NONE);
}

static void check_domain_path(const char *text, BlCgroupVersion version, const char *expected)
{
    g_autofree char *path = bl_cgroup_domain_path(text, version, "cpu");
    g_assert_cmpstr(path, ==, expected);
}

static void test_cgroup_domain(void)
{
    check_domain_path("5:memory:/x\n1:cpu,cpuacct:/machine/qemu-1-a.libvirt-qemu/emulator\n0::/\n",
                      BL_CGROUP_V1, "machine/qemu-1-a.libvirt-qemu");
    check_domain_path("0::/machine.slice/machine-qemu\\x2d1\\x2da.scope/libvirt/emulator\n",
                      BL_CGROUP_V2, "machine.slice/machine-qemu\\x2d1\\x2da.scope");
    check_domain_path("0::/machine.slice/machine-qemu\\x2d1.scope/libvirt/vcpu0\n", BL_CGROUP_V2,
                      "machine.slice/machine-qemu\\x2d1.scope");
    check_domain_path("1:cpu:/\n", BL_CGROUP_V1, NULL);
    check_domain_path("1:cpu:/emulator\n", BL_CGROUP_V1, NULL);
    check_domain_path("1:cpu:/a/../b\n", BL_CGROUP_V1, NULL);
    check_domain_path("1:cpuset:/a\n", BL_CGROUP_V1, NULL);
    check_domain_path("", BL_CGROUP_V2, NULL);
}

static void test_throttled(void)
{
    gint64 nsec;
    g_assert_true(
        bl_cgroup_throttled_parse("nr_periods 1\nnr_throttled 2\nthrottled_time 333\n", &nsec));
    g_assert_cmpint(nsec, ==, 333);
    g_assert_true(bl_cgroup_throttled_parse("usage_usec 9\nthrottled_usec 44\n", &nsec));
    g_assert_cmpint(nsec, ==, 44000);
    g_assert_false(bl_cgroup_throttled_parse("usage_usec 9\n", &nsec));
}

static void test_cmdline(void)
{
    static const char line[] = "qemu\0-name\0guest=a\0-uuid\0" UUID "\0-m\0"
                               "1";
    g_assert_true(bl_cmdline_is_qemu(line, sizeof line, UUID));
    g_assert_false(bl_cmdline_is_qemu(line, sizeof line, "00000000-0000-0000-0000-000000000000"));
    g_assert_false(bl_cmdline_is_qemu("", 0, UUID));
    g_assert_false(bl_cmdline_is_qemu("-uuid", 6, UUID));
    /* Cut off in the middle. */
    g_assert_false(bl_cmdline_is_qemu(line, 24, UUID));
}

/* --- a /proc of our own ------------------------------------------------------------------------
 */

static void put(const char *root, const char *path, const char *text, gssize length)
{
    g_autofree char *file = g_build_filename(root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(file);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(file, text, length, NULL));
}

static void remove_tree(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        remove_tree(child);
    }
    if (dir != NULL)
        g_dir_close(dir);
    g_remove(path);
}

static void process_put(const char *root, const char *pid)
{
    static const char line[] = "qemu\0-uuid\0" UUID;
    g_autofree char *cmdline = g_strdup_printf("%s/cmdline", pid);
    g_autofree char *comm = g_strdup_printf("%s/task/901/comm", pid);
    g_autofree char *stat = g_strdup_printf("%s/task/901/schedstat", pid);
    g_autofree char *main_stat = g_strdup_printf("%s/task/%s/schedstat", pid, pid);
    g_autofree char *other = g_strdup_printf("%s/task/902/comm", pid);
    put(root, cmdline, line, sizeof line);
    put(root, comm, "CPU 0/KVM\n", -1);
    put(root, stat, "10 20 3\n", -1);
    put(root, main_stat, "1 2 3\n", -1);
    put(root, other, "worker\n", -1);
}

static void test_finds_qemu(void)
{
    g_autofree char *root = g_dir_make_tmp("ballast-proc-XXXXXX", NULL);
    g_autofree char *pid_file = g_build_filename(root, "a.pid", NULL);
    process_put(root, "900");
    g_auto(BlFd) proc = bl_dir_open_at(AT_FDCWD, root);
    /* No pid file: the search finds it. A pid file that lies is not believed. */
    g_assert_cmpint(bl_qemu_find(proc, pid_file, UUID), ==, 900);
    g_assert_true(g_file_set_contents(pid_file, "1", -1, NULL));
    g_assert_cmpint(bl_qemu_find(proc, pid_file, UUID), ==, 900);
    g_autoptr(GArray) threads = bl_threads_open(proc, 900);
    g_assert_cmpuint(threads->len, ==, 2);
    /* Two that claim the same UUID: only the pid file can tell. */
    process_put(root, "950");
    g_assert_cmpint(bl_qemu_find(proc, pid_file, UUID), ==, 0);
    g_assert_true(g_file_set_contents(pid_file, "950", -1, NULL));
    g_assert_cmpint(bl_qemu_find(proc, pid_file, UUID), ==, 950);
    g_assert_cmpuint(bl_process_generation(proc, 12345), ==, 0);
    remove_tree(root);
}

static void file_make(const char *root, const char *path, const char *text)
{
    g_autofree char *whole = g_build_filename(root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(whole);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents(whole, text, -1, NULL));
}

static void test_host_memory(void)
{
    g_autofree char *root = g_dir_make_tmp("ballast-sys-XXXXXX", NULL);
    g_autoptr(BlAuditFacts) facts = bl_audit_facts_new();
    BlAuditHost *host = &facts->host;
    bl_host_memory_read(root, root, host);
    g_assert_cmpint(host->pools->len, ==, 0);
    g_assert_cmpint(host->swappiness, ==, -1);
    g_assert_cmpint(host->hugetlbfs, ==, -1);
    g_assert_cmpstr(host->thp_enabled, ==, "");
    file_make(root, "kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    file_make(root, "kernel/mm/transparent_hugepage/defrag", "always defer [defer+madvise] never");
    file_make(root, "devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages", "7\n");
    file_make(root, "devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages", "5\n");
    file_make(root, "devices/system/node/node0/hugepages/hugepages-1048576kB/nr_hugepages", "2\n");
    file_make(root, "devices/system/node/node0/hugepages/hugepages-1048576kB/free_hugepages", "0");
    file_make(root, "devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages", "x\n");
    file_make(root, "devices/system/node/possible", "0-1\n");
    file_make(root, "sys/vm/swappiness", "60\n");
    file_make(root, "meminfo", "SwapTotal:   0 kB\nHugepagesize:    2048 kB\n");
    file_make(root, "self/mounts", "proc /proc proc rw 0 0\nh /dev/hugepages hugetlbfs rw 0 0\n");
    bl_host_memory_read(root, root, host);
    g_assert_cmpint(host->hugetlbfs, ==, 1);
    g_assert_false(bl_hugetlbfs_is_mounted("hugetlbfs /hugetlbfs tmpfs rw 0 0\nhugetlbfs\n"));
    g_assert_cmpstr(host->thp_enabled, ==, "madvise");
    g_assert_cmpstr(host->thp_defrag, ==, "defer+madvise");
    g_assert_cmpint(host->swappiness, ==, 60);
    g_assert_cmpint(host->swap_bytes, ==, 0);
    g_assert_cmpint(host->huge_page_bytes, ==, 2097152);
    g_assert_cmpint(host->pools->len, ==, 2);
    const BlAuditPool *small = &g_array_index(host->pools, BlAuditPool, 0);
    g_assert_true(small->page_bytes == 2097152 && small->node == 1 && small->total == 7 &&
                  small->free == 5);
    g_assert_cmpint(g_array_index(host->pools, BlAuditPool, 1).node, ==, 0);
    remove_tree(root);
}

static void test_huge(void)
{
    gint64 bytes = 0;
    g_assert_true(bl_cgroup_huge_parse("anon 5\nanon_thp 4194304\nfile_thp 1\n", &bytes));
    g_assert_cmpint(bytes, ==, 4194304);
    g_assert_true(bl_cgroup_huge_parse("rss_huge 0\ntotal_rss_huge 2097152\n", &bytes));
    g_assert_cmpint(bytes, ==, 2097152);
    g_assert_false(bl_cgroup_huge_parse("cache 1\n", &bytes));
    BlNodeMemory memory;
    g_assert_true(bl_cgroup_nodes_parse("anon N0=4096 N1=8192\nfile N0=1 N1=1\nshmem N0=100 N1=0\n",
                                        4096, &memory));
    g_assert_true(memory.known && memory.bytes[0] == 4196 && memory.bytes[1] == 8192);
    g_assert_true(bl_cgroup_nodes_parse("total=9 N0=9\nanon=1 N0=1\nhierarchical_total=9 N0=9\n"
                                        "hierarchical_anon=3 N0=2 N63=1\n",
                                        4096, &memory));
    g_assert_true(memory.bytes[0] == 8192 && memory.bytes[63] == 4096);
    g_assert_false(bl_cgroup_nodes_parse("anon N64=1\n", 4096, &memory));
    g_assert_false(memory.known);
    g_assert_false(bl_cgroup_nodes_parse("anon N0=99999999999999999999\n", 4096, &memory));
    g_assert_false(bl_cgroup_nodes_parse("anon N0\n", 4096, &memory));
    g_assert_false(bl_cgroup_nodes_parse("canon N0=1\n", 4096, &memory));
    g_assert_false(bl_cgroup_nodes_parse("", 4096, &memory));
}

static void test_node(void)
{
    gint64 bytes = 0;
    g_assert_true(bl_node_available_parse("Node 1 MemTotal:  4096 kB\nNode 1 MemFree:  1000 kB\n"
                                          "Node 1 Active(file):  100 kB\n"
                                          "Node 1 Inactive(file):  10 kB\n",
                                          &bytes));
    g_assert_cmpint(bytes, ==, (1000 + 50 + 10) * 1024);
    g_assert_false(bl_node_available_parse("Node 1 MemFree:  1000 kB\n", &bytes));
    g_assert_false(
        bl_node_available_parse(" MemFree: x Active(file): 1 Inactive(file): 1", &bytes));
    g_assert_false(bl_node_available_parse(
        " MemFree: 99999999999999999999 Active(file): 1 Inactive(file): 1", &bytes));
    g_assert_false(bl_node_available_parse("", &bytes));
}

static void test_pid_file(void)
{
    static const struct {
        const char *uri, *expected;
    } cases[] = {
        {NULL, "/run/libvirt/qemu/a.pid"},
        {"qemu:///system", "/run/libvirt/qemu/a.pid"},
        {"qemu+unix:///system?socket=/x/run/libvirt-sock", "/x/run/qemu/a.pid"},
        {"qemu+unix:///system?mode=direct&socket=/x%20y/sock&a=b", "/x y/qemu/a.pid"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = bl_libvirt_pid_file(cases[i].uri, "a");
        g_assert_cmpstr(path, ==, cases[i].expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/collect/schedstat", test_schedstat);
    g_test_add_func("/collect/stat", test_stat);
    g_test_add_func("/collect/pressure", test_pressure);
    g_test_add_func("/collect/pressure-full", test_pressure_full);
    g_test_add_func("/collect/meminfo", test_meminfo);
    g_test_add_func("/collect/vmstat", test_vmstat);
    g_test_add_func("/collect/statm", test_statm);
    g_test_add_func("/collect/thread-roles", test_thread_roles);
    g_test_add_func("/collect/start-time", test_start_time);
    g_test_add_func("/collect/cgroup-mount", test_cgroup_mount);
    g_test_add_func("/collect/cgroup-domain", test_cgroup_domain);
    g_test_add_func("/collect/throttled", test_throttled);
    g_test_add_func("/collect/cmdline", test_cmdline);
    g_test_add_func("/collect/finds-qemu", test_finds_qemu);
    g_test_add_func("/collect/pid-file", test_pid_file);
    g_test_add_func("/collect/host-memory", test_host_memory);
    g_test_add_func("/collect/huge", test_huge);
    g_test_add_func("/collect/node", test_node);
    return g_test_run();
}
