/* Rate limits: so many requests at once, and so many a second after that, for each who asks.
 * Private to src/api/. Pure but for what it is told of the time.
 */
#ifndef BL_API_LIMITS_H
#define BL_API_LIMITS_H

#include <glib.h>

/* Who is remembered; beyond that whoever asked longest ago is forgotten. */
#define BL_LIMITS_MAX 1024

typedef struct BlLimits BlLimits;

/* `burst` at once, `per_second` after that; both at least 1. */
BlLimits *bl_limits_new(guint burst, guint per_second);
void bl_limits_free(BlLimits *limits);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlLimits, bl_limits_free)

/* TRUE and one less, or FALSE: too many by now. */
gboolean bl_limits_take(BlLimits *limits, const char *who, gint64 now_usec);
/* TRUE when there is one left; takes nothing. */
gboolean bl_limits_have(BlLimits *limits, const char *who, gint64 now_usec);

#endif
