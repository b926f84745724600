/* Approving and undoing: which decision is meant, and the question before anything is done. The
 * daemon has the last word on whether it still can be. See top.h. */
#include "top/top.h"

#include <string.h>

#include "client/figure-text.h"
#include "top/panel.h"

static gboolean is_in_state(const json_t *decision, BlTopAskKind kind)
{
    const char *state = bl_text_of(decision, "state");
    if (kind == BL_ASK_APPROVE)
        return g_strcmp0(state, "proposed") == 0;
    return !json_is_true(json_object_get(decision, "isUndo")) &&
           (g_strcmp0(state, "applied") == 0 || g_strcmp0(state, "effective") == 0);
}

static const char *field_of(const json_t *decision)
{
    return bl_text_of(json_object_get(decision, "action"), "field");
}

/* A change is in force while no later decision was about the same field. */
static gboolean is_overtaken(const BlTop *top, const json_t *decision)
{
    for (guint i = 0; i < top->shot->decisions->len; i++) {
        const json_t *other = g_ptr_array_index(top->shot->decisions, i);
        if (other == decision)
            return FALSE;
        if (g_strcmp0(bl_text_of(other, "uuid"), bl_text_of(decision, "uuid")) == 0 &&
            g_strcmp0(field_of(other), field_of(decision)) == 0)
            return TRUE;
    }
    return FALSE;
}

static const char *guest_name(const BlTop *top, const char *uuid)
{
    for (guint i = 0; i < top->shot->guests->len; i++) {
        const BlTopGuest *guest = &g_array_index(top->shot->guests, BlTopGuest, i);
        if (strcmp(guest->uuid, uuid) == 0)
            return guest->name;
    }
    return NULL;
}

/* Of the log, the chosen line. Else the newest that changes the chosen guest, or, where none does,
 * that was made for it: whoever suffers is helped by changes of others. */
static const json_t *decision_find(const BlTop *top, BlTopAskKind kind, const char *uuid,
                                   guint *ret_more)
{
    const json_t *found = NULL;
    const char *name = guest_name(top, uuid);
    *ret_more = 0;
    if (top->panel == BL_PANEL_LOG) {
        const BlTopLine *line = bl_top_line(top);
        return line != NULL ? g_ptr_array_index(top->shot->decisions, line->item) : NULL;
    }
    for (guint pass = 0; found == NULL && pass < 2; pass++) {
        for (guint i = 0; i < top->shot->decisions->len; i++) {
            const json_t *decision = g_ptr_array_index(top->shot->decisions, i);
            gboolean about =
                pass == 0 ? g_strcmp0(bl_text_of(decision, "uuid"), uuid) == 0
                          : name != NULL && g_strcmp0(bl_text_of(decision, "victim"), name) == 0;
            if (!about || !is_in_state(decision, kind) ||
                (kind == BL_ASK_UNDO && is_overtaken(top, decision)))
                continue;
            if (found == NULL)
                found = decision;
            else
                ++*ret_more;
        }
    }
    return found;
}

static void ask_person(BlTop *top, BlTopAskKind kind, const json_t *decision, guint more)
{
    const json_t *action = json_object_get(decision, "action");
    const char *field = bl_text_of(action, "field"), *target = bl_text_of(decision, "target");
    const char *sentence = bl_text_of(decision, "sentence");
    gint64 id = json_integer_value(json_object_get(decision, "id"));
    gboolean approves = kind == BL_ASK_APPROVE;
    g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, id);
    g_autofree char *from = bl_control_text(field != NULL ? field : "",
                                            json_object_get(action, approves ? "from" : "to"));
    g_autofree char *to =
        bl_control_text(field != NULL ? field : "", approves ? json_object_get(action, "to")
                                                             : json_object_get(decision, "undo"));
    g_autofree char *others =
        more > 0 ? g_strdup_printf("%u more for this guest: see the log (l).\n\n", more)
                 : g_strdup("");
    bl_panel_show_text(
        top, g_strdup_printf("%s decision %s?", approves ? "Approve" : "Undo", number),
        g_strdup_printf(
            "%s\n\nThis sets %s of \"%s\" from %s to %s.\n\n%sy: yes    any other key: no",
            sentence != NULL ? sentence : "", field != NULL ? field : "-",
            target != NULL ? target : "-", from, to, others));
    top->over = BL_OVER_CONFIRM;
    bl_top_ask_free(top->confirmed);
    top->confirmed = bl_top_ask_new(kind, number);
}

void bl_top_act(BlTop *top, BlTopAskKind kind)
{
    gboolean approves = kind == BL_ASK_APPROVE;
    if (top->trace) {
        bl_top_say(top, TRUE, "this is a trace: what was done is done");
        return;
    }
    if (top->past) {
        bl_top_say(top, TRUE, "this is the past: go back to now with the space bar first");
        return;
    }
    const char *guest = top->shot != NULL ? bl_top_panel_of(top->panel)->guest(top) : NULL;
    guint more = 0;
    const json_t *decision = guest != NULL ? decision_find(top, kind, guest, &more) : NULL;
    if (guest == NULL) {
        bl_top_say(top, FALSE, "choose a guest (c, m, b) or a decision (l) first");
    } else if (decision == NULL) {
        bl_top_say(top, FALSE,
                   approves ? "nothing is proposed for this guest; Ballast proposes in mode advise"
                            : "no change of Ballast is in force on this guest or for it");
    } else if (!is_in_state(decision, kind) || (!approves && is_overtaken(top, decision))) {
        bl_top_say(top, FALSE,
                   approves ? "this decision does not wait for approval"
                            : "this decision is not in force");
    } else {
        ask_person(top, kind, decision, more);
    }
}
