/* The store: decisions on disk, for `ballast log` and for asking later why; and what is remembered
 * of guests from one run to the next.
 *
 * SQLite below the state directory. Writes go through a thread of their own, so that a slow disk
 * never holds up the engine; reads are small and direct. Losing the store loses history only: what
 * must be undone is in the journal.
 */
#ifndef BL_STORE_STORE_H
#define BL_STORE_STORE_H

#include <jansson.h>

#include "model/plan.h"

/* Of decisions and of events the newest so many are kept; a few more until they are counted again.
 */
#define BL_STORE_KEEP 100000
#define BL_STORE_TRIM_EVERY 1000
/* And histories that were not written for so long: half a year. */
#define BL_STORE_KEEP_HISTORY_USEC (182 * 24 * 3600 * (gint64)1000000)

#define BL_STORE_ERROR (bl_store_error_quark())
GQuark bl_store_error_quark(void);
typedef enum { BL_STORE_ERROR_FAILED } BlStoreError;

typedef struct BlStore BlStore;

BlStore *bl_store_open(const char *state_dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Waits until everything is written. */
void bl_store_close(BlStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlStore, bl_store_close)

/* The largest id there is; 0 when empty. */
guint64 bl_store_last_id(BlStore *store);

/* Adds or replaces a decision; `json` is what readers get, taken over. Returns at once. */
void bl_store_put(BlStore *store, const BlDecision *decision, json_t *json);

/* Something that happened: to a guest, or (uuid NULL) to the host or the daemon. Returns at once.
 */
typedef struct {
    gint64 wall_usec;
    const char *kind; /* "guest", "libvirt", "policy", "operator", "daemon", "admission" */
    const char *uuid, *name;
    const char *text; /* a sentence */
} BlStoreEvent;
void bl_store_put_event(BlStore *store, const BlStoreEvent *event);

/* What is remembered of a guest, in place of what was; `json` is taken over. Returns at once. */
void bl_store_put_history(BlStore *store, const char *uuid, gint64 wall_usec, json_t *json);
/* NULL when there is none, or it is damaged; FALSE when the store cannot be read. */
gboolean bl_store_history(BlStore *store, const char *uuid, json_t **ret_json,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The first failure to write since the last call, for the log; NULL when there was none. */
char *bl_store_take_failure(BlStore *store);

typedef struct {
    guint64 after;      /* only ids above */
    guint64 upto;       /* only ids up to this; 0: all */
    gint64 since_usec;  /* only decided at or after this wall time */
    gint64 until_usec;  /* and before this; 0: all */
    const char *domain; /* name or UUID of who was changed, or name of whom it was for; NULL: all */
    guint limit;        /* the newest so many */
} BlStoreQuery;

/* The matching decisions as a JSON array, oldest first. */
json_t *bl_store_query(BlStore *store, const BlStoreQuery *query,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The matching events likewise: {id, time, kind, vm, uuid, text}; `domain` is whom they are about.
 */
json_t *bl_store_events(BlStore *store, const BlStoreQuery *query,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
