/* What is known at one instant: see shot.h. */
#include "top/shot.h"

#include <math.h>
#include <string.h>

#include "base/units.h"
#include "client/figure-text.h"

static const json_t *part_of(const BlTopColumn *column, const json_t *guest, const json_t *thread)
{
    if (thread != NULL)
        return column->threads ? json_object_get(thread, "figures") : NULL;
    if (column->part == BL_PART_FIGURES)
        return json_object_get(guest, "figures");
    if (column->part == BL_PART_MEMORY)
        return json_object_get(guest, "memory");
    return column->part == BL_PART_CONTROLS ? json_object_get(guest, "controls") : guest;
}

static const json_t *value_of(const BlTopColumn *column, const json_t *guest, const json_t *thread)
{
    const char *key = bl_top_column_key(column);
    const json_t *part = part_of(column, guest, thread);
    if (part != NULL || thread != NULL)
        return key != NULL ? json_object_get(part, key) : NULL;
    if (column->part != BL_PART_MEMORY && column->part != BL_PART_CONTROLS)
        return NULL;
    /* A history has everything among the figures, and does not tell "none" from unknown. */
    const json_t *value = json_object_get(json_object_get(guest, "figures"),
                                          bl_field_info(BL_SCOPE_DOMAIN, column->field)->name);
    return json_is_null(value) ? NULL : value;
}

double bl_top_value_number(const BlTopColumn *column, const json_t *guest, const json_t *thread)
{
    const json_t *value = value_of(column, guest, thread);
    /* null in a control is "none" or "all", elsewhere unknown. */
    if (column->part == BL_PART_CONTROLS && json_is_null(value))
        return INFINITY;
    if (!json_is_number(value))
        return NAN;
    double number = json_number_value(value);
    if (column->show == BL_TOP_PERCENT)
        return number * 100;
    if (column->show == BL_TOP_MIB || column->show == BL_TOP_MIB_RATE)
        return number / (double)BL_MIB;
    if (column->show == BL_TOP_MSEC)
        return number * 1000;
    return number;
}

char *bl_top_value_text(const BlTopColumn *column, const json_t *guest, const json_t *thread)
{
    if (column->part == BL_PART_NOTE)
        return thread == NULL ? bl_vm_note(guest) : g_strdup("");
    if (thread != NULL && !column->threads)
        return g_strdup("");
    const json_t *value = value_of(column, guest, thread);
    if (column->show == BL_TOP_CONTROL)
        return bl_control_text(bl_top_column_key(column), value);
    if (column->show == BL_TOP_TEXT) {
        const char *text = json_string_value(value);
        return g_strdup(text != NULL ? text : column->width == 0 ? "" : "-");
    }
    double number = bl_top_value_number(column, guest, thread);
    if (isnan(number))
        return g_strdup("-");
    if (isinf(number))
        return g_strdup("none");
    gboolean decimals = column->show == BL_TOP_PERCENT || column->show == BL_TOP_MIB_RATE ||
                        column->show == BL_TOP_MSEC;
    return g_strdup_printf("%.*f", decimals ? 2 : 0, number);
}

char *bl_top_thread_name(const json_t *thread)
{
    const char *role = bl_text_of(thread, "role");
    return g_strdup_printf("%s %d", role != NULL ? role : "-",
                           (int)json_integer_value(json_object_get(thread, "index")));
}

gint64 bl_top_time_parse(const char *text)
{
    gint64 wall_usec = 0;
    return text != NULL && bl_time_parse(text, &wall_usec) ? wall_usec : 0;
}

static const char *text_or(const json_t *object, const char *key, const char *otherwise)
{
    const char *text = bl_text_of(object, key);
    return text != NULL ? text : otherwise;
}

static void guest_add(BlTopShot *shot, const json_t *json)
{
    BlTopGuest guest = {.json = json,
                        .name = text_or(json, "name", "-"),
                        .uuid = text_or(json, "uuid", ""),
                        .class_name = text_or(json, "class", "-"),
                        .threads = json_object_get(json, "threads"),
                        .suffers = json_is_true(json_object_get(json, "suffers")),
                        .stale = json_is_true(json_object_get(json, "stale")),
                        .changed = json_integer_value(json_object_get(json, "changesInForce")) > 0};
    guint count;
    const BlTopColumn *columns = bl_top_columns(&count);
    guest.n_threads = (guint)json_array_size(guest.threads);
    for (guint i = 0; i < count; i++)
        guest.values[i] = bl_top_column_is_number(&columns[i])
                              ? bl_top_value_number(&columns[i], json, NULL)
                              : NAN;
    g_array_append_val(shot->guests, guest);
}

/* --- who ran while guests waited ---------------------------------------------------------------
 */

static char *culprit_key(const json_t *culprit)
{
    if (json_is_true(json_object_get(culprit, "self")))
        return g_strdup("self");
    const char *uuid = text_or(culprit, "uuid", "");
    return uuid[0] != '\0'
               ? g_strdup(uuid)
               : g_strconcat(text_or(culprit, "kind", ""), " ", text_or(culprit, "name", ""), NULL);
}

static double seconds_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static int culprit_order(gconstpointer left, gconstpointer right)
{
    const BlTopCulprit *a = left, *b = right;
    if (a->seconds != b->seconds)
        return a->seconds > b->seconds ? -1 : 1;
    return strcmp(a->key, b->key);
}

/* All culprits of all victims, with the time that they cost; `places` then tells where each stands.
 */
static void culprits_collect(BlTopShot *shot, const json_t *items, GHashTable *places)
{
    size_t i, j;
    json_t *victim, *json;
    json_array_foreach(items, i, victim)
    {
        json_array_foreach(json_object_get(victim, "culprits"), j, json)
        {
            g_autofree char *key = culprit_key(json);
            const char *name = bl_culprit_text(json);
            gpointer place;
            double seconds = seconds_of(json, "waited");
            if (isnan(seconds))
                continue;
            if (g_hash_table_lookup_extended(places, key, NULL, &place)) {
                g_array_index(shot->culprits, BlTopCulprit, GPOINTER_TO_UINT(place)).seconds +=
                    seconds;
                continue;
            }
            BlTopCulprit culprit = {g_strdup(key), name != NULL ? name : "-", seconds};
            g_hash_table_insert(places, culprit.key, GUINT_TO_POINTER(shot->culprits->len));
            g_array_append_val(shot->culprits, culprit);
        }
    }
    g_array_sort(shot->culprits, culprit_order);
    for (guint k = 0; k < shot->culprits->len; k++)
        g_hash_table_insert(places, g_array_index(shot->culprits, BlTopCulprit, k).key,
                            GUINT_TO_POINTER(k));
}

static void victim_add(BlTopShot *shot, const json_t *json, GHashTable *places)
{
    guint columns = MIN(shot->culprits->len, BL_TOP_CULPRITS_MAX);
    BlTopVictim victim = {.json = json,
                          .name = text_or(json, "name", "-"),
                          .uuid = text_or(json, "uuid", ""),
                          .class_name = text_or(json, "class", "-"),
                          .waited = seconds_of(json, "waited"),
                          .window = seconds_of(json, "window")};
    if (!(victim.waited > 0))
        return;
    victim.seconds = g_new0(double, MAX(columns, 1));
    size_t i;
    json_t *culprit;
    json_array_foreach(json_object_get(json, "culprits"), i, culprit)
    {
        g_autofree char *key = culprit_key(culprit);
        double seconds = seconds_of(culprit, "waited");
        guint place = GPOINTER_TO_UINT(g_hash_table_lookup(places, key));
        if (columns > 0 && !isnan(seconds))
            victim.seconds[MIN(place, columns - 1)] += seconds;
    }
    g_array_append_val(shot->victims, victim);
}

static int victim_order(gconstpointer left, gconstpointer right)
{
    const BlTopVictim *a = left, *b = right;
    if (a->waited != b->waited)
        return a->waited > b->waited ? -1 : 1;
    return strcmp(a->uuid, b->uuid);
}

static void blame_take(BlTopShot *shot, const json_t *blame)
{
    const json_t *items = json_object_get(blame, "items");
    g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
    size_t i;
    json_t *victim;
    culprits_collect(shot, items, places);
    json_array_foreach(items, i, victim) victim_add(shot, victim, places);
    g_array_sort(shot->victims, victim_order);
    if (shot->culprits->len > BL_TOP_CULPRITS_MAX) {
        g_array_index(shot->culprits, BlTopCulprit, BL_TOP_CULPRITS_MAX - 1).name = "(the rest)";
        g_array_set_size(shot->culprits, BL_TOP_CULPRITS_MAX);
    }
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static void culprit_clear(gpointer data)
{
    g_free(((BlTopCulprit *)data)->key);
}

static void victim_clear(gpointer data)
{
    g_free(((BlTopVictim *)data)->seconds);
}

BlTopShot *bl_top_shot_new(const BlTopFacts *facts)
{
    BlTopShot *shot = g_new0(BlTopShot, 1);
    size_t i;
    json_t *item;
    shot->facts = *facts;
    shot->guests = g_array_new(FALSE, TRUE, sizeof(BlTopGuest));
    shot->culprits = g_array_new(FALSE, TRUE, sizeof(BlTopCulprit));
    shot->victims = g_array_new(FALSE, TRUE, sizeof(BlTopVictim));
    shot->decisions = g_ptr_array_new();
    g_array_set_clear_func(shot->culprits, culprit_clear);
    g_array_set_clear_func(shot->victims, victim_clear);
    shot->wall_usec = bl_top_time_parse(bl_text_of(facts->vms, "time"));
    json_array_foreach(json_object_get(facts->vms, "items"), i, item) guest_add(shot, item);
    blame_take(shot, facts->blame);
    const json_t *decisions = json_object_get(facts->decisions, "items");
    for (i = json_array_size(decisions); i > 0; i--)
        g_ptr_array_add(shot->decisions, json_array_get(decisions, i - 1));
    const char *policy = bl_text_of(facts->policy, "effective");
    if (policy != NULL)
        shot->policy = g_strsplit(policy, "\n", -1);
    return shot;
}

void bl_top_shot_free(BlTopShot *shot)
{
    if (shot == NULL)
        return;
    g_array_unref(shot->guests);
    g_array_unref(shot->culprits);
    g_array_unref(shot->victims);
    g_ptr_array_unref(shot->decisions);
    g_strfreev(shot->policy);
    json_decref(shot->facts.status);
    json_decref(shot->facts.vms);
    json_decref(shot->facts.blame);
    json_decref(shot->facts.decisions);
    json_decref(shot->facts.policy);
    g_free(shot);
}
