/* Shots from a recorded trace, for `ballast top --trace`: the engine over its samples. */
#ifndef BL_CLI_TOP_TRACE_H
#define BL_CLI_TOP_TRACE_H

#include "top/source.h"

typedef struct BlTopTrace BlTopTrace;

BlTopTrace *bl_top_trace_new(const char *path, GError **error);
void bl_top_trace_free(BlTopTrace *trace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlTopTrace, bl_top_trace_free)
/* A BlTopAnswerFunc. */
BlTopAnswer *bl_top_trace_answer(const BlTopAsk *ask, gpointer trace);

#endif
