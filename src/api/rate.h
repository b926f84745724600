/* Rates: so many requests at once, and so many a second after that, for each who asks.
 * Private to src/api/. Pure but for what it is told of the time.
 */
#ifndef BL_API_RATE_H
#define BL_API_RATE_H

#include <glib.h>

/* Who is remembered; beyond that whoever asked longest ago is forgotten. */
#define BL_RATE_MAX 1024

typedef struct BlRate BlRate;

/* `burst` at once, `per_second` after that; both at least 1. */
BlRate *bl_rate_new(guint burst, guint per_second);
void bl_rate_free(BlRate *rate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlRate, bl_rate_free)

/* TRUE and one less, or FALSE: too many by now. */
gboolean bl_rate_take(BlRate *rate, const char *who, gint64 now_usec);
/* TRUE when there is one left; takes nothing. */
gboolean bl_rate_have(BlRate *rate, const char *who, gint64 now_usec);

#endif
