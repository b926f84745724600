/* A fit: whether one more guest fits the host, check by check, each with its arithmetic. Made by
 * the engine's admission, shown by the API and the command, and the reason of a refusal. */
#ifndef BL_MODEL_FIT_H
#define BL_MODEL_FIT_H

#include <jansson.h>

#include "model/view.h"

typedef enum {
    BL_FIT_MEMORY_SIZE, /* is the guest alone larger than the host? */
    BL_FIT_CPU_SIZE,
    BL_FIT_MEMORY_RESERVATION, /* what is guaranteed to it and the others */
    BL_FIT_MEMORY_USE,         /* what it and the others will at least occupy */
    BL_FIT_CPU_RESERVATION,
    BL_FIT_CPU_OVERCOMMIT, /* vCPUs per CPU */
    BL_FIT_CHECKS,
} BlFitKind;

typedef enum {
    BL_FIT_NO,
    BL_FIT_YES,
    BL_FIT_UNKNOWN, /* a figure is missing: no reason to refuse */
} BlFitResult;

/* Amounts are in the unit of the kind: bytes, permyriad of a core, or a number; -1: unknown. */
typedef struct {
    BlFitResult result;
    gint64 needed; /* by the guest in question */
    gint64 taken;  /* by everybody else */
    gint64 limit;  /* for all together */
    char *text;    /* the arithmetic in words */
} BlFitCheck;

typedef struct {
    gboolean fits; /* no check says no */
    char class_name[BL_NAME_SIZE];
    BlClassSource class_source;
    BlFitCheck checks[BL_FIT_CHECKS];
    char *text; /* the answer in one sentence, with the arithmetic of what does not fit */
} BlFit;

BlFit *bl_fit_new(void);
void bl_fit_free(BlFit *fit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlFit, bl_fit_free)

/* "memory.size", as in JSON. */
const char *bl_fit_kind_name(BlFitKind kind);
BlUnit bl_fit_kind_unit(BlFitKind kind);

/* {fits, class, classFrom, text, checks: [{name, fits, needed, taken, limit, text}]}: bytes, cores
 * and numbers; null is unknown. A new reference. */
json_t *bl_fit_to_json(const BlFit *fit);

#endif
