/* Replies to requests that carried an Idempotency-Key, so that a repeated request is answered
 * again without being done again. Private to src/api/. Holds the last BL_REPLY_MEMORY_MAX. */
#ifndef BL_API_REPLY_MEMORY_H
#define BL_API_REPLY_MEMORY_H

#include "api/server.h"

#define BL_REPLY_MEMORY_MAX 256

typedef struct BlReplyMemory BlReplyMemory;

typedef enum {
    BL_REPLY_NEW,
    BL_REPLY_KNOWN,
    BL_REPLY_MISUSED, /* the key was used for another request */
} BlReplyFound;

BlReplyMemory *bl_reply_memory_new(void);
void bl_reply_memory_free(BlReplyMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlReplyMemory, bl_reply_memory_free)

/* Keys are those of whoever sent them. `request` identifies what was asked: path and body. On
 * BL_REPLY_KNOWN the reply's body is a new reference. */
BlReplyFound bl_reply_memory_find(BlReplyMemory *memory, const char *who, const char *key,
                                  const char *request, BlApiReply *ret_reply);
void bl_reply_memory_add(BlReplyMemory *memory, const char *who, const char *key,
                         const char *request, const BlApiReply *reply);

#endif
