/* Who a domain waited for in the last minute, for people: largest first. */
#include <string.h>

#include "base/units.h"
#include "core/engine-private.h"

static int blame_compare(gconstpointer a, gconstpointer b)
{
    const BlBlameView *left = a, *right = b;
    if (left->waited_usec != right->waited_usec)
        return left->waited_usec > right->waited_usec ? -1 : 1;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return strcmp(left->name, right->name);
}

static void blame_name(const BlEngine *engine, const BlDomain *victim, const BlBlameTrack *track,
                       BlBlameView *view)
{
    if (track->kind != BL_CULPRIT_DOMAIN) {
        g_strlcpy(view->name, track->culprit, sizeof view->name);
        return;
    }
    const BlDomain *culprit = bl_engine_find(engine, track->culprit);
    g_strlcpy(view->uuid, track->culprit, sizeof view->uuid);
    /* It is gone, but what it did is not. */
    bl_name_copy(view->name, culprit != NULL ? culprit->name : track->culprit);
    view->own = strcmp(victim->uuid, track->culprit) == 0;
}

void bl_blame_view(const BlEngine *engine, const BlDomain *domain, BlDomainView *view)
{
    const BlBlameBook *book = &domain->blame;
    g_array_set_size(view->blames, 0);
    view->blame_span_usec = view->blame_usec = 0;
    for (guint i = 0; i < book->tracks->len; i++) {
        const BlBlameTrack *track = &g_array_index(book->tracks, BlBlameTrack, i);
        BlBlameView blame = {.kind = track->kind};
        gint64 span, nsec = bl_blame_past(track, &span);
        view->blame_span_usec = MAX(view->blame_span_usec, span);
        if (nsec < BL_NSEC_PER_USEC)
            continue;
        blame.waited_usec = nsec / BL_NSEC_PER_USEC;
        view->blame_usec += blame.waited_usec;
        blame_name(engine, domain, track, &blame);
        g_array_append_val(view->blames, blame);
    }
    g_array_sort(view->blames, blame_compare);
}
