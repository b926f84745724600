/* What the check of a policy's promises and the question whether one more guest fits share. Private
 * to src/core/. */
#ifndef BL_CORE_ADMISSION_PRIVATE_H
#define BL_CORE_ADMISSION_PRIVATE_H

#include "core/engine-private.h"

/* Domains listed one by one in the arithmetic; the rest is summed up. */
#define BL_ADMISSION_LISTED_MAX 8

/* An amount of memory; -1 when it is unknown or more than any guest has. */
gint64 bl_admission_bytes(const BlValues *values, BlDomainField field);
/* What a class guarantees a guest, with what its QEMU is known to occupy besides, bytes; -1: its
 * size is unknown. */
gint64 bl_admission_memory(const BlClass *class, const BlValues *values);
/* Up to where memory may be promised, bytes; -1: the host's memory is unknown. */
gint64 bl_admission_memory_limit(const BlPolicy *policy, const BlValues *host);
/* "the hard boundary is 90 % of 7 GiB = 6.3 GiB". */
void bl_admission_memory_limit_append(GString *out, const BlPolicy *policy, const BlValues *host);
/* The sum of two amounts, or the largest there is. */
gint64 bl_admission_sum(gint64 left, gint64 right);

#endif
