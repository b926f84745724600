/* Instead of runqueue.c where Ballast is built without eBPF: the reader cannot be had. */
#include <gio/gio.h>

#include "collect/runqueue.h"

BlRunqueue *bl_runqueue_open(GError **error)
{
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                        "this ballastd was built without eBPF (clang, bpftool and libbpf)");
    return NULL;
}

void bl_runqueue_close(BlRunqueue *runqueue)
{
    g_assert(runqueue == NULL);
}

gboolean bl_runqueue_begin(BlRunqueue *runqueue, GError **error)
{
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "built without eBPF");
    return FALSE;
}

void bl_runqueue_rest(BlRunqueue *runqueue)
{
}

gboolean bl_runqueue_rests(const BlRunqueue *runqueue)
{
    return TRUE;
}

gboolean bl_runqueue_watch(BlRunqueue *runqueue, gint64 pid, const GArray *threads,
                           gint64 tell_nsec)
{
    return FALSE;
}

void bl_runqueue_forget(BlRunqueue *runqueue, gint64 pid)
{
}

gboolean bl_runqueue_read(BlRunqueue *runqueue, GArray *charges)
{
    return FALSE;
}

int bl_runqueue_fd(const BlRunqueue *runqueue)
{
    return -1;
}

void bl_runqueue_waits_take(BlRunqueue *runqueue, BlWaitTold tell, gpointer user_data)
{
}

gboolean bl_runqueue_lengths(BlRunqueue *runqueue, gint64 thread,
                             guint64 ret_counts[BL_WAIT_LENGTHS])
{
    return FALSE;
}
