/* The nouns: field table, samples through JSON and back, refusals of damaged JSON. */
#include <string.h>

#include "model/codec.h"
#include "model/size.h"

static void test_field_table(void)
{
    for (guint scope = 0; scope < BL_SCOPE_COUNT; scope++) {
        for (guint i = 0; i < bl_field_count(scope); i++) {
            const BlFieldInfo *info = bl_field_info(scope, i);
            guint found;
            g_assert_nonnull(info->name);
            g_assert_nonnull(info->column);
            g_assert_nonnull(info->help);
            g_assert_true(bl_field_find(scope, info->name, &found));
            g_assert_cmpuint(found, ==, i);
        }
    }
    guint field;
    g_assert_false(bl_field_find(BL_SCOPE_HOST, "no.such", &field));
}

static BlSample *sample_make(void)
{
    BlSample *sample = bl_sample_new();
    sample->now_usec = 123;
    sample->wall_usec = 456;
    sample->first_id = 9;
    bl_values_set(&sample->host, BL_HOST_CPU_COUNT, 2);
    static const char *const uuids[] = {"bbbbbbbb-0000-0000-0000-000000000002",
                                        "aaaaaaaa-0000-0000-0000-000000000001"};
    for (gsize i = 0; i < G_N_ELEMENTS(uuids); i++) {
        BlDomainSample *domain = bl_domain_sample_new(uuids[i], "na\"me");
        domain->state = BL_STATE_PAUSED;
        domain->generation = 77;
        domain->vcpus = 3;
        domain->stale = i == 1;
        domain->class_override = i == 1 ? g_strdup("batch") : NULL;
        domain->metadata = i == 1 ? g_strsplit("class=a,team=ci", ",", -1) : NULL;
        bl_values_set(&domain->values, BL_DOMAIN_CPU_QUOTA, -1);
        for (guint t = 2; t > 0; t--) {
            BlThreadSample thread = {.role = BL_ROLE_VCPU, .index = t - 1, .tid = 100 + t};
            bl_values_set(&thread.values, BL_THREAD_RUN_NSEC, 5 * t);
            g_array_append_val(domain->threads, thread);
        }
        g_ptr_array_add(sample->domains, domain);
    }
    BlOutcome outcome = {4, BL_OUTCOME_FAILED, 7, g_strdup("why")};
    g_array_append_val(sample->outcomes, outcome);
    BlRequest request = {.kind = BL_REQUEST_APPROVE, .mode = BL_MODE_ADVISE, .decision_id = 12};
    g_array_append_val(sample->requests, request);
    BlHolding holding = {.generation = 3, .field = BL_DOMAIN_CPU_IDLE, .value = 1, .shares = 200};
    g_strlcpy(holding.uuid, uuids[0], sizeof holding.uuid);
    g_array_append_val(sample->holdings, holding);
    BlSizeHistory history = {.uuid = "00000000-0000-0000-0000-000000000001",
                             .demands = {{.histogram = {.phase = 3, .weights = {5, 0, 7}}}}};
    g_array_append_val(sample->histories, history);
    for (guint i = 0; i < 2; i++) {
        BlNodeSample node = {
            .id = 3 * i, .cpus = 4, .cores = 2, .memory_bytes = 5, .distance = {10, 21}};
        node.available_bytes = (gint64)i - 1;
        g_array_append_val(sample->nodes, node);
    }
    BlDomainSample *domain = g_ptr_array_index(sample->domains, 0);
    domain->where = (BlNodeMemory){.known = TRUE, .bytes = {0, 7}};
    bl_sample_sort(sample);
    return sample;
}

static char *sample_text(const BlSample *sample)
{
    json_t *json = bl_sample_to_json(sample);
    char *text = json_dumps(json, BL_JSON_LINE);
    json_decref(json);
    return text;
}

static void test_sample_round_trip(void)
{
    g_autoptr(BlSample) sample = sample_make();
    g_autoptr(GError) error = NULL;
    json_t *json = bl_sample_to_json(sample);
    g_autoptr(BlSample) copy = bl_sample_from_json(json, &error);
    g_assert_no_error(error);
    char *left = sample_text(sample), *right = sample_text(copy);
    g_assert_cmpstr(left, ==, right);
    const BlDomainSample *first = g_ptr_array_index(copy->domains, 0);
    g_assert_cmpstr(first->class_override, ==, "batch");
    g_assert_true(first->stale && !first->where.known);
    const BlDomainSample *second = g_ptr_array_index(copy->domains, 1);
    g_assert_true(second->where.known && second->where.bytes[1] == 7);
    const BlNodeSample *node = &g_array_index(copy->nodes, BlNodeSample, 1);
    g_assert_true(node->id == 3 && node->available_bytes == 0 && node->distance[1] == 21);
    g_assert_cmpuint(g_array_index(first->threads, BlThreadSample, 0).index, ==, 0);
    free(left);
    free(right);
    json_decref(json);
}

/* Every key of a sample, taken away or replaced by nonsense, is noticed and never crashes. */
static void damage(json_t *root, json_t *at, guint *refused)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(at, next, key, value)
    {
        g_autofree char *name = g_strdup(key);
        json_incref(value);
        json_object_set_new(at, name, json_string("nonsense"));
        g_autoptr(GError) error = NULL;
        g_autoptr(BlSample) sample = bl_sample_from_json(root, &error);
        *refused += sample == NULL;
        g_assert_true((sample == NULL) == (error != NULL));
        json_object_set_new(at, name, value);
        if (json_is_object(value))
            damage(root, value, refused);
        if (json_is_array(value) && json_is_object(json_array_get(value, 0)))
            damage(root, json_array_get(value, 0), refused);
    }
}

static void test_damaged_samples(void)
{
    g_autoptr(BlSample) sample = sample_make();
    json_t *json = bl_sample_to_json(sample);
    guint refused = 0;
    damage(json, json, &refused);
    g_assert_cmpuint(refused, >=, 25);
    json_t *domains = json_object_get(json, "domains");
    json_array_append(domains, json_array_get(domains, 0));
    g_autoptr(GError) error = NULL;
    g_assert_null(bl_sample_from_json(json, &error));
    g_assert_nonnull(strstr(error->message, "sorted"));
    json_decref(json);
}

static void test_names_are_cut_at_characters(void)
{
    char name[BL_NAME_SIZE];
    g_autoptr(GString) longer = g_string_new("x");
    while (longer->len < 2 * BL_NAME_SIZE)
        g_string_append(longer, "\xc3\xa4");
    bl_name_copy(name, longer->str);
    g_assert_true(g_utf8_validate(name, -1, NULL));
    g_assert_cmpuint(strlen(name), >=, BL_NAME_SIZE - 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model/field-table", test_field_table);
    g_test_add_func("/model/sample-round-trip", test_sample_round_trip);
    g_test_add_func("/model/damaged-samples", test_damaged_samples);
    g_test_add_func("/model/names", test_names_are_cut_at_characters);
    return g_test_run();
}
