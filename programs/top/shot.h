/* A shot: what is known of the host at one instant, as `ballast top` shows it.
 *
 * Made of the API's objects (or of the like made from a trace), on the thread that asked for them,
 * so that looking up and sorting costs nothing while keys are pressed. Not changed afterwards.
 */
#ifndef BL_TOP_SHOT_H
#define BL_TOP_SHOT_H

#include <jansson.h>

#include "top/table.h"

typedef struct {
    const json_t *json; /* of the API: an item of GET /vms */
    const char *name, *uuid, *class_name;
    const json_t *threads;
    guint n_threads;
    gboolean suffers, stale, changed;
    double values[BL_TOP_COLUMNS_MAX]; /* by column; NaN: unknown; infinite: no limit */
} BlTopGuest;

/* Somebody who ran while guests waited. */
typedef struct {
    char *key;        /* the same for the same culprit of all victims */
    const char *name; /* as people read it */
    double seconds;   /* that all victims waited for it */
} BlTopCulprit;

typedef struct {
    const json_t *json; /* an item of GET /blame */
    const char *name, *uuid, *class_name;
    double waited, window; /* seconds; NaN: unknown */
    double *seconds;       /* waited for each culprit of the shot, in their order */
} BlTopVictim;

/* More culprits than this are not told apart: the rest stands in the last column. */
#define BL_TOP_CULPRITS_MAX 64

/* What a shot is made of; a reference to each is taken over. NULL: was not asked for. */
typedef struct {
    json_t *status, *vms, *blame, *decisions, *policy;
    gboolean past; /* of a moment that is over */
    gboolean end;  /* the trace is at its end */
} BlTopFacts;

typedef struct {
    BlTopFacts facts;
    gint64 wall_usec;     /* 0: unknown */
    GArray *guests;       /* BlTopGuest, as the API has them */
    GArray *culprits;     /* BlTopCulprit, by time, largest first */
    GArray *victims;      /* BlTopVictim: who waited at all, longest first */
    GPtrArray *decisions; /* const json_t *, newest first */
    char **policy;        /* lines; NULL: was not asked for */
} BlTopShot;

BlTopShot *bl_top_shot_new(const BlTopFacts *facts);
void bl_top_shot_free(BlTopShot *shot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlTopShot, bl_top_shot_free)

/* A value as the screen has it; unknown is "-". Of a guest (thread NULL), or one of its threads. */
char *bl_top_value_text(const BlTopColumn *column, const json_t *guest, const json_t *thread);
/* The same as a number in the column's unit on the screen, for batch mode; NaN: unknown. */
double bl_top_value_number(const BlTopColumn *column, const json_t *guest, const json_t *thread);
/* "vcpu 0" */
char *bl_top_thread_name(const json_t *thread);
/* bl_time_parse(), or 0 when it is none. */
gint64 bl_top_time_parse(const char *text);

#endif
