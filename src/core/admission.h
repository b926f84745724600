/* Admission: does the host have what the policy promises, and has it room for one more guest? */
#ifndef BL_CORE_ADMISSION_H
#define BL_CORE_ADMISSION_H

#include "core/engine.h"
#include "model/fit.h"

/* Checks the reservations of CPU time and memory that `policy` gives to the domains of `sample`
 * against what the host has. `override_uuid`, when given, is checked as if it had been put into
 * `override_class`, and only when that reserves more for it. Returns NULL when everything fits or
 * nothing is known of the host, else the arithmetic in words, a line each, newly allocated. */
char *bl_admission_check(const BlPolicy *policy, const BlSample *sample, const char *override_uuid,
                         const char *override_class);

/* Would `newcomer` fit beside the guests of the last sample? Of it count: UUID (empty: none), name,
 * class_override and metadata, by which it is classified; vCPUs; BL_DOMAIN_MEMORY_MAX; and
 * BL_DOMAIN_BALLOON, what its balloon will leave it, absent when all of its memory is occupied at
 * once. `bookings` are guests like it that were admitted and may not be there yet, or not have
 * taken yet what they will. A guest of the newcomer's UUID is not counted beside it. What is
 * unknown is no reason to refuse.
 *
 * While Ballast enforces, the others count with the least that they can be brought to by their
 * balloons; else with what they occupy. */
BlFit *bl_admission_fit(const BlEngine *engine, const BlPolicy *policy, const GPtrArray *bookings,
                        const BlDomainSample *newcomer);

/* The same for `count` guests alike. `ret_fitting`: how many of them fit. Returns the fit of the
 * first that does not, or of the last. */
BlFit *bl_admission_fit_many(const BlEngine *engine, const BlPolicy *policy,
                             const GPtrArray *bookings, const BlDomainSample *newcomer, guint count,
                             guint *ret_fitting);

#endif
