/* Generated hosts of 2 to 8 NUMA nodes: how good is the placement of their guests, and how long
 * does it take?
 *
 * For each host an integer program is written and given to the solver of COIN-OR (cbc). Where that
 * ends in time its solution is the exact optimum of the same cost, judged by the same function.
 * usage: placement-hosts HOSTS SECONDS-PER-HOST FOLDER
 * The folder keeps what the solver found: it is not asked again for what is there.
 */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "core/placement.h"
#include "topology/topology.h"

#define GIB (1024 * BL_MIB)
#define GUESTS_MAX 64
#define RUNS 5

/* Ways to place, the first is ours. */
enum { WAY_BALLAST, WAY_AS_IT_IS, WAY_ANYWHERE, WAY_FIRST_FIT, WAYS };

typedef struct {
    BlPlacement placement;
    BlPlacementGuest guests[GUESTS_MAX];
    guint64 nodes[WAYS][GUESTS_MAX];
    gint64 cost[WAYS];
    gint64 optimum; /* -1: not found in time */
    gint64 usec;    /* that our way took */
} Host;

/* --- making ------------------------------------------------------------------------------------
 */

static gint64 between(GRand *random, gint64 low, gint64 high)
{
    return g_rand_int_range(random, (gint32)low, (gint32)high + 1);
}

/* A ring of nodes, or pairs that share a socket. */
static void distances_make(GRand *random, BlTopology *topology)
{
    gint64 near = between(random, 11, 16), far = between(random, 20, 32);
    guint count = bl_topology_count(topology);
    gboolean pairs = g_rand_boolean(random);
    for (guint i = 0; i < count; i++) {
        for (guint j = 0; j < count; j++) {
            guint apart = MIN(i > j ? i - j : j - i, count - (i > j ? i - j : j - i));
            gboolean close = pairs ? i / 2 == j / 2 : apart == 1;
            bl_topology_set_distance(topology, i, j, i == j ? 10 : (guint)(close ? near : far));
        }
    }
}

static void host_take(Host *host, const BlTopology *topology)
{
    host->placement.n_nodes = bl_topology_count(topology);
    for (guint i = 0; i < host->placement.n_nodes; i++) {
        const BlNode *from = bl_topology_node(topology, i);
        BlPlacementNode *node = &host->placement.nodes[i];
        node->cpus = bl_cpu_set_count(&from->cpus);
        node->cores = from->cores;
        node->memory_bytes = from->memory_bytes;
        for (guint j = 0; j < host->placement.n_nodes; j++)
            node->distance[j] = bl_topology_distance(topology, i, j);
    }
}

/* Most are small; what they want of their vCPUs differs as much as on real hosts. */
static void guest_make(GRand *random, const BlPlacement *placement, gint64 gib,
                       BlPlacementGuest *guest)
{
    static const guint sizes[] = {1, 1, 2, 2, 2, 4, 4, 4, 8, 16};
    guint most = placement->nodes[0].cpus * placement->n_nodes;
    memset(guest, 0, sizeof *guest);
    guest->vcpus = MIN(sizes[between(random, 0, G_N_ELEMENTS(sizes) - 1)], most);
    guest->demand = guest->vcpus * between(random, 2, 100) * 100;
    guest->memory_bytes = guest->vcpus * between(random, 1, gib) * GIB;
    guest->first = between(random, 0, 3) == 0;
    guint node = (guint)between(random, 0, placement->n_nodes - 1);
    gint64 kind = between(random, 0, 3);
    for (guint i = 0; i < placement->n_nodes; i++) {
        if (kind == 0)
            guest->where[i] = guest->memory_bytes / placement->n_nodes;
        else if (i == node)
            guest->where[i] = guest->memory_bytes / 4 * 3;
    }
    guest->present = kind == 3 && guest->vcpus <= placement->nodes[0].cpus ? (guint64)1 << node : 0;
    guest->fixed = between(random, 0, 19) == 0;
}

static void host_make(Host *host, guint seed)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    gint64 nodes = between(random, 2, 8), cores = between(random, 2, 16);
    gint64 threads = between(random, 1, 2), gib = between(random, 2, 8);
    g_autofree char *description =
        g_strdup_printf("node:%" G_GINT64_FORMAT "(memory=%" G_GINT64_FORMAT
                        ") core:%" G_GINT64_FORMAT " pu:%" G_GINT64_FORMAT,
                        nodes, cores * threads * gib * GIB, cores, threads);
    g_autoptr(BlTopology) topology = bl_topology_read_description(description);
    if (topology == NULL)
        g_error("hwloc makes no host of \"%s\"", description);
    memset(host, 0, sizeof *host);
    distances_make(random, topology);
    host_take(host, topology);
    gint64 wanted = nodes * cores * between(random, 4, 11) * 1000, demand = 0;
    gint64 memory = nodes * cores * threads * gib * GIB, taken = 0;
    host->placement.guests = host->guests;
    while (demand < wanted && host->placement.n_guests < GUESTS_MAX) {
        BlPlacementGuest *guest = &host->guests[host->placement.n_guests];
        guest_make(random, &host->placement, gib, guest);
        if (taken + guest->memory_bytes > memory / 10 * 9)
            break;
        taken += guest->memory_bytes;
        demand += guest->demand;
        host->placement.n_guests++;
    }
}

/* --- other ways to place ------------------------------------------------------------------------
 */

/* The largest memory first, each on the first node that has room for its memory and vCPUs. */
static void first_fit(const BlPlacement *placement, guint64 *ret_nodes)
{
    gint64 memory[BL_PLACEMENT_NODES] = {0}, vcpus[BL_PLACEMENT_NODES] = {0};
    gboolean done[GUESTS_MAX] = {FALSE};
    for (guint n = 0; n < placement->n_guests; n++) {
        guint best = GUESTS_MAX;
        for (guint i = 0; i < placement->n_guests; i++) {
            if (!done[i] && (best == GUESTS_MAX || placement->guests[i].memory_bytes >
                                                       placement->guests[best].memory_bytes))
                best = i;
        }
        const BlPlacementGuest *guest = &placement->guests[best];
        done[best] = TRUE;
        ret_nodes[best] = guest->fixed ? guest->present : 0;
        for (guint i = 0; !guest->fixed && i < placement->n_nodes; i++) {
            const BlPlacementNode *node = &placement->nodes[i];
            if (memory[i] + guest->memory_bytes > node->memory_bytes ||
                vcpus[i] + guest->vcpus > node->cpus)
                continue;
            memory[i] += guest->memory_bytes;
            vcpus[i] += guest->vcpus;
            ret_nodes[best] = (guint64)1 << i;
            break;
        }
    }
}

static void host_place(Host *host)
{
    const BlPlacement *placement = &host->placement;
    gint64 before;
    host->usec = G_MAXINT64;
    for (guint i = 0; i < RUNS; i++) {
        gint64 start = g_get_monotonic_time();
        bl_placement_plan(placement, host->nodes[WAY_BALLAST], &before);
        host->usec = MIN(host->usec, g_get_monotonic_time() - start);
    }
    for (guint i = 0; i < placement->n_guests; i++) {
        host->nodes[WAY_AS_IT_IS][i] = placement->guests[i].present;
        host->nodes[WAY_ANYWHERE][i] =
            placement->guests[i].fixed ? placement->guests[i].present : 0;
    }
    first_fit(placement, host->nodes[WAY_FIRST_FIT]);
    for (guint way = 0; way < WAYS; way++)
        host->cost[way] = bl_placement_cost(placement, host->nodes[way]);
}

/* --- the exact optimum --------------------------------------------------------------------------
 */

typedef struct {
    const BlPlacement *placement;
    BlPlacementOption options[GUESTS_MAX][BL_PLACEMENT_OPTIONS];
    guint n_options[GUESTS_MAX];
    GString *text;
} Program;

G_GNUC_PRINTF(3, 4)
static void term(Program *program, gint64 factor, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_string_append_printf(program->text, " %+" G_GINT64_FORMAT " ", factor);
    g_string_append_vprintf(program->text, format, arguments);
    g_string_append_c(program->text, '\n');
    va_end(arguments);
}

static gboolean counts(const Program *program, guint guest, guint tier)
{
    return tier == 1 || program->placement->guests[guest].first;
}

static void objective_write(Program *program)
{
    const BlPlacement *placement = program->placement;
    BlPlacementLevel levels[BL_PLACEMENT_LEVELS];
    g_string_append(program->text, "Minimize\n cost:\n");
    for (guint g = 0; g < placement->n_guests; g++) {
        for (guint o = 0; o < program->n_options[g]; o++)
            term(program, program->options[g][o].cost, "x_%u_%u", g, o);
    }
    for (guint n = 0; n < placement->n_nodes; n++) {
        bl_placement_levels(&placement->nodes[n], levels);
        for (guint t = 0; t < 2; t++) {
            for (guint l = 1; l < BL_PLACEMENT_LEVELS; l++)
                g_string_append_printf(program->text, " +%.3f u_%u_%u_%u\n",
                                       (double)levels[l].slope *
                                           (t == 0 ? BL_PLACEMENT_FIRST_WEIGHT : 1) / 1000,
                                       t, n, l);
        }
        term(program, BL_PLACEMENT_OVERFLOW_COST, "v_%u", n);
    }
}

/* What is wanted of a node fills its levels. */
static void node_write(Program *program, guint n, guint tier)
{
    for (guint l = 0; l < BL_PLACEMENT_LEVELS; l++)
        term(program, 1, "u_%u_%u_%u", tier, n, l);
    term(program, -1, "f_%u_%u", tier, n);
    for (guint g = 0; g < program->placement->n_guests; g++) {
        for (guint o = 0; counts(program, g, tier) && o < program->n_options[g]; o++) {
            if (program->options[g][o].load[n] != 0)
                term(program, -program->options[g][o].load[n], "x_%u_%u", g, o);
        }
    }
    g_string_append(program->text, " = 0\n");
}

static void rows_write(Program *program)
{
    const BlPlacement *placement = program->placement;
    g_string_append(program->text, "Subject To\n");
    for (guint g = 0; g < placement->n_guests; g++) {
        for (guint o = 0; o < program->n_options[g]; o++)
            term(program, 1, "x_%u_%u", g, o);
        g_string_append(program->text, " = 1\n");
    }
    for (guint t = 0; t < 2; t++) {
        for (guint n = 0; n < placement->n_nodes; n++) {
            node_write(program, n, t);
            term(program, 1, "f_%u_%u", t, n);
            g_string_append(program->text, " >= 0\n");
        }
        for (guint n = 0; n < placement->n_nodes; n++)
            term(program, 1, "f_%u_%u", t, n);
        for (guint g = 0; g < placement->n_guests; g++) {
            for (guint o = 0; counts(program, g, t) && o < program->n_options[g]; o++) {
                if (program->options[g][o].floating != 0)
                    term(program, -program->options[g][o].floating, "x_%u_%u", g, o);
            }
        }
        g_string_append(program->text, " = 0\n");
    }
    for (guint n = 0; n < placement->n_nodes; n++) {
        term(program, -1, "v_%u", n);
        for (guint g = 0; g < placement->n_guests; g++) {
            for (guint o = 0; o < program->n_options[g]; o++) {
                if (program->options[g][o].memory[n] != 0)
                    term(program, program->options[g][o].memory[n], "x_%u_%u", g, o);
            }
        }
        g_string_append_printf(program->text, " <= %" G_GINT64_FORMAT "\n",
                               placement->nodes[n].memory_bytes / BL_MIB);
    }
}

static void bounds_write(Program *program)
{
    const BlPlacement *placement = program->placement;
    BlPlacementLevel levels[BL_PLACEMENT_LEVELS];
    g_string_append(program->text, "Bounds\n");
    for (guint n = 0; n < placement->n_nodes; n++) {
        bl_placement_levels(&placement->nodes[n], levels);
        for (guint t = 0; t < 2; t++) {
            for (guint l = 0; l + 1 < BL_PLACEMENT_LEVELS; l++)
                g_string_append_printf(program->text, " 0 <= u_%u_%u_%u <= %" G_GINT64_FORMAT "\n",
                                       t, n, l, levels[l].width);
        }
    }
    g_string_append(program->text, "Binaries\n");
    for (guint g = 0; g < placement->n_guests; g++) {
        for (guint o = 0; o < program->n_options[g]; o++)
            g_string_append_printf(program->text, " x_%u_%u\n", g, o);
    }
    g_string_append(program->text, "End\n");
}

static void solution_read(const Program *program, const char *text, guint64 *ret_nodes)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines + 1; lines[0] != NULL && *line != NULL; line++) {
        guint index, g, o;
        double value;
        if (sscanf(*line, "%u x_%u_%u %lf", &index, &g, &o, &value) == 4 && value > 0.5 &&
            g < program->placement->n_guests && o < program->n_options[g])
            ret_nodes[g] = program->options[g][o].nodes;
    }
}

static void program_solve(Program *program, const char *seconds, const char *output)
{
    g_autofree char *input = g_strconcat(output, ".lp", NULL);
    g_autoptr(GError) error = NULL;
    program->text = g_string_new(NULL);
    objective_write(program);
    rows_write(program);
    bounds_write(program);
    if (!g_file_set_contents(input, program->text->str, -1, &error))
        g_error("%s", error->message);
    g_string_free(program->text, TRUE);
    g_autoptr(GSubprocess) solver =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, "cbc", input, "sec", seconds,
                         "ratio", "0", "allow", "0", "solve", "solution", output, NULL);
    if (solver == NULL || !g_subprocess_wait(solver, NULL, &error))
        g_error("cbc: %s", error->message);
    g_unlink(input);
}

static void host_solve(Host *host, guint number, const char *seconds, const char *folder)
{
    g_autofree Program *program = g_new0(Program, 1);
    g_autofree char *name = g_strdup_printf("host-%u", number);
    g_autofree char *output = g_build_filename(folder, name, NULL);
    g_autofree char *solution = NULL;
    g_autoptr(GError) error = NULL;
    guint64 nodes[GUESTS_MAX] = {0};
    program->placement = &host->placement;
    for (guint i = 0; i < host->placement.n_guests; i++)
        program->n_options[i] =
            bl_placement_options(&host->placement, &host->guests[i], program->options[i]);
    if (!g_file_test(output, G_FILE_TEST_EXISTS))
        program_solve(program, seconds, output);
    if (!g_file_get_contents(output, &solution, NULL, &error))
        g_error("%s", error->message);
    host->optimum = -1;
    if (!g_str_has_prefix(solution, "Optimal"))
        return;
    solution_read(program, solution, nodes);
    host->optimum = bl_placement_cost(&host->placement, nodes);
}

/* --- the table -----------------------------------------------------------------------------------
 */

static int double_order(gconstpointer left, gconstpointer right)
{
    double l = *(const double *)left, r = *(const double *)right;
    return l < r ? -1 : l > r;
}

static double at(const GArray *sorted, double part)
{
    return sorted->len > 0 ? g_array_index(sorted, double, (guint)(part * (sorted->len - 1))) : 0;
}

/* Beyond the optimum, percent. */
static void way_print(const char *name, const GPtrArray *hosts, guint way)
{
    g_autoptr(GArray) beyond = g_array_new(FALSE, FALSE, sizeof(double));
    guint exact = 0, within = 0;
    for (guint i = 0; i < hosts->len; i++) {
        const Host *host = g_ptr_array_index(hosts, i);
        if (host->optimum < 0)
            continue;
        double more =
            100.0 * (double)(host->cost[way] - host->optimum) / (double)MAX(host->optimum, 1);
        exact += host->cost[way] <= host->optimum;
        within += more <= 2;
        g_array_append_val(beyond, more);
    }
    g_array_sort(beyond, double_order);
    printf("%-12s %8.2f %8.2f %8.2f %8.2f %8u %8u\n", name, at(beyond, 0.5), at(beyond, 0.9),
           at(beyond, 0.99), at(beyond, 1), exact, within);
}

static void table_print(const GPtrArray *hosts)
{
    static const char *const names[WAYS] = {"ballast", "as it is", "anywhere", "first fit"};
    g_autoptr(GArray) usec = g_array_new(FALSE, FALSE, sizeof(double));
    guint solved = 0;
    for (guint i = 0; i < hosts->len; i++) {
        const Host *host = g_ptr_array_index(hosts, i);
        double took = (double)host->usec;
        g_array_append_val(usec, took);
        solved += host->optimum >= 0;
    }
    g_array_sort(usec, double_order);
    printf("%u hosts, %u solved exactly; cost beyond the optimum, percent\n", hosts->len, solved);
    puts("WAY            MEDIAN      P90      P99    WORST  OPTIMAL   IN 2 %");
    for (guint way = 0; way < WAYS; way++)
        way_print(names[way], hosts, way);
    printf("time for a host: median %.0f us, p99 %.0f us, worst %.0f us\n", at(usec, 0.5),
           at(usec, 0.99), at(usec, 1));
}

int main(int argc, char **argv)
{
    g_autoptr(GPtrArray) hosts = g_ptr_array_new_with_free_func(g_free);
    if (argc != 4)
        return 2;
    for (guint i = 0; i < (guint)g_ascii_strtoull(argv[1], NULL, 10); i++) {
        Host *host = g_new(Host, 1);
        host_make(host, i + 1);
        host_place(host);
        host_solve(host, i + 1, argv[2], argv[3]);
        g_ptr_array_add(hosts, host);
        if (host->optimum >= 0 && host->cost[WAY_BALLAST] > host->optimum + host->optimum / 50)
            printf("host %u: %u nodes, %u guests, cost %" G_GINT64_FORMAT
                   ", optimum %" G_GINT64_FORMAT "\n",
                   i + 1, host->placement.n_nodes, host->placement.n_guests,
                   host->cost[WAY_BALLAST], host->optimum);
    }
    table_print(hosts);
    return 0;
}
