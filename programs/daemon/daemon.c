/* ballastd: one libvirt host, observed and, when told so, kept within its policy.
 *
 * Every 100 ms: sample, engine, steps. The engine is called here and nowhere else in this program.
 */
#include <stdarg.h>
#include <stdio.h>

#include "daemon/daemon.h"
#include "model/codec.h"

/* A clean stop waits so long for everything to be given back. */
#define STOP_USEC (10 * G_USEC_PER_SEC)
/* And how long for balloons to arrive, which they do without the daemon: one that is known to have
 * arrived leaves nothing for the next run to wonder about. */
#define RETURN_USEC (5 * G_USEC_PER_SEC)
/* --restore waits so long for libvirt. */
#define RESTORE_USEC (30 * G_USEC_PER_SEC)
/* A tick that somebody asks for comes after so long, because more may be on its way. */
#define SOON_MSEC 5
/* The view is made anew at most so often, however many clients ask. */
#define VIEW_EVERY_USEC 50000

void bl_daemon_log(BlLogLevel level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    if (g_getenv("JOURNAL_STREAM") != NULL)
        fprintf(stderr, "<%d>%s\n", (int)level, text);
    else
        fprintf(stderr, "ballastd: %s\n", text);
}

const BlView *bl_daemon_view(BlDaemon *daemon)
{
    gint64 now = g_get_monotonic_time();
    if (daemon->view_usec == 0 || now - daemon->view_usec > VIEW_EVERY_USEC) {
        bl_engine_view(daemon->engine, daemon->policy, daemon->view);
        daemon->view_usec = now;
    }
    return daemon->view;
}

/* --- the tick ----------------------------------------------------------------------------------
 */

static void decision_log(const json_t *json, const BlDecision *decision)
{
    const char *sentence = json_string_value(json_object_get(json, "sentence"));
    BlLogLevel level =
        decision->state == BL_DECISION_FAILED || decision->state == BL_DECISION_CONFLICT
            ? BL_LOG_WARNING
            : BL_LOG_INFO;
    if (decision->state != BL_DECISION_PLANNED && decision->state != BL_DECISION_EFFECTIVE)
        bl_daemon_log(level, "[%" G_GUINT64_FORMAT "] %s: %s", decision->step.id,
                      bl_decision_state_name(decision->state), sentence);
}

static void decisions_publish(BlDaemon *daemon)
{
    for (guint i = 0; i < daemon->plan->decisions->len; i++) {
        const BlDecision *decision = &g_array_index(daemon->plan->decisions, BlDecision, i);
        json_t *json = bl_daemon_decision_json(decision);
        decision_log(json, decision);
        if (daemon->api != NULL)
            bl_api_server_publish(daemon->api, "decision", ++daemon->last_event, json);
        bl_store_put(daemon->store, decision, json);
        daemon->metrics.tally.decisions[decision->step.reason.rule][decision->state]++;
    }
    g_autofree char *failure = bl_store_take_failure(daemon->store);
    daemon->metrics.tally.store_failures += failure != NULL;
    if (failure != NULL && !daemon->store_failed)
        bl_daemon_log(BL_LOG_WARNING, "%s", failure);
    daemon->store_failed =
        failure != NULL || (daemon->store_failed && !daemon->plan->decisions->len);
}

static void tick_record(BlDaemon *daemon)
{
    g_autoptr(GError) error = NULL;
    bl_daemon_slices_tick(daemon);
    if (daemon->trace == NULL ||
        bl_trace_write_tick(daemon->trace, daemon->sample, daemon->plan, &error))
        return;
    bl_daemon_log(BL_LOG_WARNING, "%s; recording ends", error->message);
    g_clear_pointer(&daemon->trace, bl_trace_writer_close);
}

/* --restore: as soon as all domains are known, as if stopped; but not for ever. */
static void restore_check(BlDaemon *daemon, gint64 now_usec)
{
    if (daemon->inventory_complete) {
        bl_daemon_stop(daemon);
    } else if (now_usec > daemon->started_usec + RESTORE_USEC) {
        bl_daemon_log(BL_LOG_ERROR, "libvirt at \"%s\" did not answer; nothing was given back",
                      daemon->options->uri);
        daemon->exit_code = 1;
        g_main_loop_quit(daemon->loop);
    }
}

static gboolean stop_waits(const BlDaemon *daemon, guint left, gint64 now_usec)
{
    if (left == 0 && bl_engine_returns(daemon->engine) > 0)
        return now_usec < daemon->stop_until_usec - (STOP_USEC - RETURN_USEC);
    return left > 0 && now_usec < daemon->stop_until_usec;
}

static void stop_check(BlDaemon *daemon, gint64 now_usec)
{
    if (daemon->options->restore && daemon->stop_until_usec == 0)
        restore_check(daemon, now_usec);
    if (daemon->stop_until_usec == 0)
        return;
    guint left = bl_engine_holdings(daemon->engine);
    if (stop_waits(daemon, left, now_usec))
        return;
    if (left > 0) {
        bl_daemon_log(BL_LOG_WARNING,
                      "%u change(s) could not be given back; they are in the journal: start "
                      "ballastd again, or run ballastd --restore",
                      left);
        daemon->exit_code = 1;
    } else {
        bl_daemon_ksm_stopped(daemon);
    }
    g_main_loop_quit(daemon->loop);
}

void bl_daemon_tick(BlDaemon *daemon)
{
    gint64 now = g_get_monotonic_time();
    bl_daemon_link_check(daemon, now);
    bl_daemon_inventory_check(daemon, now);
    bl_daemon_memory_poll(daemon, now);
    bl_workers_check(daemon->workers, now);
    bl_daemon_sample(daemon, now);
    bl_admissions_update(daemon->admissions, daemon->sample);
    bl_daemon_policy_promises(daemon);
    bl_engine_step(daemon->engine, daemon->policy, daemon->sample, daemon->plan);
    if (bl_usage_is_due(daemon->usage, now))
        bl_usage_add(daemon->usage, bl_daemon_view(daemon));
    bl_daemon_steps(daemon, daemon->plan);
    bl_daemon_tick_done(daemon);
    bl_daemon_sizes_save(daemon, now, FALSE);
    bl_daemon_sizes_verify(daemon, now);
    stop_check(daemon, now);
    bl_metrics_tally_tick(&daemon->metrics.tally, g_get_monotonic_time() - now);
}

void bl_daemon_tick_done(BlDaemon *daemon)
{
    tick_record(daemon);
    decisions_publish(daemon);
    bl_daemon_history_tick(daemon);
    bl_daemon_notes_tick(daemon);
}

static gboolean on_soon(gpointer data)
{
    BlDaemon *daemon = data;
    g_clear_pointer(&daemon->soon, g_source_unref);
    bl_daemon_tick(daemon);
    return G_SOURCE_REMOVE;
}

void bl_daemon_tick_soon(BlDaemon *daemon)
{
    if (daemon->soon != NULL || daemon->sources == NULL)
        return;
    daemon->soon = g_timeout_source_new(SOON_MSEC);
    g_source_set_priority(daemon->soon, G_PRIORITY_HIGH);
    g_source_set_callback(daemon->soon, on_soon, daemon, NULL);
    g_source_attach(daemon->soon, daemon->context);
}

void bl_daemon_stop(BlDaemon *daemon)
{
    if (daemon->options->keep) {
        g_main_loop_quit(daemon->loop);
        return;
    }
    BlRequest request = {.kind = BL_REQUEST_RELEASE};
    g_array_append_val(daemon->requests, request);
    daemon->stop_until_usec = g_get_monotonic_time() + STOP_USEC;
}
