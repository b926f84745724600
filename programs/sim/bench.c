/* `ballast-sim bench`: what a tick of the engine costs, and whether memory grows. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "config/policy-file.h"
#include "sim/agent.h"
#include "sim/generate.h"
#include "sim/sim.h"

/* Ticks until the tracks are full and the first steps are taken. */
#define WARM_TICKS 100

typedef struct {
    GArray *nsec; /* gint64, of each call of the engine */
    gint64 began;
} Stopwatch;

/* CPU time of this thread: other work on the machine does not count. */
static gint64 cpu_nsec(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * (gint64)1000000000 + time.tv_nsec;
}

static void stepping(gpointer data, gboolean begins)
{
    Stopwatch *watch = data;
    gint64 now = cpu_nsec();
    if (begins) {
        watch->began = now;
    } else {
        gint64 took = now - watch->began;
        g_array_append_val(watch->nsec, took);
    }
}

static int nsec_compare(gconstpointer a, gconstpointer b)
{
    gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;
    return left < right ? -1 : left > right;
}

static gint64 resident_kib(void)
{
    char text[128];
    g_auto(BlFd) proc = bl_dir_open_at(-1, "/proc/self");
    long pages = 0;
    if (proc < 0 || bl_file_read_at(proc, "statm", text, sizeof text) <= 0 ||
        sscanf(text, "%*s %ld", &pages) != 1)
        return -1;
    return pages * 4;
}

static BlPolicy *default_policy(void)
{
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    g_autoptr(GPtrArray) sources = bl_policy_sources_new();
    const char *text = bl_policy_default_text();
    bl_policy_sources_add(sources, "policy.yaml", text, strlen(text));
    return bl_policy_parse(sources, errors);
}

static void measure(guint guests, guint cpus, gint64 ticks)
{
    g_autoptr(BlSimSpec) spec = bl_sim_generate_crowd(cpus, guests, 0);
    g_autoptr(BlPolicy) policy = default_policy();
    g_autoptr(GPtrArray) policies = g_ptr_array_new();
    g_ptr_array_add(policies, policy);
    g_autoptr(BlSimWorld) world = bl_sim_world_new(spec);
    g_autoptr(BlSimAgent) agent = bl_sim_agent_new(world, policies);
    Stopwatch watch = {.nsec = g_array_new(FALSE, FALSE, sizeof(gint64))};
    gint64 began = 0, resident = 0;
    for (gint64 i = 0; i < WARM_TICKS + ticks; i++) {
        if (i == WARM_TICKS) {
            agent->stepping = stepping;
            agent->stepping_data = &watch;
            /* Touched now, or the watch's own memory would count as growth. */
            g_array_set_size(watch.nsec, (guint)MIN(ticks, 1000000));
            memset(watch.nsec->data, 1, watch.nsec->len * sizeof(gint64));
            g_array_set_size(watch.nsec, 0);
            resident = resident_kib();
            began = cpu_nsec();
        }
        bl_sim_world_tick(world, BL_SIM_TICK_USEC);
        bl_sim_agent_tick(agent);
        if (watch.nsec->len >= 1000000)
            g_array_set_size(watch.nsec, 0);
    }
    gint64 whole = (cpu_nsec() - began) / ticks, grown = resident_kib() - resident;
    g_array_sort(watch.nsec, nsec_compare);
    guint count = watch.nsec->len;
    printf("%7u %5u %8" G_GINT64_FORMAT " %12.3f %12.3f %12.3f %12" G_GINT64_FORMAT
           " %10" G_GINT64_FORMAT "\n",
           guests, cpus, ticks, (double)g_array_index(watch.nsec, gint64, count / 2) / 1e6,
           (double)g_array_index(watch.nsec, gint64, count - 1 - count / 100) / 1e6,
           (double)whole / 1e6, resident, grown);
    g_array_unref(watch.nsec);
}

int sim_bench(int argc, char **argv)
{
    gint guests = 0, cpus = 0;
    gint64 ticks = 600;
    const GOptionEntry entries[] = {
        {"guests", 0, 0, G_OPTION_ARG_INT, &guests, "How many (default: 10 to 10,000)", "N"},
        {"cpus", 0, 0, G_OPTION_ARG_INT, &cpus, "Of the host (default: one for five guests)", "N"},
        {"ticks", 0, 0, G_OPTION_ARG_INT64, &ticks, "To measure over (default 600)", "N"},
        {0}};
    if (!sim_options(entries, "", "CPU time of the engine for a tick, and growth of memory.", &argc,
                     &argv))
        return SIM_USAGE;
    if (argc > 1 || ticks < 1 || guests < 0 || guests > 100000 || cpus < 0 || cpus > 1024) {
        fputs("ballast-sim: bench: at most 100000 guests and 1024 CPUs, at least one tick\n",
              stderr);
        return SIM_USAGE;
    }
    static const guint curve[] = {10, 30, 100, 300, 1000, 3000, 10000};
    puts(" GUESTS  CPUS    TICKS    ENGINE MS       P99 MS     WHOLE MS RESIDENT KIB GROWTH KIB");
    for (guint i = 0; i < G_N_ELEMENTS(curve); i++) {
        guint n = guests > 0 ? (guint)guests : curve[i];
        measure(n, cpus > 0 ? (guint)cpus : CLAMP(n / 5, 2, 1024), ticks);
        if (guests > 0)
            break;
    }
    return SIM_GOOD;
}
