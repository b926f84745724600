/* A sample: see sample.h. */
#include "model/sample.h"

#include <string.h>

#include "model/size.h"

static void outcome_clear(gpointer data)
{
    BlOutcome *outcome = data;
    g_clear_pointer(&outcome->message, g_free);
}

BlSample *bl_sample_new(void)
{
    BlSample *sample = g_new0(BlSample, 1);
    sample->domains = g_ptr_array_new_with_free_func((GDestroyNotify)bl_domain_sample_free);
    sample->outcomes = g_array_new(FALSE, TRUE, sizeof(BlOutcome));
    g_array_set_clear_func(sample->outcomes, outcome_clear);
    sample->requests = g_array_new(FALSE, TRUE, sizeof(BlRequest));
    sample->holdings = g_array_new(FALSE, TRUE, sizeof(BlHolding));
    sample->nodes = g_array_new(FALSE, TRUE, sizeof(BlNodeSample));
    sample->histories = g_array_new(FALSE, TRUE, sizeof(BlSizeHistory));
    return sample;
}

void bl_sample_free(BlSample *sample)
{
    if (sample == NULL)
        return;
    g_ptr_array_unref(sample->domains);
    g_array_unref(sample->outcomes);
    g_array_unref(sample->requests);
    g_array_unref(sample->holdings);
    g_array_unref(sample->nodes);
    g_array_unref(sample->histories);
    g_free(sample);
}

void bl_sample_clear(BlSample *sample)
{
    sample->now_usec = sample->wall_usec = 0;
    sample->first_id = 0;
    sample->host.present = sample->host_controls.present = 0;
    sample->host_generation = 0;
    g_ptr_array_set_size(sample->domains, 0);
    g_array_set_size(sample->outcomes, 0);
    g_array_set_size(sample->requests, 0);
    g_array_set_size(sample->holdings, 0);
    g_array_set_size(sample->nodes, 0);
    g_array_set_size(sample->histories, 0);
}

BlDomainSample *bl_domain_sample_new(const char *uuid, const char *name)
{
    BlDomainSample *domain = g_new0(BlDomainSample, 1);
    g_strlcpy(domain->uuid, uuid, sizeof domain->uuid);
    domain->name = g_strdup(name);
    domain->threads = g_array_new(FALSE, TRUE, sizeof(BlThreadSample));
    domain->blames = g_array_new(FALSE, TRUE, sizeof(BlBlame));
    return domain;
}

void bl_domain_sample_free(BlDomainSample *domain)
{
    if (domain == NULL)
        return;
    g_free(domain->name);
    g_free(domain->class_override);
    g_strfreev(domain->metadata);
    g_array_unref(domain->threads);
    g_array_unref(domain->blames);
    g_free(domain);
}

static int domain_compare(gconstpointer a, gconstpointer b)
{
    const BlDomainSample *const *left = a, *const *right = b;
    return strcmp((*left)->uuid, (*right)->uuid);
}

int bl_thread_order(BlThreadRole left_role, guint left_index, BlThreadRole right_role,
                    guint right_index)
{
    if (left_role != right_role)
        return left_role < right_role ? -1 : 1;
    return left_index < right_index ? -1 : left_index > right_index;
}

static int thread_compare(gconstpointer a, gconstpointer b)
{
    const BlThreadSample *left = a, *right = b;
    int order = bl_thread_order(left->role, left->index, right->role, right->index);
    return order != 0 ? order : left->tid < right->tid ? -1 : left->tid > right->tid;
}

int bl_blame_order(const BlBlame *left, const BlBlame *right)
{
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return strcmp(left->culprit, right->culprit);
}

void bl_sample_sort(BlSample *sample)
{
    g_ptr_array_sort(sample->domains, domain_compare);
    for (guint i = 0; i < sample->domains->len; i++) {
        BlDomainSample *domain = g_ptr_array_index(sample->domains, i);
        g_array_sort(domain->threads, thread_compare);
    }
}

const BlDomainSample *bl_sample_find(const BlSample *sample, const char *uuid)
{
    guint low = 0, high = sample->domains->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        const BlDomainSample *domain = g_ptr_array_index(sample->domains, middle);
        int order = strcmp(domain->uuid, uuid);
        if (order == 0)
            return domain;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

int bl_name_index(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (g_strcmp0(names[i], name) == 0)
            return i;
    }
    return -1;
}

static const char *const mode_names[BL_MODE_COUNT] = {"observe", "advise", "enforce"};
static const char *const state_names[BL_STATE_COUNT] = {"unknown", "running", "paused"};
static const char *const role_names[BL_ROLE_COUNT] = {"vcpu", "emulator", "iothread"};
static const char *const culprit_names[BL_CULPRITS] = {"vm",       "service", "kernel",
                                                       "ownLimit", "wakeup",  "unseen"};
static const char *const result_names[BL_OUTCOME_COUNT] = {"applied", "conflict", "failed",
                                                           "vanished"};
static const char *const request_names[BL_REQUEST_COUNT] = {"mode", "approve", "undo", "release"};

const char *bl_mode_name(BlMode mode)
{
    return mode < BL_MODE_COUNT ? mode_names[mode] : "unknown";
}

gboolean bl_mode_parse(const char *name, BlMode *ret_mode)
{
    int index = bl_name_index(mode_names, BL_MODE_COUNT, name);
    if (index < 0)
        return FALSE;
    *ret_mode = (BlMode)index;
    return TRUE;
}

const char *bl_domain_state_name(BlDomainState state)
{
    return state < BL_STATE_COUNT ? state_names[state] : "unknown";
}

const char *bl_thread_role_name(BlThreadRole role)
{
    return role < BL_ROLE_COUNT ? role_names[role] : "unknown";
}

const char *bl_culprit_kind_name(BlCulpritKind kind)
{
    return kind < BL_CULPRITS ? culprit_names[kind] : "unknown";
}

const char *bl_outcome_result_name(BlOutcomeResult result)
{
    return result < BL_OUTCOME_COUNT ? result_names[result] : "unknown";
}

const char *bl_request_kind_name(BlRequestKind kind)
{
    return kind < BL_REQUEST_COUNT ? request_names[kind] : "unknown";
}
