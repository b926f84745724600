/* Where `ballast top` has its shots from: a daemon, or a trace.
 *
 * A source answers asks one after the other, on a thread of its own, so that keys are never held
 * up. Whoever has no keys to wait for (batch mode) calls the answering function itself.
 */
#ifndef BL_TOP_SOURCE_H
#define BL_TOP_SOURCE_H

#include "top/shot.h"

typedef enum {
    BL_ASK_SHOT,
    BL_ASK_EXPLAIN, /* `argument`: a guest's name or UUID */
    BL_ASK_APPROVE, /* `argument`: the id of a decision */
    BL_ASK_UNDO,
} BlTopAskKind;

typedef enum {
    BL_WHEN_NEXT,   /* of a daemon: now; of a trace: `interval_usec` on */
    BL_WHEN_AT,     /* `wall_usec` */
    BL_WHEN_OFFSET, /* of a daemon: `wall_usec` ago; of a trace: so long after its start */
} BlTopWhen;

typedef struct {
    BlTopAskKind kind;
    char *argument;
    BlTopWhen when;
    gint64 wall_usec;
    gint64 interval_usec;
    gboolean blame, policy; /* are wanted in the shot */
} BlTopAsk;

typedef struct {
    BlTopAskKind kind;
    BlTopWhen when;  /* of a shot */
    BlTopShot *shot; /* of a shot */
    char *text;      /* of anything else: lines */
    char *error;     /* instead of either: what failed and what to do */
} BlTopAnswer;

/* Never NULL. */
typedef BlTopAnswer *(*BlTopAnswerFunc)(const BlTopAsk *ask, gpointer user_data);

typedef struct BlTopSource BlTopSource;

/* `user_data` is used by the source's thread alone until the source is freed. */
BlTopSource *bl_top_source_new(BlTopAnswerFunc answer, gpointer user_data);
/* Waits for the answer that is under way. */
void bl_top_source_free(BlTopSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlTopSource, bl_top_source_free)
/* Takes over the ask. */
void bl_top_source_ask(BlTopSource *source, BlTopAsk *ask);
/* NULL: there is none yet. */
BlTopAnswer *bl_top_source_take(BlTopSource *source);
/* Readable while there may be an answer. */
int bl_top_source_fd(const BlTopSource *source);

BlTopAsk *bl_top_ask_new(BlTopAskKind kind, const char *argument);
void bl_top_ask_free(BlTopAsk *ask);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlTopAsk, bl_top_ask_free)
BlTopAnswer *bl_top_answer_new(const BlTopAsk *ask);
void bl_top_answer_free(BlTopAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlTopAnswer, bl_top_answer_free)

/* The answers of the daemon behind a socket; see source-daemon.c. */
typedef struct BlTopDaemon BlTopDaemon;
BlTopDaemon *bl_top_daemon_new(const char *socket_path);
void bl_top_daemon_free(BlTopDaemon *daemon);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlTopDaemon, bl_top_daemon_free)
BlTopAnswer *bl_top_daemon_answer(const BlTopAsk *ask, gpointer daemon);

#endif
