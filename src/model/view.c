/* The view: see view.h. */
#include "model/view.h"

#include <string.h>

static void domain_view_free(gpointer data)
{
    BlDomainView *domain = data;
    g_array_unref(domain->threads);
    g_array_unref(domain->blames);
    g_free(domain);
}

BlView *bl_view_new(void)
{
    BlView *view = g_new0(BlView, 1);
    view->cpus = view->busy = view->psi_some = -1;
    view->domains = g_ptr_array_new_with_free_func(domain_view_free);
    return view;
}

void bl_view_free(BlView *view)
{
    if (view == NULL)
        return;
    g_ptr_array_unref(view->domains);
    g_free(view);
}

BlDomainView *bl_domain_view_new(void)
{
    BlDomainView *domain = g_new0(BlDomainView, 1);
    domain->threads = g_array_new(FALSE, TRUE, sizeof(BlThreadView));
    domain->blames = g_array_new(FALSE, TRUE, sizeof(BlBlameView));
    return domain;
}

const BlDomainView *bl_view_find(const BlView *view, const char *name)
{
    const BlDomainView *by_name = NULL;
    char wanted[BL_NAME_SIZE];
    bl_name_copy(wanted, name);
    for (guint i = 0; i < view->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(view->domains, i);
        if (g_ascii_strcasecmp(domain->uuid, name) == 0)
            return domain;
        if (by_name == NULL && strcmp(domain->name, wanted) == 0)
            by_name = domain;
    }
    return by_name;
}

const char *bl_memory_state_name(BlMemoryState state)
{
    static const char *const names[BL_MEMORY_STATES] = {"unknown", "clear", "soft", "hard", "low"};
    return state < BL_MEMORY_STATES ? names[state] : "unknown";
}

const char *bl_sharing_state_name(BlSharingState state)
{
    static const char *const names[BL_SHARING_STATES] = {"unknown", "off",      "others", "blocked",
                                                         "plenty",  "scanning", "resting"};
    return state < BL_SHARING_STATES ? names[state] : "unknown";
}

const char *bl_class_source_name(BlClassSource source)
{
    static const char *const names[BL_CLASS_SOURCES] = {"default", "policy", "metadata",
                                                        "class set"};
    return source < BL_CLASS_SOURCES ? names[source] : "unknown";
}
