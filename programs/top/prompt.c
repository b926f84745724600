/* What is typed in the last line but one: a filter, an interval, a moment. See top.h. */
#include "top/top.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"

#define INTERVAL_MIN_USEC (100 * (gint64)BL_USEC_PER_MSEC)
#define INTERVAL_MAX_USEC (3600 * (gint64)BL_USEC_PER_SEC)
#define INPUT_MAX 60

void bl_top_prompt_open(BlTop *top, BlTopPrompt prompt)
{
    top->prompt = prompt;
    g_string_truncate(top->input, 0);
    if (prompt != BL_PROMPT_FILTER)
        return;
    g_free(top->filter_before);
    top->filter_before = g_strdup(top->filter);
    g_string_assign(top->input, top->filter != NULL ? top->filter : "");
}

static void filter_set(BlTop *top, const char *text)
{
    g_free(top->filter);
    top->filter = text != NULL && text[0] != '\0' ? g_strdup(text) : NULL;
    bl_top_rebuild(top);
}

/* Seconds as in esxtop ("5"), or with a unit ("500ms"). */
static gboolean duration_parse(const char *text, gint64 *ret_usec)
{
    g_autofree char *seconds = g_strconcat(text, "s", NULL);
    return bl_usec_parse(text, ret_usec) || bl_usec_parse(seconds, ret_usec);
}

static void interval_set(BlTop *top)
{
    gint64 usec;
    if (!duration_parse(top->input->str, &usec) || usec < INTERVAL_MIN_USEC ||
        usec > INTERVAL_MAX_USEC) {
        bl_top_say(top, TRUE, "\"%s\" is no interval: 0.1 to 3600, in seconds", top->input->str);
        return;
    }
    top->interval_usec = usec;
}

/* "12:00:05" on the day of the shown moment, a whole time, or a duration before ("30s") or after
 * ("+30s") it. */
static gboolean moment_parse(const char *text, gint64 shown_usec, gint64 *ret_wall_usec)
{
    gint64 usec;
    if (text[0] == '+' && bl_usec_parse(text + 1, &usec)) {
        *ret_wall_usec = shown_usec + usec;
        return TRUE;
    }
    if (bl_usec_parse(text[0] == '-' ? text + 1 : text, &usec)) {
        *ret_wall_usec = shown_usec - usec;
        return TRUE;
    }
    g_autoptr(GString) whole = g_string_new(NULL);
    if (strchr(text, 'T') == NULL) {
        bl_time_append(whole, shown_usec);
        g_string_truncate(whole, strlen("2026-01-31T"));
    }
    g_string_append(whole, text);
    *ret_wall_usec = bl_top_time_parse(whole->str);
    return *ret_wall_usec != 0;
}

static void time_set(BlTop *top)
{
    gint64 wall_usec;
    if (top->input->len == 0) {
        top->paused = top->past = FALSE;
        bl_top_ask_shot(top, BL_WHEN_NEXT, 0);
    } else if (top->shot == NULL || top->shot->wall_usec == 0) {
        bl_top_say(top, TRUE, "the time of what is shown is not known");
    } else if (!moment_parse(top->input->str, top->shot->wall_usec, &wall_usec)) {
        bl_top_say(top, TRUE, "\"%s\" is no moment: 12:00:05, 2026-01-31T12:00:05Z, 30s or +30s",
                   top->input->str);
    } else {
        bl_top_ask_shot(top, BL_WHEN_AT, wall_usec);
    }
}

static void finish(BlTop *top)
{
    BlTopPrompt prompt = top->prompt;
    top->prompt = BL_PROMPT_NONE;
    if (prompt == BL_PROMPT_INTERVAL)
        interval_set(top);
    else if (prompt == BL_PROMPT_TIME)
        time_set(top);
}

void bl_top_prompt_key(BlTop *top, gunichar key)
{
    if (key == BL_KEY_ENTER) {
        finish(top);
        return;
    }
    if (key == BL_KEY_ESCAPE) {
        if (top->prompt == BL_PROMPT_FILTER)
            filter_set(top, top->filter_before);
        top->prompt = BL_PROMPT_NONE;
        return;
    }
    if (key == BL_KEY_CONTROL_U)
        g_string_truncate(top->input, 0);
    else if (key == BL_KEY_BACKSPACE && top->input->len > 0)
        g_string_truncate(top->input, (gsize)(g_utf8_prev_char(top->input->str + top->input->len) -
                                              top->input->str));
    else if (key >= ' ' && key < BL_KEY_UP && key != BL_KEY_BACKSPACE && g_unichar_isprint(key) &&
             top->input->len < INPUT_MAX)
        g_string_append_unichar(top->input, key);
    /* A filter shows at once what it lets through. */
    if (top->prompt == BL_PROMPT_FILTER)
        filter_set(top, top->input->str);
}
