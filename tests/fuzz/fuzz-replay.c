/* Fuzz target: a simulated world from a recorded trace that somebody sent. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/units.h"
#include "sim/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_auto(BlFd) fd = memfd_create("trace", MFD_CLOEXEC);
    if (fd < 0 || !bl_fd_write_all(fd, (const char *)data, size))
        abort();
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autoptr(GError) error = NULL;
    g_autoptr(BlSimSpec) spec = bl_sim_spec_from_trace(path, &error);
    if ((spec == NULL) != (error != NULL))
        abort();
    for (guint i = 0; spec != NULL && i < spec->guests->len; i++) {
        const BlGuestSpec *guest = &g_array_index(spec->guests, BlGuestSpec, i);
        const GArray *points = guest->load.points;
        if (guest->vcpus == 0 || guest->load.point_usec < 0)
            abort();
        for (guint j = 0; points != NULL && j < points->len; j++) {
            gint64 point = g_array_index(points, gint64, j);
            if (point < 0 || point > BL_PERMYRIAD)
                abort();
        }
    }
    return 0;
}
