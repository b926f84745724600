/* Guests that are to start: see admissions.h. */
#include "daemon/admissions.h"

#include <string.h>

#include "base/units.h"
#include "config/policy-file.h"
#include "core/admission.h"

#define MEMORY_MAX ((gint64)1 << 50)
#define VCPUS_MAX 65536
#define COUNT_MAX 100
#define METADATA_MAX 64
#define BOOKINGS_MAX 256
/* An admitted guest that has not come by then failed to start. */
#define COME_USEC (30 * (gint64)BL_USEC_PER_SEC)
/* After this time it has touched what it needs to come up, and counts with what is measured. */
#define BOOKED_USEC (60 * (gint64)BL_USEC_PER_SEC)
#define NOTICE_USEC (600 * (gint64)BL_USEC_PER_SEC)

typedef struct {
    BlDomainSample *domain;
    gint64 since_usec;
    guint64 before; /* the generation of an earlier run that is still there; 0: none is */
    gboolean seen;
} Booking;

struct BlAdmissions {
    GPtrArray *bookings; /* Booking *, by age */
    char *notice;
    gint64 notice_usec;
};

static void booking_free(gpointer data)
{
    Booking *booking = data;
    bl_domain_sample_free(booking->domain);
    g_free(booking);
}

BlAdmissions *bl_admissions_new(void)
{
    BlAdmissions *admissions = g_new0(BlAdmissions, 1);
    admissions->bookings = g_ptr_array_new_with_free_func(booking_free);
    return admissions;
}

void bl_admissions_free(BlAdmissions *admissions)
{
    if (admissions == NULL)
        return;
    g_ptr_array_unref(admissions->bookings);
    g_free(admissions->notice);
    g_free(admissions);
}

/* --- bookings ------------------------------------------------------------------------------------
 */

static gboolean is_over(Booking *booking, const BlSample *sample)
{
    const BlDomainSample *domain = bl_sample_find(sample, booking->domain->uuid);
    gint64 age = sample->now_usec - booking->since_usec;
    gboolean there =
        domain != NULL && (booking->before == 0 || domain->generation != booking->before);
    booking->seen = booking->seen || there;
    return age > BOOKED_USEC || (!there && (booking->seen || age > COME_USEC));
}

void bl_admissions_update(BlAdmissions *admissions, const BlSample *sample)
{
    for (guint i = admissions->bookings->len; i > 0; i--) {
        if (is_over(g_ptr_array_index(admissions->bookings, i - 1), sample))
            g_ptr_array_remove_index(admissions->bookings, i - 1);
    }
}

/* Whoever asks again means the same guest. */
static void booking_put(BlAdmissions *admissions, BlDomainSample *domain, const BlSample *sample)
{
    const BlDomainSample *before = bl_sample_find(sample, domain->uuid);
    for (guint i = admissions->bookings->len; i > 0; i--) {
        const Booking *booking = g_ptr_array_index(admissions->bookings, i - 1);
        if (strcmp(booking->domain->uuid, domain->uuid) == 0)
            g_ptr_array_remove_index(admissions->bookings, i - 1);
    }
    if (admissions->bookings->len >= BOOKINGS_MAX)
        g_ptr_array_remove_index(admissions->bookings, 0);
    Booking *booking = g_new0(Booking, 1);
    *booking = (Booking){.domain = domain,
                         .since_usec = sample->now_usec,
                         .before = before != NULL ? before->generation : 0};
    g_ptr_array_add(admissions->bookings, booking);
}

static GPtrArray *booked(const BlAdmissions *admissions)
{
    GPtrArray *domains = g_ptr_array_new();
    for (guint i = 0; i < admissions->bookings->len; i++)
        g_ptr_array_add(domains, ((Booking *)g_ptr_array_index(admissions->bookings, i))->domain);
    return domains;
}

/* --- the question ------------------------------------------------------------------------------
 */

static BlApiReply bad(const char *detail)
{
    return bl_api_problem(400, "Bad question", "%s", detail);
}

/* A value of the query; FALSE when it is not one from 1 to `most`. */
static gboolean value_query(const BlApiCall *call, const char *key,
                            gboolean (*parse)(const char *, gint64 *), gint64 most, gint64 *value)
{
    const char *text = call->query(call->request, key);
    return text != NULL && parse(text, value) && *value >= 1 && *value <= most;
}

static gboolean sizes_query(const BlApiCall *call, BlDomainSample *domain, guint *ret_count,
                            BlApiReply *ret_problem)
{
    gint64 memory, vcpus, count = 1;
    if (!value_query(call, "memory", bl_bytes_parse, MEMORY_MAX, &memory)) {
        *ret_problem = bad("\"memory\" is the guest's memory in bytes, or with a unit: 4GiB");
        return FALSE;
    }
    if (!value_query(call, "vcpus", bl_integer_parse, VCPUS_MAX, &vcpus)) {
        *ret_problem = bad("\"vcpus\" is the number of its vCPUs");
        return FALSE;
    }
    if (call->query(call->request, "count") != NULL &&
        !value_query(call, "count", bl_integer_parse, COUNT_MAX, &count)) {
        *ret_problem = bad("\"count\" is how many guests alike, 1 to 100");
        return FALSE;
    }
    domain->vcpus = (guint)vcpus;
    bl_values_set(&domain->values, BL_DOMAIN_MEMORY_MAX, memory);
    bl_values_set(&domain->values, BL_DOMAIN_BALLOON, memory);
    *ret_count = (guint)count;
    return TRUE;
}

/* By what the guest is classified. */
static gboolean identity_query(const BlAdmissionFacts *facts, const BlApiCall *call,
                               BlDomainSample *domain, guint count, BlApiReply *ret_problem)
{
    const char *uuid = call->query(call->request, "uuid");
    const char *name = call->query(call->request, "name");
    const char *class_name = call->query(call->request, "class");
    const char *metadata = call->query(call->request, "metadata");
    guint index;
    if (uuid != NULL && (!g_uuid_string_is_valid(uuid) || count > 1)) {
        *ret_problem = bad("\"uuid\" is the whole UUID of one guest");
        return FALSE;
    }
    if (metadata != NULL && strchr(metadata, '=') == NULL) {
        *ret_problem = bad("\"metadata\" is KEY=VALUE");
        return FALSE;
    }
    if (class_name != NULL && !bl_policy_find_class(facts->policy, class_name, &index)) {
        g_autofree char *hint = bl_policy_class_hint(facts->policy, class_name);
        *ret_problem = bl_api_problem(404, "No such class", "the policy has no class \"%s\"; %s",
                                      class_name, hint);
        return FALSE;
    }
    for (guint i = 0; uuid != NULL && i + 1 < sizeof domain->uuid; i++)
        domain->uuid[i] = g_ascii_tolower(uuid[i]);
    g_free(domain->name);
    domain->name = g_strdup(name != NULL ? name : "");
    domain->class_override =
        g_strdup(class_name != NULL ? class_name
                                    : g_hash_table_lookup(facts->class_overrides, domain->uuid));
    if (metadata != NULL) {
        domain->metadata = g_new0(char *, 2);
        domain->metadata[0] = g_strdup(metadata);
    }
    return TRUE;
}

BlApiReply bl_admissions_fit(const BlAdmissions *admissions, const BlAdmissionFacts *facts,
                             const BlApiCall *call)
{
    BlApiReply problem = {0};
    guint count = 1, fitting;
    BlDomainSample *domain = bl_domain_sample_new("", "");
    if (!sizes_query(call, domain, &count, &problem) ||
        !identity_query(facts, call, domain, count, &problem)) {
        bl_domain_sample_free(domain);
        return problem;
    }
    g_autoptr(GPtrArray) bookings = booked(admissions);
    g_autoptr(BlFit) fit =
        bl_admission_fit_many(facts->engine, facts->policy, bookings, domain, count, &fitting);
    json_t *body = bl_fit_to_json(fit);
    json_object_set_new(body, "kind", json_string("Fit"));
    json_object_set_new(body, "count", json_integer(count));
    json_object_set_new(body, "fitting", json_integer(fitting));
    bl_domain_sample_free(domain);
    return (BlApiReply){.status = 200, .body = body};
}

/* --- a start -----------------------------------------------------------------------------------
 */

static gboolean integer_take(const json_t *body, const char *key, gint64 most, gint64 *ret_value)
{
    const json_t *value = json_object_get(body, key);
    if (!json_is_integer(value))
        return FALSE;
    *ret_value = json_integer_value(value);
    return *ret_value >= 1 && *ret_value <= most;
}

static char **metadata_take(const json_t *list)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new();
    for (size_t i = 0; i < json_array_size(list) && i < METADATA_MAX; i++) {
        const char *entry = json_string_value(json_array_get(list, i));
        if (entry != NULL)
            g_ptr_array_add(entries, g_strdup(entry));
    }
    g_ptr_array_add(entries, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&entries), FALSE);
}

/* NULL when the body is not of a guest. */
static BlDomainSample *domain_take(const BlAdmissionFacts *facts, const json_t *body)
{
    const char *name = json_string_value(json_object_get(body, "name"));
    const char *uuid = json_string_value(json_object_get(body, "uuid"));
    gint64 memory, vcpus, balloon;
    if (name == NULL || uuid == NULL || !g_uuid_string_is_valid(uuid) ||
        !integer_take(body, "memory", MEMORY_MAX, &memory) ||
        !integer_take(body, "vcpus", VCPUS_MAX, &vcpus))
        return NULL;
    g_autofree char *lower = g_ascii_strdown(uuid, -1);
    BlDomainSample *domain = bl_domain_sample_new(lower, name);
    domain->vcpus = (guint)vcpus;
    bl_values_set(&domain->values, BL_DOMAIN_MEMORY_MAX, memory);
    if (integer_take(body, "balloon", MEMORY_MAX, &balloon))
        bl_values_set(&domain->values, BL_DOMAIN_BALLOON, balloon);
    domain->metadata = metadata_take(json_object_get(body, "metadata"));
    domain->class_override = g_strdup(g_hash_table_lookup(facts->class_overrides, lower));
    return domain;
}

/* What there is to say about it; NULL: nothing. */
static char *message_of(const BlFit *fit, gboolean admitted, BlAdmission admission, BlMode mode)
{
    if (fit->fits || admission == BL_ADMISSION_OFF)
        return NULL;
    if (!admitted)
        return g_strdup_printf("%s. The policy refuses its start (boundaries.admission: refuse)",
                               fit->text);
    if (admission == BL_ADMISSION_REFUSE)
        return g_strdup_printf("%s. It starts all the same, because the mode is %s", fit->text,
                               bl_mode_name(mode));
    return g_strdup_printf("%s. It starts all the same (boundaries.admission: warn)", fit->text);
}

static void notice_set(BlAdmissions *admissions, const char *message, const BlSample *sample)
{
    g_free(admissions->notice);
    admissions->notice = g_strdup(message);
    admissions->notice_usec = sample->now_usec;
}

const char *bl_admissions_notice(const BlAdmissions *admissions, const BlSample *sample)
{
    return sample->now_usec - admissions->notice_usec <= NOTICE_USEC ? admissions->notice : NULL;
}

BlApiReply bl_admissions_admit(BlAdmissions *admissions, const BlAdmissionFacts *facts,
                               const BlApiCall *call)
{
    BlAdmission admission = facts->policy->admission;
    BlMode mode = bl_engine_mode(facts->engine);
    BlDomainSample *domain = domain_take(facts, call->body);
    if (domain == NULL)
        return bad(
            "a guest that is to start has \"name\", \"uuid\", \"memory\" in bytes, \"vcpus\", "
            "and may have \"balloon\" in bytes and \"metadata\", a list of \"KEY=VALUE\"");
    g_autoptr(GPtrArray) bookings = booked(admissions);
    g_autoptr(BlFit) fit = bl_admission_fit(facts->engine, facts->policy, bookings, domain);
    gboolean admitted = fit->fits || admission != BL_ADMISSION_REFUSE || mode != BL_MODE_ENFORCE;
    g_autofree char *message = message_of(fit, admitted, admission, mode);
    json_t *body = bl_fit_to_json(fit);
    json_object_set_new(body, "kind", json_string("Admission"));
    json_object_set_new(body, "name", json_string(domain->name));
    json_object_set_new(body, "uuid", json_string(domain->uuid));
    json_object_set_new(body, "admission", json_string(bl_admission_name(admission)));
    json_object_set_new(body, "admitted", json_boolean(admitted));
    if (message != NULL) {
        json_object_set_new(body, "message", json_string(message));
        notice_set(admissions, message, facts->sample);
    }
    if (admitted)
        booking_put(admissions, domain, facts->sample);
    else
        bl_domain_sample_free(domain);
    return (BlApiReply){.status = 200, .body = body};
}
