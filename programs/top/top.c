/* What keys and answers do: see top.h. */
#include "top/top.h"

#include <math.h>
#include <string.h>

#include "base/units.h"
#include "top/panel.h"

BlTop *bl_top_new(const char *name, gboolean trace, gint64 interval_usec)
{
    BlTop *top = g_new0(BlTop, 1);
    guint count;
    const BlTopColumn *columns = bl_top_columns(&count);
    top->name = g_strdup(name);
    top->trace = trace;
    top->interval_usec = interval_usec;
    top->expanded = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    top->lines = g_array_new(FALSE, TRUE, sizeof(BlTopLine));
    top->input = g_string_new(NULL);
    top->page = 1;
    g_queue_init(&top->asks);
    for (guint p = 0; p < BL_PANELS; p++) {
        BlTopPlace *place = &top->places[p];
        /* By the panel's first figure, which is contention. */
        place->column = bl_top_panel_is_guests(p) ? BL_TOP_FIXED_COLUMNS : 0;
        for (guint i = 0; i < count; i++) {
            gboolean mine = (columns[i].panels >> p) & 1u;
            if (mine && columns[i].hidden)
                place->hidden |= 1ull << i;
            if (mine && place->sort == 0 && i >= BL_TOP_FIXED_COLUMNS)
                place->sort = i;
        }
    }
    return top;
}

void bl_top_free(BlTop *top)
{
    if (top == NULL)
        return;
    BlTopAsk *ask;
    while ((ask = g_queue_pop_head(&top->asks)) != NULL)
        bl_top_ask_free(ask);
    for (guint p = 0; p < BL_PANELS; p++)
        g_free(top->places[p].key);
    bl_top_shot_free(top->shot);
    bl_top_ask_free(top->confirmed);
    g_hash_table_unref(top->expanded);
    g_array_unref(top->lines);
    g_string_free(top->input, TRUE);
    g_free(top->name);
    g_free(top->filter);
    g_free(top->filter_before);
    g_free(top->over_title);
    g_free(top->over_text);
    g_free(top->message);
    g_free(top->trouble);
    g_free(top);
}

BlTopPlace *bl_top_place(BlTop *top)
{
    return &top->places[top->panel];
}

void bl_top_say(BlTop *top, gboolean is_error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_free(top->message);
    top->message = g_strdup_vprintf(format, arguments);
    top->is_error = is_error;
    va_end(arguments);
}

gboolean bl_top_is_live(const BlTop *top)
{
    return !top->paused && (top->shot == NULL || !top->shot->facts.end);
}

BlTopAsk *bl_top_next_ask(BlTop *top)
{
    return g_queue_pop_head(&top->asks);
}

void bl_top_ask_shot(BlTop *top, BlTopWhen when, gint64 wall_usec)
{
    BlTopAsk *ask = bl_top_ask_new(BL_ASK_SHOT, NULL);
    ask->when = when;
    ask->wall_usec = wall_usec;
    ask->interval_usec = top->interval_usec;
    ask->blame = top->panel == BL_PANEL_BLAME;
    ask->policy = top->panel == BL_PANEL_POLICY;
    g_queue_push_tail(&top->asks, ask);
}

/* The same moment again, with what another panel needs. */
static void ask_again(BlTop *top)
{
    gboolean lacks =
        top->shot != NULL && ((top->panel == BL_PANEL_BLAME && top->shot->facts.blame == NULL) ||
                              (top->panel == BL_PANEL_POLICY && top->shot->policy == NULL));
    if (!lacks)
        return;
    if (top->trace || top->past)
        bl_top_ask_shot(top, BL_WHEN_AT, top->shot->wall_usec);
    else
        bl_top_ask_shot(top, BL_WHEN_NEXT, 0);
}

guint bl_top_shown_columns(const BlTop *top, guint *ret_columns)
{
    guint count, n = 0;
    const BlTopColumn *columns = bl_top_columns(&count);
    for (guint i = 0; i < count; i++) {
        gboolean mine = (columns[i].panels >> top->panel) & 1u;
        if (mine && ((top->places[top->panel].hidden >> i) & 1u) == 0)
            ret_columns[n++] = i;
    }
    return n;
}

const BlTopLine *bl_top_line(const BlTop *top)
{
    guint cursor = top->places[top->panel].cursor;
    return cursor < top->lines->len ? &g_array_index(top->lines, BlTopLine, cursor) : NULL;
}

gboolean bl_top_filter_takes(const BlTop *top, const char *name, const char *class_name)
{
    if (top->filter == NULL)
        return TRUE;
    g_autofree char *wanted = g_utf8_casefold(top->filter, -1);
    g_autofree char *in_name = g_utf8_casefold(name, -1);
    g_autofree char *in_class = g_utf8_casefold(class_name, -1);
    return strstr(in_name, wanted) != NULL || strstr(in_class, wanted) != NULL;
}

/* --- lines and the cursor ----------------------------------------------------------------------
 */

static void key_remember(BlTop *top)
{
    const BlTopPanel *panel = bl_top_panel_of(top->panel);
    const BlTopLine *line = bl_top_line(top);
    BlTopPlace *place = bl_top_place(top);
    if (panel->key == NULL || line == NULL)
        return;
    g_free(place->key);
    place->key = panel->key(top, line);
}

/* Lines of the panel made anew; the cursor stays with what it was on, wherever that is now. */
void bl_top_rebuild(BlTop *top)
{
    const BlTopPanel *panel = bl_top_panel_of(top->panel);
    BlTopPlace *place = bl_top_place(top);
    g_array_set_size(top->lines, 0);
    if (top->shot != NULL)
        panel->build(top);
    for (guint i = 0; panel->key != NULL && place->key != NULL && i < top->lines->len; i++) {
        g_autofree char *key = panel->key(top, &g_array_index(top->lines, BlTopLine, i));
        if (strcmp(key, place->key) == 0) {
            place->cursor = i;
            break;
        }
    }
    place->cursor = MIN(place->cursor, MAX(top->lines->len, 1) - 1);
    key_remember(top);
}

static void move(BlTop *top, gint64 by)
{
    BlTopPlace *place = bl_top_place(top);
    gint64 last = (gint64)MAX(top->lines->len, 1) - 1;
    place->cursor = (guint)CLAMP((gint64)place->cursor + by, 0, last);
    key_remember(top);
}

static void move_column(BlTop *top, int by)
{
    BlTopPlace *place = bl_top_place(top);
    guint count = bl_top_panel_of(top->panel)->columns(top);
    place->column = (guint)CLAMP((gint64)place->column + by, 0, (gint64)MAX(count, 1) - 1);
}

static void panel_choose(BlTop *top, gunichar key)
{
    BlPanelId panel;
    if (!bl_top_panel_find(key, &panel))
        return;
    top->panel = panel;
    bl_top_rebuild(top);
    move_column(top, 0);
    ask_again(top);
}

static void expand(BlTop *top)
{
    const BlTopLine *line = bl_top_line(top);
    if (top->panel != BL_PANEL_CPU || line == NULL)
        return;
    const BlTopGuest *guest = &g_array_index(top->shot->guests, BlTopGuest, line->item);
    if (!g_hash_table_remove(top->expanded, guest->uuid)) {
        if (guest->n_threads == 0)
            bl_top_say(top, FALSE, "nothing is known of the threads of \"%s\"", guest->name);
        g_hash_table_add(top->expanded, g_strdup(guest->uuid));
    } else if (line->thread >= 0) {
        /* What the cursor was on is gone: to its guest. */
        g_free(bl_top_place(top)->key);
        bl_top_place(top)->key = g_strdup(guest->uuid);
    }
    bl_top_rebuild(top);
}

/* --- sorting -----------------------------------------------------------------------------------
 */

static gboolean is_guests(const BlTop *top)
{
    return bl_top_panel_is_guests(top->panel);
}

static void sort_by(BlTop *top, guint column)
{
    guint count;
    const BlTopColumn *info = &bl_top_columns(&count)[column];
    BlTopPlace *place = bl_top_place(top);
    place->ascending = place->sort == column ? !place->ascending : !bl_top_column_is_number(info);
    place->sort = column;
    bl_top_rebuild(top);
    bl_top_say(top, FALSE, "sorted by %s, %s first", bl_top_column_head(info),
               bl_top_column_is_number(info) ? place->ascending ? "smallest" : "largest"
               : place->ascending            ? "A"
                                             : "Z");
}

static void sort_chosen(BlTop *top)
{
    guint shown[BL_TOP_COLUMNS_MAX];
    guint n = bl_top_shown_columns(top, shown), column = bl_top_place(top)->column;
    if (is_guests(top) && column < n)
        sort_by(top, shown[column]);
    else
        bl_top_say(top, FALSE, "this panel has an order of its own");
}

/* A letter that esxtop sorts by; FALSE: it is none. */
static gboolean sort_letter(BlTop *top, gunichar key)
{
    guint count;
    const BlTopColumn *columns = bl_top_columns(&count);
    for (guint i = 0; is_guests(top) && i < count; i++) {
        if (((columns[i].panels >> top->panel) & 1u) != 0 && columns[i].sort_key != 0 &&
            (gunichar)columns[i].sort_key == key) {
            sort_by(top, i);
            return TRUE;
        }
    }
    return FALSE;
}

/* --- time --------------------------------------------------------------------------------------
 */

static void time_step(BlTop *top, int direction)
{
    if (top->shot == NULL || top->shot->wall_usec == 0) {
        bl_top_say(top, TRUE, "the time of what is shown is not known");
        return;
    }
    /* The further back, the further apart are the rows of a history. */
    gint64 step = json_integer_value(json_object_get(top->shot->facts.vms, "step"));
    step = MAX(step * BL_USEC_PER_SEC, top->interval_usec);
    bl_top_ask_shot(top, BL_WHEN_AT, top->shot->wall_usec + direction * step);
}

static void pause_toggle(BlTop *top)
{
    top->paused = !top->paused;
    if (top->paused)
        return;
    top->past = FALSE;
    bl_top_ask_shot(top, BL_WHEN_NEXT, 0);
}

/* --- keys --------------------------------------------------------------------------------------
 */

/* Keys that move the cursor, of a panel or a text: by how many lines; 0: it is none. */
static gint64 lines_of(BlTopAct act, guint page, guint position, guint count)
{
    switch (act) {
    case BL_ACT_UP:
        return -1;
    case BL_ACT_DOWN:
        return 1;
    case BL_ACT_PAGE_UP:
        return -(gint64)page;
    case BL_ACT_PAGE_DOWN:
        return page;
    case BL_ACT_FIRST:
        return -(gint64)position - 1;
    case BL_ACT_LAST:
        return (gint64)count + 1;
    default:
        return 0;
    }
}

static void act(BlTop *top, const BlTopKey *key, gunichar character)
{
    switch (key->act) {
    case BL_ACT_PANEL:
        panel_choose(top, character);
        break;
    case BL_ACT_LEFT:
        move_column(top, -1);
        break;
    case BL_ACT_RIGHT:
        move_column(top, 1);
        break;
    case BL_ACT_EXPAND:
        expand(top);
        break;
    case BL_ACT_SORT:
        sort_chosen(top);
        break;
    case BL_ACT_FILTER:
        bl_top_prompt_open(top, BL_PROMPT_FILTER);
        break;
    case BL_ACT_FIELDS:
        if (is_guests(top))
            top->over = BL_OVER_FIELDS;
        else
            bl_top_say(top, FALSE, "the columns of this panel are fixed");
        break;
    case BL_ACT_INTERVAL:
        bl_top_prompt_open(top, BL_PROMPT_INTERVAL);
        break;
    case BL_ACT_EXPLAIN:
        if (top->shot != NULL)
            bl_top_panel_of(top->panel)->explain(top);
        break;
    case BL_ACT_APPROVE:
        bl_top_act(top, BL_ASK_APPROVE);
        break;
    case BL_ACT_UNDO:
        bl_top_act(top, BL_ASK_UNDO);
        break;
    case BL_ACT_TIME:
        bl_top_prompt_open(top, BL_PROMPT_TIME);
        break;
    case BL_ACT_BACK:
        time_step(top, -1);
        break;
    case BL_ACT_FORTH:
        time_step(top, 1);
        break;
    case BL_ACT_PAUSE:
        pause_toggle(top);
        break;
    case BL_ACT_REDRAW:
        top->redraw = TRUE;
        break;
    case BL_ACT_HELP:
        top->over = BL_OVER_HELP;
        top->over_first = 0;
        break;
    case BL_ACT_QUIT:
        top->quit = TRUE;
        break;
    default:
        move(top, lines_of(key->act, top->page, bl_top_place(top)->cursor, top->lines->len));
        break;
    }
}

/* The fields by their letters, in the order of the table; see screen.c. */
static void fields_key(BlTop *top, gunichar key)
{
    guint count, letter = 0;
    const BlTopColumn *columns = bl_top_columns(&count);
    BlTopPlace *place = bl_top_place(top);
    for (guint i = BL_TOP_COLUMN_CLASS; i < count; i++) {
        if (((columns[i].panels >> top->panel) & 1u) == 0)
            continue;
        if (key == 'A' + letter++) {
            place->hidden ^= 1ull << i;
            move_column(top, 0);
            return;
        }
    }
    top->over = BL_OVER_NONE;
}

static void text_key(BlTop *top, gunichar key)
{
    const BlTopKey *known = bl_top_key_find(key);
    gint64 by =
        known != NULL ? lines_of(known->act, top->over_page, top->over_first, top->over_lines) : 0;
    if (by == 0) {
        top->over = BL_OVER_NONE;
        return;
    }
    gint64 last = MAX((gint64)top->over_lines - (gint64)top->over_page, 0);
    top->over_first = (guint)CLAMP((gint64)top->over_first + by, 0, last);
}

static void confirm_key(BlTop *top, gunichar key)
{
    BlTopAsk *ask = g_steal_pointer(&top->confirmed);
    top->over = BL_OVER_NONE;
    if (key == 'y' || key == 'Y') {
        g_queue_push_tail(&top->asks, ask);
        return;
    }
    bl_top_ask_free(ask);
    bl_top_say(top, FALSE, "nothing was changed");
}

void bl_top_key(BlTop *top, gunichar key)
{
    g_clear_pointer(&top->message, g_free);
    if (top->prompt != BL_PROMPT_NONE) {
        bl_top_prompt_key(top, key);
    } else if (top->over == BL_OVER_CONFIRM) {
        confirm_key(top, key);
    } else if (top->over == BL_OVER_FIELDS) {
        fields_key(top, key);
    } else if (top->over != BL_OVER_NONE) {
        text_key(top, key);
    } else {
        const BlTopKey *known = bl_top_key_find(key);
        if (known != NULL)
            act(top, known, key);
        else if (!sort_letter(top, key) && key >= ' ' && key < BL_KEY_UP && key != BL_KEY_BACKSPACE)
            bl_top_say(top, FALSE, "no key does this; ? shows which there are");
    }
}

/* --- answers -----------------------------------------------------------------------------------
 */

/* The moment that was asked for stands; a shot of now that was on its way does not replace it. */
static void shot_take(BlTop *top, BlTopAnswer *answer)
{
    if (answer->when == BL_WHEN_NEXT && top->past)
        return;
    top->past = answer->when != BL_WHEN_NEXT;
    top->paused = top->paused || top->past;
    g_clear_pointer(&top->trouble, g_free);
    bl_top_shot_free(top->shot);
    top->shot = g_steal_pointer(&answer->shot);
    bl_top_rebuild(top);
}

void bl_top_take(BlTop *top, BlTopAnswer *answer)
{
    if (answer->error != NULL && answer->kind == BL_ASK_SHOT && answer->when == BL_WHEN_NEXT) {
        g_free(top->trouble);
        top->trouble = g_steal_pointer(&answer->error);
    } else if (answer->error != NULL) {
        bl_top_say(top, TRUE, "%s", answer->error);
        /* Nothing new stands on the screen: it is of the moment that it was of. */
        if (answer->kind == BL_ASK_SHOT && top->shot == NULL)
            top->trouble = g_steal_pointer(&answer->error);
    } else if (answer->kind == BL_ASK_SHOT) {
        shot_take(top, answer);
    } else if (answer->kind == BL_ASK_EXPLAIN) {
        if (top->over == BL_OVER_TEXT) {
            char *text = g_strconcat(top->over_text, "\n\n", answer->text, NULL);
            g_free(top->over_text);
            top->over_text = text;
        }
    } else {
        bl_top_say(top, FALSE, "%s", answer->text);
        if (bl_top_is_live(top))
            bl_top_ask_shot(top, BL_WHEN_NEXT, 0);
    }
    bl_top_answer_free(answer);
}
