/* History: a row of the host and of each guest every two seconds, and what of it is asked for. */
#include <string.h>

#include "base/units.h"
#include "daemon/daemon.h"
#include "model/codec.h"
#include "model/history.h"

/* Without "since". */
#define SINCE_DEFAULT_SEC 1800

void bl_daemon_history_tick(BlDaemon *daemon)
{
    gint64 now = daemon->sample->wall_usec / BL_USEC_PER_SEC;
    gint64 time = now - now % BL_RINGS_STEP_SEC;
    BlHistoryRow row;
    if (daemon->rings == NULL || time == daemon->history_sec)
        return;
    daemon->history_sec = time;
    const BlView *view = bl_daemon_view(daemon);
    bl_history_row_of_host(view, &row);
    bl_rings_add(daemon->rings, BL_HOST_UUID, "host", time, &row);
    for (guint i = 0; i < view->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(view->domains, i);
        bl_history_row_of_domain(domain, &row);
        bl_rings_add(daemon->rings, domain->uuid, domain->name, time, &row);
    }
    bl_rings_turn(daemon->rings, time);
    g_autofree char *failure = bl_rings_take_failure(daemon->rings);
    daemon->metrics.tally.history_failures += failure != NULL;
    if (failure != NULL && !daemon->rings_failed)
        bl_daemon_log(BL_LOG_WARNING, "%s", failure);
    daemon->rings_failed = failure != NULL;
}

gboolean bl_daemon_history_open(BlDaemon *daemon, GError **error)
{
    g_autofree char *damaged = NULL;
    daemon->rings = bl_rings_open(daemon->options->state_dir, &damaged, error);
    if (damaged != NULL)
        bl_daemon_log(BL_LOG_WARNING, "%s", damaged);
    return daemon->rings != NULL;
}

/* What is asked for: the span in seconds and the step; FALSE with a problem. */
static gboolean span_read(const BlDaemon *daemon, const BlApiCall *call, gint64 *ret_since,
                          gint64 *ret_until, gint64 *ret_step, BlApiReply *ret_problem)
{
    gint64 now = daemon->sample->wall_usec / BL_USEC_PER_SEC;
    gint64 since = (now - SINCE_DEFAULT_SEC) * BL_USEC_PER_SEC;
    gint64 until = (now + BL_RINGS_STEP_SEC) * BL_USEC_PER_SEC, step = 0;
    if (!bl_daemon_query_time(call, "since", &since) ||
        !bl_daemon_query_time(call, "until", &until) || since < 0 || until < since) {
        *ret_problem = bl_api_problem(400, "Bad query",
                                      "\"since\" and \"until\" are times such as "
                                      "2026-01-31T12:00:00Z, one after the other");
        return FALSE;
    }
    *ret_since = since / BL_USEC_PER_SEC;
    *ret_until = (until + BL_USEC_PER_SEC - 1) / BL_USEC_PER_SEC;
    *ret_step = bl_rings_step_for(now, *ret_since);
    if (!bl_daemon_query_integer(call, "step", &step) || (step != 0 && !bl_rings_has_step(step))) {
        *ret_problem = bl_api_problem(400, "Bad query", "\"step\" is 2, 60 or 3600 seconds");
        return FALSE;
    }
    if (step != 0)
        *ret_step = step;
    return TRUE;
}

static BlApiReply history_failed(const GError *error)
{
    return bl_api_problem(500, "The history failed", "%s", error->message);
}

static BlApiReply series_get(BlDaemon *daemon, const BlApiCall *call, const char *uuid,
                             const char *name)
{
    BlHistoryKind kind = strcmp(uuid, BL_HOST_UUID) == 0 ? BL_HISTORY_HOST : BL_HISTORY_GUEST;
    gint64 since, until, step;
    BlApiReply problem;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(BlHistoryPoint));
    if (!span_read(daemon, call, &since, &until, &step, &problem))
        return problem;
    if (!bl_rings_read(daemon->rings, uuid, step, since, until, points, &error))
        return history_failed(error);
    json_t *rows = json_array();
    for (guint i = 0; i < points->len; i++)
        json_array_append_new(
            rows, bl_history_point_to_json(kind, &g_array_index(points, BlHistoryPoint, i)));
    return (BlApiReply){.status = 200,
                        .body =
                            json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "kind", "History",
                                      "name", name, "uuid", uuid, "step", (json_int_t)step, "from",
                                      bl_time_to_json(since * BL_USEC_PER_SEC), "to",
                                      bl_time_to_json(until * BL_USEC_PER_SEC), "columns",
                                      bl_history_columns_to_json(kind), "rows", rows)};
}

static BlApiReply host_get(const BlApiCall *call, gpointer user_data)
{
    return series_get(user_data, call, BL_HOST_UUID, "host");
}

/* Also of a guest that is gone. */
static BlApiReply vm_get(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    const BlDomainView *domain = bl_view_find(bl_daemon_view(daemon), call->argument);
    const char *name = domain != NULL ? domain->name : NULL;
    const char *uuid =
        domain != NULL ? domain->uuid : bl_rings_find(daemon->rings, call->argument, &name);
    if (uuid == NULL || strcmp(uuid, BL_HOST_UUID) == 0)
        return bl_api_problem(404, "No such guest",
                              "nothing is known of a guest with the name or UUID \"%s\" in the "
                              "last thirty days",
                              call->argument);
    return series_get(daemon, call, uuid, name);
}

/* --- all guests at one time ----------------------------------------------------------------------
 */

typedef struct {
    const BlView *view;
    json_t *items;
    gint64 time_sec;
} Moment;

static void moment_add(const char *uuid, const char *name, const BlHistoryPoint *point,
                       gpointer user_data)
{
    Moment *moment = user_data;
    json_t *figures = json_object(), *row = bl_history_point_to_json(BL_HISTORY_GUEST, point);
    for (guint i = 0; i < bl_history_column_count(BL_HISTORY_GUEST); i++)
        json_object_set(figures, bl_history_column(BL_HISTORY_GUEST, i)->name,
                        json_array_get(row, i + 1));
    json_decref(row);
    json_t *item = json_pack("{s:s, s:s, s:o}", "name", name, "uuid", uuid, "figures", figures);
    const BlDomainView *domain = bl_view_find(moment->view, uuid);
    if (domain != NULL) {
        json_object_set_new(item, "class", json_string(domain->class_name));
        json_object_set_new(item, "vcpus", json_integer(domain->vcpus));
    }
    json_array_append_new(moment->items, item);
    moment->time_sec = point->time_sec;
}

BlApiReply bl_daemon_vms_at(BlDaemon *daemon, gint64 wall_usec)
{
    gint64 now = daemon->sample->wall_usec / BL_USEC_PER_SEC, time = wall_usec / BL_USEC_PER_SEC;
    gint64 step = bl_rings_step_for(now, time);
    Moment moment = {.view = bl_daemon_view(daemon), .time_sec = time - time % step};
    g_autoptr(GError) error = NULL;
    moment.items = json_array();
    if (!bl_rings_read_at(daemon->rings, step, time, moment_add, &moment, &error)) {
        json_decref(moment.items);
        return history_failed(error);
    }
    return (BlApiReply){.status = 200,
                        .body =
                            json_pack("{s:s, s:o, s:b, s:I, s:o}", "kind", "VmList", "time",
                                      bl_time_to_json(moment.time_sec * BL_USEC_PER_SEC), "past",
                                      TRUE, "step", (json_int_t)step, "items", moment.items)};
}

void bl_daemon_history_handlers(BlApiConfig *config)
{
    config->handlers[BL_ROUTE_HISTORY] = host_get;
    config->handlers[BL_ROUTE_VM_HISTORY] = vm_get;
}
