/* What guests used and waited for over the last hour or two: what the audit looks at where the
 * engine's figures, of the last seconds, would be too short. Fed with views, by the daemon and from
 * a trace alike; pure, and of no influence on decisions. */
#ifndef BL_CORE_USAGE_H
#define BL_CORE_USAGE_H

#include "model/audit.h"

typedef struct BlUsage BlUsage;

BlUsage *bl_usage_new(void);
void bl_usage_free(BlUsage *usage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlUsage, bl_usage_free)

/* TRUE when a window of the view has passed since the last that was taken in. */
gboolean bl_usage_is_due(const BlUsage *usage, gint64 now_usec);
/* Takes a view in, when it is due. Guests that are not in it are forgotten; one whose vCPUs have
 * changed begins anew. */
void bl_usage_add(BlUsage *usage, const BlView *view);
/* Fills in what is known of the guest. */
void bl_usage_tell(const BlUsage *usage, BlAuditGuest *guest);

#endif
