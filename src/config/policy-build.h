/* Sources to a policy with the origin of each value.
 *
 * Private to src/config/: bl_policy_parse() wants the policy, bl_policy_show_effective() also
 * where each value came from.
 */
#ifndef BL_CONFIG_POLICY_BUILD_H
#define BL_CONFIG_POLICY_BUILD_H

#include "config/policy-error.h"

/* Address of a field of the policy (or of a BlClass or BlAssignment) -> BlPolicyPlace *, owned.
 * A field that is not in it has its built-in default. */
GHashTable *bl_policy_origins_new(void);

/* NULL when anything was reported. */
BlPolicy *bl_policy_build(GPtrArray *sources, BlPolicyReport *report, GHashTable *origins);

/* Whether two policies mean the same, wherever it was written. */
gboolean bl_policy_equal(const BlPolicy *a, const BlPolicy *b);

#endif
