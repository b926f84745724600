/* A host of 8 GiB for tests of the memory policies: guests that use what the test says, balloons
 * that obey at once. */
#ifndef BL_TESTS_MEMORY_WORLD_H
#define BL_TESTS_MEMORY_WORLD_H

#include "base/units.h"
#include "world.h"

#define GIB (1024 * BL_MIB)
#define SECOND ((gint64)BL_USEC_PER_SEC)

typedef struct {
    World *world;
    gint64 total;                      /* what the host has */
    gint64 own;                        /* what the host itself occupies */
    gint64 used[WORLD_GUESTS_MAX];     /* by each guest */
    gint64 resident[WORLD_GUESTS_MAX]; /* what its QEMU occupies */
    gint64 qemu;                       /* of that, QEMU's own */
    gboolean silent[WORLD_GUESTS_MAX];
    int hidden;    /* a field that cannot be read; -1: none */
    gint64 usable; /* what all say of themselves instead; 0: the truth */
} Host;

Host *host_new(BlMode mode);
void host_free(Host *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Host, host_free)
/* Returns its index. */
guint host_add(Host *host, const char *name, const char *class_name, gint64 max, gint64 used);
/* Three guests of 2 GiB, of which the second uses little: 6.5 of 8 GiB, beyond the target. */
Host *host_pressed(BlMode mode);
void host_tick(Host *host);
void host_run(Host *host, gint64 usec);
WorldGuest *host_guest(const Host *host, guint index);
gint64 host_balloon(const Host *host, guint index);
BlClass *host_class(const Host *host, const char *name);
BlView *host_view(const Host *host);
BlMemoryState host_state(const Host *host);
/* Until the next call. */
const char *host_note(const Host *host, guint index);
/* Steps given out for that rule; for a balloon, whatever the rule. */
guint host_planned(const Host *host, BlRule rule);
guint host_steps(const Host *host);

#endif
