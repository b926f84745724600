/* JSON of a sample's NUMA nodes: see codec-node.h. The reader trusts nothing. */
#include "model/codec-node.h"

#include "model/codec.h"

/* Above any host, and far below what arithmetic minds. */
#define CPUS_MAX 65536
#define BYTES_MAX ((gint64)1 << 50)
#define DISTANCE_MAX 255

static gboolean fail(GError **error, const char *what)
{
    g_set_error(error, BL_CODEC_ERROR, BL_CODEC_ERROR_SHAPE, "\"nodes\" %s", what);
    return FALSE;
}

json_t *bl_nodes_to_json(const GArray *nodes)
{
    json_t *list = json_array();
    for (guint i = 0; i < nodes->len; i++) {
        const BlNodeSample *node = &g_array_index(nodes, BlNodeSample, i);
        json_t *distances = json_array();
        for (guint j = 0; j < nodes->len; j++)
            json_array_append_new(distances, json_integer(node->distance[j]));
        json_array_append_new(list,
                              json_pack("{s:i, s:i, s:i, s:I, s:I, s:o}", "id", (int)node->id,
                                        "cpus", (int)node->cpus, "cores", (int)node->cores,
                                        "memory", (json_int_t)node->memory_bytes, "available",
                                        (json_int_t)node->available_bytes, "distances", distances));
    }
    return list;
}

static gboolean integer_read(const json_t *value, gint64 least, gint64 most, gint64 *ret_value)
{
    *ret_value = json_integer_value(value);
    return json_is_integer(value) && *ret_value >= least && *ret_value <= most;
}

static gboolean node_read(const json_t *json, gsize count, BlNodeSample *ret_node)
{
    gint64 id, cpus, cores, distance;
    const json_t *distances = json_object_get(json, "distances");
    if (!integer_read(json_object_get(json, "id"), 0, BL_SAMPLE_NODES - 1, &id) ||
        !integer_read(json_object_get(json, "cpus"), 0, CPUS_MAX, &cpus) ||
        !integer_read(json_object_get(json, "cores"), 0, CPUS_MAX, &cores) ||
        !integer_read(json_object_get(json, "memory"), 0, BYTES_MAX, &ret_node->memory_bytes) ||
        !integer_read(json_object_get(json, "available"), -1, BYTES_MAX,
                      &ret_node->available_bytes) ||
        json_array_size(distances) != count)
        return FALSE;
    ret_node->id = (guint)id;
    ret_node->cpus = (guint)cpus;
    ret_node->cores = (guint)cores;
    for (gsize i = 0; i < count; i++) {
        if (!integer_read(json_array_get(distances, i), BL_DISTANCE_NEAR, DISTANCE_MAX, &distance))
            return FALSE;
        ret_node->distance[i] = (guint)distance;
    }
    return TRUE;
}

gboolean bl_nodes_from_json(const json_t *json, GArray *nodes, GError **error)
{
    gsize count = json_array_size(json);
    if (json == NULL)
        return TRUE;
    if (!json_is_array(json) || count > BL_SAMPLE_NODES)
        return fail(error, "is no list of nodes, or too long");
    for (gsize i = 0; i < count; i++) {
        BlNodeSample node = {0};
        if (!node_read(json_array_get(json, i), count, &node))
            return fail(error, "holds a node that lacks something, or is out of range");
        if (i > 0 && g_array_index(nodes, BlNodeSample, i - 1).id >= node.id)
            return fail(error, "is not sorted by id");
        g_array_append_val(nodes, node);
    }
    return TRUE;
}

json_t *bl_node_memory_to_json(const BlNodeMemory *memory)
{
    guint count = BL_NODES_MAX;
    json_t *list = json_array();
    while (count > 0 && memory->bytes[count - 1] == 0)
        count--;
    for (guint i = 0; i < count; i++)
        json_array_append_new(list, json_integer((json_int_t)memory->bytes[i]));
    return list;
}

gboolean bl_node_memory_from_json(const json_t *json, BlNodeMemory *ret_memory, GError **error)
{
    if (json == NULL)
        return TRUE;
    if (!json_is_array(json) || json_array_size(json) > BL_NODES_MAX)
        return fail(error, "of a domain's memory are no list, or too many");
    for (gsize i = 0; i < json_array_size(json); i++) {
        if (!integer_read(json_array_get(json, i), 0, BYTES_MAX, &ret_memory->bytes[i]))
            return fail(error, "of a domain's memory hold no amount");
    }
    ret_memory->known = TRUE;
    return TRUE;
}
