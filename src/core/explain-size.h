/* Sentences about a guest's size: why it should change, or why not. Called for the API. */
#ifndef BL_CORE_EXPLAIN_SIZE_H
#define BL_CORE_EXPLAIN_SIZE_H

#include "model/size.h"

/* One sentence about one resource, without its end: "99.6 % of the time 1.2 cores are enough ...".
 */
void bl_explain_size(GString *out, const BlSizing *sizing, BlSizeResource resource);

/* What both advices free, "2 vCPUs, 1.5 GiB"; and what they take, "-1 vCPU". Empty when nothing
 * changes. */
void bl_explain_size_freed(GString *out, const BlSizing *sizing);

/* What the others would have been spared; empty when that is nothing, or not known. */
void bl_explain_size_spared(GString *out, const BlSizing *sizing);

/* What the last change of its number of vCPUs has come to, whoever made it and whatever else has
 * changed since; empty for the first hour, or when there was none. */
void bl_explain_size_effect(GString *out, const BlSizing *sizing);

#endif
