/* Remembered replies: see reply-memory.h. */
#include "api/reply-memory.h"

struct BlReplyMemory {
    GHashTable *by_key; /* owned key -> Remembered, owned */
    GQueue order;       /* the keys, oldest first, borrowed from the table */
};

typedef struct {
    char *request;
    BlApiReply reply;
} Remembered;

static void remembered_free(gpointer data)
{
    Remembered *remembered = data;
    g_free(remembered->request);
    json_decref(remembered->reply.body);
    g_free(remembered);
}

BlReplyMemory *bl_reply_memory_new(void)
{
    BlReplyMemory *memory = g_new0(BlReplyMemory, 1);
    memory->by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, remembered_free);
    g_queue_init(&memory->order);
    return memory;
}

void bl_reply_memory_free(BlReplyMemory *memory)
{
    if (memory == NULL)
        return;
    g_queue_clear(&memory->order);
    g_hash_table_unref(memory->by_key);
    g_free(memory);
}

static char *full_key(const char *who, const char *key)
{
    return g_strdup_printf("%s\n%s", who, key);
}

BlReplyFound bl_reply_memory_find(BlReplyMemory *memory, const char *who, const char *key,
                                  const char *request, BlApiReply *ret_reply)
{
    g_autofree char *full = full_key(who, key);
    const Remembered *remembered = g_hash_table_lookup(memory->by_key, full);
    if (remembered == NULL)
        return BL_REPLY_NEW;
    if (!g_str_equal(remembered->request, request))
        return BL_REPLY_MISUSED;
    *ret_reply = (BlApiReply){.status = remembered->reply.status,
                              .body = json_incref(remembered->reply.body)};
    return BL_REPLY_KNOWN;
}

void bl_reply_memory_add(BlReplyMemory *memory, const char *who, const char *key,
                         const char *request, const BlApiReply *reply)
{
    char *full = full_key(who, key);
    if (g_hash_table_contains(memory->by_key, full)) {
        g_free(full);
        return;
    }
    if (memory->order.length >= BL_REPLY_MEMORY_MAX)
        g_hash_table_remove(memory->by_key, g_queue_pop_head(&memory->order));
    Remembered *remembered = g_new0(Remembered, 1);
    remembered->request = g_strdup(request);
    remembered->reply = (BlApiReply){.status = reply->status, .body = json_incref(reply->body)};
    g_hash_table_insert(memory->by_key, full, remembered);
    g_queue_push_tail(&memory->order, full);
}
