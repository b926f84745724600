/* Admission: does the host have what the policy promises? */
#ifndef BL_CORE_ADMISSION_H
#define BL_CORE_ADMISSION_H

#include "model/policy.h"
#include "model/view.h"

/* Checks the CPU reservations that `policy` gives to the domains of `sample` against the host's
 * CPUs. `override_uuid`, when given, is checked as if it had been put into `override_class`.
 * Returns NULL when everything fits or the host's CPUs are unknown, else the arithmetic in
 * words, newly allocated. */
char *bl_admission_check(const BlPolicy *policy, const BlSample *sample, const char *override_uuid,
                         const char *override_class);

#endif
