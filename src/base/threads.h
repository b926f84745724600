/* Threads: a scoped lock, and the places where an object changes hands.
 *
 * The lock is POSIX's rather than GLib's, and hand-overs through GLib's queues and pools are
 * marked, because the thread sanitizer does not see the futexes inside an uninstrumented GLib: so
 * it can check everything else.
 */
#ifndef BL_BASE_THREADS_H
#define BL_BASE_THREADS_H

#include <glib.h>
#include <pthread.h>

/* g_auto(BlLocked) locked = bl_lock(&mutex); holds it to the end of the scope. */
typedef pthread_mutex_t *BlLocked;

static inline BlLocked bl_lock(pthread_mutex_t *mutex)
{
    pthread_mutex_lock(mutex);
    return mutex;
}

static inline void bl_unlock(BlLocked *locked)
{
    if (*locked != NULL)
        pthread_mutex_unlock(*locked);
    *locked = NULL;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BlLocked, bl_unlock)

#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *address);
void __tsan_release(void *address);
/* Before an object is put where another thread will take it, and after it was taken. */
#define BL_HANDOVER_GIVE(object) __tsan_release(object)
#define BL_HANDOVER_TAKE(object) __tsan_acquire(object)
#else
#define BL_HANDOVER_GIVE(object) ((void)(object))
#define BL_HANDOVER_TAKE(object) ((void)(object))
#endif

#endif
