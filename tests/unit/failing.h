/* Calls into the system that fail on demand: for tests that go through every way in which an
 * operation can fail. The test program is linked with --wrap for the calls, so the code under test
 * is as shipped; what GLib itself calls is not touched. Not for several threads. */
#ifndef BL_TESTS_FAILING_H
#define BL_TESTS_FAILING_H

#include <glib.h>

typedef enum {
    FAILING_ONCE,   /* that call alone */
    FAILING_ALWAYS, /* that call and all behind it */
    FAILING_SHORT,  /* a write puts half of its bytes, and the next call fails */
    FAILING_MODES,
} FailingMode;

/* From now on the `nth` call (the first is 1) fails with `code`. */
void failing_calls_arm(guint nth, FailingMode mode, int code);
/* Calls succeed again. TRUE when one has failed. */
gboolean failing_calls_disarm(void);
/* TRUE when one has failed since arming. */
gboolean failing_calls_hit(void);

/* From now on the `nth` allocation, of anybody in the program, finds no memory. Where a sanitizer
 * owns the allocator nothing fails: see failing_memory_works(). */
void failing_memory_arm(guint nth);
gboolean failing_memory_disarm(void);
gboolean failing_memory_works(void);

/* Open descriptors of this process. */
guint failing_descriptors(void);

#endif
