/* `ballast-sim serve`: the daemon's own API over a simulated host, in real time.
 *
 * The world and the agent stand in for libvirt and the kernel; the engine, the store, the handlers
 * and the server are those of ballastd. For tests and measurements of what looks at Ballast, with
 * more guests than a machine has. It says in its notices that nothing in it is real.
 */
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/units.h"
#include "config/policy-file.h"
#include "daemon/daemon.h"
#include "sim/agent.h"
#include "sim/generate.h"
#include "sim/replay.h"
#include "sim/scenario.h"
#include "sim/sim.h"

/* So many of those that ran most are told as culprits. */
#define CULPRITS 6
#define SCENARIO_MAX (1024 * 1024)

typedef struct {
    BlSimSpec *spec;
    BlSimWorld *world;
    BlSimAgent *agent;
    BlDaemon *daemon;
    GPtrArray *policies;
    guint next_event;
    gint64 *blamed; /* of each guest by each, nanoseconds; n * n, or NULL where that is too much */
} Serving;

/* What the command line says: the daemon's own options, and those of the world. */
typedef struct {
    BlOptions *options;
    gint guests, cpus;
    gint64 warm;
    char *scenario;
} Line;

#define SERVE_OPTIONS 7

/* Above this many guests nobody is blamed: the table would be larger than all else together. */
#define BLAMED_GUESTS_MAX 300

/* --- what the simulated kernel does not tell -----------------------------------------------------
 */

/* The guests that ran most in the last tick, most first. */
static guint culprits_find(const BlSimWorld *world, guint *culprits)
{
    guint count = 0;
    for (guint i = 0; i < world->n_guests; i++) {
        if (!world->guests[i].alive || world->guests[i].last_run == 0)
            continue;
        guint at = MIN(count, CULPRITS - 1);
        if (count == CULPRITS && world->guests[culprits[at]].last_run >= world->guests[i].last_run)
            continue;
        while (at > 0 && world->guests[culprits[at - 1]].last_run < world->guests[i].last_run) {
            culprits[at] = culprits[at - 1];
            at--;
        }
        culprits[at] = i;
        count = MIN(count + 1, CULPRITS);
    }
    return count;
}

/* The world knows how long guests waited, not for whom: those that ran most are charged, by what
 * they ran. */
static void blames_add(Serving *serving)
{
    BlSimWorld *world = serving->world;
    guint culprits[CULPRITS], count = culprits_find(world, culprits);
    for (guint v = 0; v < world->n_guests; v++) {
        const BlSimGuest *victim = &world->guests[v];
        gint64 waited = victim->last_wait * victim->vcpus, sum = 0;
        for (guint i = 0; i < count; i++)
            sum += culprits[i] != v ? world->guests[culprits[i]].last_run : 0;
        for (guint i = 0; i < count && victim->alive && sum > 0; i++) {
            if (culprits[i] != v)
                serving->blamed[v * world->n_guests + culprits[i]] +=
                    (gint64)((double)waited * (double)world->guests[culprits[i]].last_run /
                             (double)sum);
        }
    }
}

static int blame_compare(gconstpointer left, gconstpointer right)
{
    return bl_blame_order(left, right);
}

static void blames_tell(Serving *serving, BlSample *sample)
{
    BlSimWorld *world = serving->world;
    for (guint d = 0; d < sample->domains->len; d++) {
        BlDomainSample *domain = g_ptr_array_index(sample->domains, d);
        gint victim = bl_sim_guest_find(world, domain->uuid);
        if (victim < 0)
            continue;
        g_array_set_size(domain->blames, 0);
        domain->blame_known = TRUE;
        for (guint c = 0; c < world->n_guests; c++) {
            gint64 waited = serving->blamed[(guint)victim * world->n_guests + c];
            BlBlame blame = {.kind = BL_CULPRIT_DOMAIN, .waited_nsec = waited};
            g_strlcpy(blame.culprit, world->guests[c].uuid, sizeof blame.culprit);
            if (waited > 0)
                g_array_append_val(domain->blames, blame);
        }
        g_array_sort(domain->blames, blame_compare);
    }
}

/* Nor has it counters of devices: guests that serve send what they are asked for, and the others
 * write what they compute. */
static void devices_tell(const Serving *serving, BlSample *sample)
{
    for (guint d = 0; d < sample->domains->len; d++) {
        BlDomainSample *domain = g_ptr_array_index(sample->domains, d);
        gint index = bl_sim_guest_find(serving->world, domain->uuid);
        if (index < 0)
            continue;
        const BlSimGuest *guest = &serving->world->guests[index];
        gint64 requests = guest->tally.requests_milli / 1000;
        gint64 writes = guest->tally.run_nsec / 50000000;
        BlValues *values = &domain->values;
        bl_values_set(values, BL_DOMAIN_NETWORK_RECEIVED_PACKETS, requests);
        bl_values_set(values, BL_DOMAIN_NETWORK_RECEIVED_BYTES, requests * 300);
        bl_values_set(values, BL_DOMAIN_NETWORK_SENT_PACKETS, requests * 12);
        bl_values_set(values, BL_DOMAIN_NETWORK_SENT_BYTES, requests * 16384);
        bl_values_set(values, BL_DOMAIN_NETWORK_DROPPED, 0);
        bl_values_set(values, BL_DOMAIN_DISK_READS, requests / 4);
        bl_values_set(values, BL_DOMAIN_DISK_READ_BYTES, requests * 1024);
        bl_values_set(values, BL_DOMAIN_DISK_READ_NSEC, requests / 4 * 350000);
        bl_values_set(values, BL_DOMAIN_DISK_WRITES, writes);
        bl_values_set(values, BL_DOMAIN_DISK_WRITE_BYTES, writes * 32768);
        bl_values_set(values, BL_DOMAIN_DISK_WRITE_NSEC, writes * 2100000);
        bl_values_set(values, BL_DOMAIN_DEVICES_USEC,
                      sample->now_usec - sample->now_usec % (2 * BL_USEC_PER_SEC));
    }
}

static void on_stepping(gpointer data, gboolean begins)
{
    Serving *serving = data;
    if (begins)
        devices_tell(serving, serving->agent->sample);
    if (begins && serving->blamed != NULL) {
        blames_add(serving);
        blames_tell(serving, serving->agent->sample);
    }
}

/* --- a tick -------------------------------------------------------------------------------------
 */

/* What was asked of the daemon goes to the engine as it does in the daemon. */
static void requests_hand_over(Serving *serving)
{
    BlDaemon *daemon = serving->daemon;
    BlSimAgent *agent = serving->agent;
    g_array_append_vals(agent->requests, daemon->requests->data, daemon->requests->len);
    g_array_set_size(daemon->requests, 0);
    if (agent->policy != daemon->policy) {
        agent->policy = daemon->policy;
        g_ptr_array_index(serving->policies, 0) = daemon->policy;
    }
    for (guint i = 0; i < serving->world->n_guests; i++) {
        const char *given =
            g_hash_table_lookup(daemon->class_overrides, serving->world->guests[i].uuid);
        if (g_strcmp0(given, agent->records[i].class_override) == 0)
            continue;
        g_free(agent->records[i].class_override);
        agent->records[i].class_override = g_strdup(given);
    }
}

static void serving_tick(Serving *serving)
{
    const GArray *events = serving->spec->events;
    BlDaemon *daemon = serving->daemon;
    while (serving->next_event < events->len &&
           g_array_index(events, BlSimEvent, serving->next_event).at_usec <=
               serving->world->now_usec)
        bl_sim_agent_event(serving->agent,
                           &g_array_index(events, BlSimEvent, serving->next_event++));
    requests_hand_over(serving);
    bl_sim_world_tick(serving->world, BL_SIM_TICK_USEC);
    if (!bl_sim_agent_tick(serving->agent))
        return;
    daemon->engine = serving->agent->engine;
    daemon->sample = serving->agent->sample;
    daemon->plan = serving->agent->plan;
    bl_admissions_update(daemon->admissions, daemon->sample);
    if (bl_usage_is_due(daemon->usage, daemon->sample->now_usec))
        bl_usage_add(daemon->usage, bl_daemon_view(daemon));
    bl_daemon_tick_done(daemon);
}

static gboolean on_tick(gpointer data)
{
    BlDaemon *daemon = ((Serving *)data)->daemon;
    gint64 now = g_get_monotonic_time();
    serving_tick(data);
    bl_metrics_tally_tick(&daemon->metrics.tally, g_get_monotonic_time() - now);
    return G_SOURCE_CONTINUE;
}

static gboolean on_stop(gpointer data)
{
    g_main_loop_quit(((Serving *)data)->daemon->loop);
    return G_SOURCE_CONTINUE;
}

/* --- start and end ------------------------------------------------------------------------------
 */

/* A crowd with memory: one guest in five is critical and serves, the rest compute. */
static BlSimSpec *crowd(guint cpus, guint guests)
{
    BlSimSpec *spec = bl_sim_generate_crowd(cpus, guests, 0);
    spec->memory_bytes = (gint64)guests * 768 * BL_MIB + 2048 * BL_MIB;
    spec->memory_own_bytes = 1024 * BL_MIB;
    for (guint i = 0; i < guests; i++) {
        BlGuestSpec *guest = &g_array_index(spec->guests, BlGuestSpec, i);
        guest->load.demand = 2500 + 2500 * (i % 4);
        guest->memory = (BlMemorySpec){.max_bytes = 1024 * BL_MIB,
                                       .kernel_bytes = 96 * BL_MIB,
                                       .set_bytes = (gint64)(128 + 64 * (i % 7)) * BL_MIB,
                                       .growth = 32 * BL_MIB,
                                       .cache_rate = BL_MIB,
                                       .autodeflate = TRUE};
    }
    return spec;
}

static BlSimSpec *spec_read(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    if (!bl_file_read_limited(path, SCENARIO_MAX, &text, &length, error))
        return NULL;
    return bl_sim_scenario_parse(path, text, length, error);
}

/* The scenario's first policy, or the one that is built in. */
static gboolean policy_set(Serving *serving, GError **error)
{
    BlDaemon *daemon = serving->daemon;
    const GPtrArray *texts = serving->spec->policy_texts;
    const char *text = texts->len > 0 ? g_ptr_array_index(texts, 0) : bl_policy_default_text();
    g_autoptr(GPtrArray) policies = bl_sim_policies_parse(serving->spec, error);
    if (policies == NULL)
        return FALSE;
    daemon->policy = bl_policy_ref(g_ptr_array_index(policies, 0));
    daemon->policy_sources = bl_policy_sources_new();
    bl_policy_sources_add(daemon->policy_sources, "policy.yaml", text, strlen(text));
    daemon->policy_wall_usec = g_get_real_time();
    serving->policies = g_ptr_array_new();
    g_ptr_array_add(serving->policies, daemon->policy);
    return TRUE;
}

static void engine_let_go(BlDaemon *daemon)
{
    daemon->engine = NULL;
    daemon->sample = NULL;
    daemon->plan = NULL;
}

static gboolean serving_open(Serving *serving, BlOptions *options, gint64 warm_usec, GError **error)
{
    BlDaemon *daemon = serving->daemon = bl_daemon_new(options);
    bl_engine_free(daemon->engine);
    bl_sample_free(daemon->sample);
    bl_plan_free(daemon->plan);
    engine_let_go(daemon);
    if (!policy_set(serving, error))
        return FALSE;
    guint guests = serving->spec->guests->len;
    serving->spec->mode = options->mode;
    serving->world = bl_sim_world_new(serving->spec);
    serving->world->clock_usec = g_get_real_time() - warm_usec - BL_SIM_WALL_START_USEC;
    serving->agent = bl_sim_agent_new(serving->world, serving->policies);
    serving->agent->stepping = on_stepping;
    serving->agent->stepping_data = serving;
    if (guests <= BLAMED_GUESTS_MAX)
        serving->blamed = g_new0(gint64, guests * guests);
    daemon->link = BL_LINK_UP;
    daemon->inventory_complete = TRUE;
    daemon->runqueue.lacking =
        g_strdup(guests <= BLAMED_GUESTS_MAX ? "this host is simulated, and shares it out by use"
                                             : "this host is simulated");
    if (!bl_daemon_edges_open(daemon, error))
        return FALSE;
    for (gint64 at = 0; at <= warm_usec; at += BL_SIM_TICK_USEC)
        serving_tick(serving);
    return TRUE;
}

static void serving_run(Serving *serving)
{
    BlDaemon *daemon = serving->daemon;
    static const int signals[] = {SIGTERM, SIGINT};
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++) {
        GSource *source = g_unix_signal_source_new(signals[i]);
        g_source_set_callback(source, on_stop, serving, NULL);
        g_source_attach(source, daemon->context);
        g_ptr_array_add(daemon->sources, source);
    }
    GSource *tick = g_timeout_source_new(BL_TICK_MSEC);
    g_source_set_callback(tick, on_tick, serving, NULL);
    g_source_attach(tick, daemon->context);
    g_ptr_array_add(daemon->sources, tick);
    fprintf(stderr, "ballast-sim: serving %u simulated guests on \"%s\"\n",
            serving->spec->guests->len, daemon->options->socket_path);
    g_main_loop_run(daemon->loop);
}

static void serving_close(Serving *serving)
{
    if (serving->daemon != NULL) {
        engine_let_go(serving->daemon);
        bl_daemon_free(serving->daemon);
    }
    bl_sim_agent_free(serving->agent);
    bl_sim_world_free(serving->world);
    g_clear_pointer(&serving->policies, g_ptr_array_unref);
    bl_sim_spec_free(serving->spec);
    g_free(serving->blamed);
}

static gboolean limits_hold(const Line *line)
{
    return line->guests >= 1 && line->guests <= 10000 && line->cpus >= 0 && line->cpus <= 1024 &&
           line->warm >= 0 && line->warm <= 7 * 24 * 3600;
}

/* What the command line says; FALSE, with a word to the person, where that cannot be. */
static gboolean line_parse(int argc, char **argv, Line *line)
{
    BlOptions *options = line->options;
    g_autofree char *mode_name = NULL;
    GOptionEntry entries[SERVE_OPTIONS + BL_OPTIONS_LISTEN + 1] = {
        {"socket", 's', 0, G_OPTION_ARG_FILENAME, &options->socket_path, "Where to listen", "PATH"},
        {"state", 0, 0, G_OPTION_ARG_FILENAME, &options->state_dir, "A folder for what is kept",
         "DIR"},
        {"guests", 0, 0, G_OPTION_ARG_INT, &line->guests, "How many (default: 20)", "N"},
        {"cpus", 0, 0, G_OPTION_ARG_INT, &line->cpus, "Of the host (default: one for five guests)",
         "N"},
        {"scenario", 0, 0, G_OPTION_ARG_FILENAME, &line->scenario, "Of this file instead", "FILE"},
        {"mode", 0, 0, G_OPTION_ARG_STRING, &mode_name, "Default: enforce", "MODE"},
        {"warm", 0, 0, G_OPTION_ARG_INT64, &line->warm, "Begin with so long a past", "SECONDS"},
    };
    bl_options_listen_entries(options, &entries[SERVE_OPTIONS]);
    if (!sim_options(entries, "", "The daemon's API over a simulated host, until it is ended.",
                     &argc, &argv))
        return FALSE;
    if (argc > 1 || options->socket_path == NULL || options->state_dir == NULL ||
        !limits_hold(line) || (mode_name != NULL && !bl_mode_parse(mode_name, &options->mode))) {
        fputs("ballast-sim: serve: needs --socket and --state; 1 to 10000 guests, at most 1024 "
              "CPUs and a week of --warm; --mode is observe, advise or enforce\n",
              stderr);
        return FALSE;
    }
    bl_options_listen_fill(options);
    options->uri = g_strdup("simulated");
    options->policy_path = g_build_filename(options->state_dir, "policy.yaml", NULL);
    return TRUE;
}

static int serve(const Line *line)
{
    Serving serving = {0};
    g_autoptr(GError) error = NULL;
    guint guests = (guint)line->guests, cpus = (guint)line->cpus;
    serving.spec = line->scenario != NULL
                       ? spec_read(line->scenario, &error)
                       : crowd(cpus > 0 ? cpus : CLAMP(guests / 5, 2, 1024), guests);
    gboolean good = serving.spec != NULL &&
                    serving_open(&serving, line->options, line->warm * BL_USEC_PER_SEC, &error);
    if (good)
        serving_run(&serving);
    else
        fprintf(stderr, "ballast-sim: %s\n", error->message);
    if (serving.daemon == NULL)
        bl_options_free(line->options);
    serving_close(&serving);
    return good ? SIM_GOOD : SIM_BAD;
}

int sim_serve(int argc, char **argv)
{
    Line line = {.options = g_new0(BlOptions, 1), .guests = 20};
    line.options->mode = BL_MODE_ENFORCE;
    int result = SIM_USAGE;
    signal(SIGPIPE, SIG_IGN);
    bl_fd_limit_raise();
    if (line_parse(argc, argv, &line))
        result = serve(&line);
    else
        bl_options_free(line.options);
    g_free(line.scenario);
    return result;
}
