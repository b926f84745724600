/* The head of every screen: which host, which moment, how its boundaries stand, who suffers, what
 * Ballast did last. Health at a glance. See screen.h. */
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "client/figure-text.h"
#include "model/field.h"
#include "top/screen.h"

#define LABEL_WIDTH 8
#define STATE_WIDTH 10

static void label_put(BlGrid *grid, int y, const char *label)
{
    bl_grid_put(grid, y, 0, BL_STYLE_QUIET, label);
}

/* One fact behind the other, as many as fit as a whole. Takes over the text. */
static int fact_put(BlGrid *grid, int y, int x, BlStyle style, char *text)
{
    int start = x > LABEL_WIDTH + STATE_WIDTH ? x + 2 : x;
    if (start + bl_text_width(text) <= grid->width) {
        if (start > x)
            bl_grid_put(grid, y, x, BL_STYLE_PLAIN, ";");
        x = bl_grid_put(grid, y, start, style, text);
    }
    g_free(text);
    return x;
}

/* "2026-01-31 12:00:05Z" */
static char *clock_text(gint64 wall_usec)
{
    if (wall_usec == 0)
        return g_strdup("-");
    g_autoptr(GString) text = g_string_new(NULL);
    bl_time_append(text, wall_usec);
    g_string_truncate(text, strlen("2026-01-31T12:00:05"));
    return g_strdup_printf("%.10s %sZ", text->str, text->str + strlen("2026-01-31T"));
}

static char *motion_text(const BlTop *top)
{
    g_autoptr(GString) every = g_string_new(NULL);
    bl_usec_append(every, top->interval_usec);
    if (top->trouble != NULL)
        return g_strdup("NO NEW FIGURES");
    if (top->shot != NULL && top->shot->facts.end)
        return g_strdup("END OF TRACE");
    if (top->past)
        return g_strdup_printf("%s, step %s", top->trace ? "STANDS" : "PAST", every->str);
    if (top->paused)
        return g_strdup("STANDS");
    return g_strdup_printf("every %s", every->str);
}

static void title_draw(const BlTop *top, BlGrid *grid)
{
    const json_t *status = top->shot != NULL ? top->shot->facts.status : NULL;
    const char *host = bl_text_of(status, "host"), *mode = bl_text_of(status, "mode");
    g_autofree char *clock = clock_text(top->shot != NULL ? top->shot->wall_usec : 0);
    g_autofree char *motion = motion_text(top);
    BlField all = {.width = grid->width};
    BlField right = {.x = grid->width - bl_text_width(motion) - 1,
                     .width = bl_text_width(motion) + 1,
                     .right = TRUE};
    g_autofree char *tail = g_strdup_printf(
        "  %s  %s%s%s", clock, mode != NULL ? mode : "-",
        json_is_true(json_object_get(status, "frozen")) ? ", FROZEN" : "",
        json_is_true(json_object_get(status, "releasing")) ? ", giving all back" : "");
    const char *label = top->trace ? "trace " : "top ";
    BlField name = {.x = bl_text_width(label)};
    name.width =
        MIN(bl_text_width(host != NULL ? host : top->name), right.x - name.x - bl_text_width(tail));
    bl_grid_put_field(grid, &all, BL_STYLE_TITLE, "");
    bl_grid_put(grid, 0, 0, BL_STYLE_TITLE, label);
    bl_grid_put_field(grid, &name, BL_STYLE_TITLE, host != NULL ? host : top->name);
    bl_grid_put(grid, 0, name.x + MAX(name.width, 0), BL_STYLE_TITLE, tail);
    bl_grid_put_field(grid, &right, BL_STYLE_TITLE, motion);
}

static double ready_of(const BlTopGuest *guest)
{
    const json_t *value = json_object_get(json_object_get(guest->json, "figures"),
                                          bl_field_info(BL_SCOPE_FIGURE, BL_FIGURE_READY)->name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void cpu_draw(const BlTop *top, BlGrid *grid, int y)
{
    const json_t *cpu = json_object_get(top->shot->facts.status, "cpu");
    const json_t *boundary = json_object_get(cpu, "readyBoundary");
    const json_t *cpus = json_object_get(cpu, "cpus"), *vcpus = json_object_get(cpu, "vcpus");
    guint waiting = 0, known = 0;
    for (guint i = 0; i < top->shot->guests->len; i++) {
        double ready = ready_of(&g_array_index(top->shot->guests, BlTopGuest, i));
        known += !isnan(ready);
        waiting += ready > json_number_value(boundary);
    }
    gboolean unknown = !json_is_number(boundary) || known == 0;
    g_autofree char *limit = bl_percent_text(boundary);
    g_autofree char *busy = bl_percent_text(json_object_get(cpu, "busy"));
    g_autofree char *pressure = bl_percent_text(json_object_get(cpu, "pressure"));
    g_autofree char *host = json_is_number(cpus) ? g_strdup_printf("%s of %lld CPUs busy", busy,
                                                                   json_integer_value(cpus))
                                                 : g_strdup_printf("%s of the CPUs busy", busy);
    g_autofree char *guests = bl_number_text(vcpus);
    double ratio =
        json_number_value(cpus) > 0 ? json_number_value(vcpus) / json_number_value(cpus) : 0;
    bl_grid_put(grid, y, LABEL_WIDTH, !unknown && waiting > 0 ? BL_STYLE_ALARM : BL_STYLE_PLAIN,
                unknown       ? "-"
                : waiting > 0 ? "CONTENDED"
                              : "clear");
    int x = LABEL_WIDTH + STATE_WIDTH;
    if (!unknown)
        x = fact_put(grid, y, x, BL_STYLE_PLAIN,
                     g_strdup_printf("%u of %u wait > %s", waiting, top->shot->guests->len, limit));
    x = fact_put(grid, y, x, BL_STYLE_PLAIN, g_steal_pointer(&host));
    if (ratio > 0)
        x = fact_put(grid, y, x, BL_STYLE_PLAIN,
                     g_strdup_printf("%s vCPUs, %.2f per CPU", guests, ratio));
    fact_put(grid, y, x, BL_STYLE_PLAIN, g_strdup_printf("pressure %s", pressure));
}

static void memory_draw(const BlTop *top, BlGrid *grid, int y)
{
    const json_t *memory = json_object_get(top->shot->facts.status, "memory");
    const json_t *capacity = json_object_get(memory, "capacity"),
                 *used = json_object_get(memory, "used");
    const char *state = bl_text_of(memory, "state");
    gboolean unknown = state == NULL || g_str_equal(state, "unknown");
    gboolean good = unknown || g_str_equal(state, "clear");
    g_autofree char *used_text = bl_bytes_text(used), *capacity_text = bl_bytes_text(capacity);
    g_autofree char *taken = bl_bytes_text(json_object_get(memory, "taken"));
    g_autofree char *upper = unknown ? g_strdup("-") : g_ascii_strup(state, -1);
    bl_grid_put(grid, y, LABEL_WIDTH, good ? BL_STYLE_PLAIN : BL_STYLE_ALARM,
                good && !unknown ? state : upper);
    const json_t *lacking = json_object_get(memory, "short");
    const json_t *saved =
        json_object_get(json_object_get(top->shot->facts.status, "sharing"), "saved");
    g_autofree char *missing = bl_bytes_text(lacking), *shared = bl_bytes_text(saved);
    int x = LABEL_WIDTH + STATE_WIDTH;
    x = fact_put(grid, y, x, BL_STYLE_PLAIN,
                 json_is_number(used) || json_is_number(capacity)
                     ? g_strdup_printf("%s of %s used", used_text, capacity_text)
                     : g_strdup("use not known"));
    if (json_integer_value(lacking) > 0)
        x = fact_put(grid, y, x, BL_STYLE_ALARM, g_strdup_printf("SHORT of %s", missing));
    x = fact_put(grid, y, x, BL_STYLE_PLAIN, g_strdup_printf("balloons hold %s", taken));
    if (json_integer_value(saved) > 0)
        fact_put(grid, y, x, BL_STYLE_PLAIN, g_strdup_printf("sharing saves %s", shared));
}

static int worse(gconstpointer left, gconstpointer right)
{
    const BlTopGuest *a = *(const BlTopGuest *const *)left, *b = *(const BlTopGuest *const *)right;
    double ready_a = ready_of(a), ready_b = ready_of(b);
    if (ready_a != ready_b && !isnan(ready_a) && !isnan(ready_b))
        return ready_a > ready_b ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* Who suffers most stands first; as many as fit beside "and N more". */
static void suffer_draw(const BlTop *top, BlGrid *grid, int y)
{
    const json_t *status = top->shot->facts.status;
    if (top->shot->facts.past) {
        /* A history has no objectives: how many missed theirs, but not who. */
        g_autofree char *number = bl_number_text(json_object_get(status, "suffering"));
        bl_grid_put(grid, y, LABEL_WIDTH, BL_STYLE_PLAIN, number);
        bl_grid_put(grid, y, LABEL_WIDTH + STATE_WIDTH, BL_STYLE_PLAIN,
                    json_integer_value(json_object_get(status, "suffering")) > 0
                        ? "missed their objectives; who is not recorded"
                        : "");
        return;
    }
    g_autoptr(GPtrArray) suffering = g_ptr_array_new();
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < top->shot->guests->len; i++) {
        BlTopGuest *guest = &g_array_index(top->shot->guests, BlTopGuest, i);
        if (guest->suffers)
            g_ptr_array_add(suffering, guest);
    }
    g_ptr_array_sort(suffering, worse);
    guint told = 0;
    for (; told < suffering->len && text->len <= (gsize)MAX(grid->width - 60, 16); told++) {
        const BlTopGuest *guest = g_ptr_array_index(suffering, told);
        g_autofree char *objective = bl_percent_text(json_object_get(guest->json, "objective"));
        g_string_append_printf(text, "%s%s waits %.4g %% (may %s)", told > 0 ? "; " : "",
                               guest->name, ready_of(guest) * 100, objective);
    }
    if (suffering->len > told)
        g_string_append_printf(text, "; and %u more", suffering->len - told);
    bl_grid_print(grid, y, LABEL_WIDTH, suffering->len > 0 ? BL_STYLE_ALARM : BL_STYLE_PLAIN, "%u",
                  suffering->len);
    bl_grid_put(grid, y, LABEL_WIDTH + STATE_WIDTH, BL_STYLE_PLAIN,
                suffering->len > 0 ? text->str
                : status != NULL   ? "every guest with an objective meets it"
                                   : "-");
}

/* Short, so that what was done is not cut off: the log has the sentences. */
static void last_draw(const BlTop *top, BlGrid *grid, int y)
{
    const json_t *status = top->shot->facts.status;
    gint64 changes = json_integer_value(json_object_get(status, "changesInForce"));
    gint64 proposals = json_integer_value(json_object_get(status, "proposals"));
    g_autoptr(GString) text = g_string_new(NULL);
    if (status != NULL)
        bl_grid_print(grid, y, LABEL_WIDTH, BL_STYLE_PLAIN, "%" G_GINT64_FORMAT " held", changes);
    if (top->shot->decisions->len == 0) {
        g_string_append(text, "nothing was decided yet");
    } else {
        const json_t *decision = g_ptr_array_index(top->shot->decisions, 0);
        const json_t *action = json_object_get(decision, "action");
        const char *field = bl_text_of(action, "field"), *time = bl_text_of(decision, "time");
        const char *target = bl_text_of(decision, "target"), *state = bl_text_of(decision, "state");
        const char *victim = bl_text_of(decision, "victim");
        g_autofree char *from =
            bl_control_text(field != NULL ? field : "", json_object_get(action, "from"));
        g_autofree char *to =
            bl_control_text(field != NULL ? field : "", json_object_get(action, "to"));
        g_string_append_printf(text, "%.8s %s: %s %s to %s, %s%s%s",
                               time != NULL && strlen(time) > 19 ? time + 11 : "-",
                               target != NULL ? target : "-", field != NULL ? field : "-", from, to,
                               state != NULL ? state : "-", victim != NULL ? ", for " : "",
                               victim != NULL ? victim : "");
    }
    int x = LABEL_WIDTH + STATE_WIDTH;
    if (proposals > 0)
        x = bl_grid_print(grid, y, x, BL_STYLE_WARN, "%" G_GINT64_FORMAT " PROPOSED", proposals);
    if (proposals > 0)
        x = bl_grid_put(grid, y, x, BL_STYLE_PLAIN, "; ");
    bl_grid_put(grid, y, x, BL_STYLE_PLAIN, text->str);
}

void bl_header_draw(const BlTop *top, BlGrid *grid)
{
    title_draw(top, grid);
    label_put(grid, 1, "cpu");
    label_put(grid, 2, "memory");
    label_put(grid, 3, "suffer");
    label_put(grid, 4, "changes");
    if (top->shot == NULL)
        return;
    cpu_draw(top, grid, 1);
    memory_draw(top, grid, 2);
    suffer_draw(top, grid, 3);
    last_draw(top, grid, 4);
}
