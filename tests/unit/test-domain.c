/* A domain in the engine: its figures from counters, and what a change of it forgets. */
#include "core/domain.h"

#include "base/units.h"

#define UUID "00000000-0000-0000-0000-000000000001"
#define WINDOW 200000

typedef struct {
    BlDomain *domain;
    BlDomainSample *sample;
    gint64 now_usec;
} Fixture;

static void thread_add(BlDomainSample *sample, BlThreadRole role, guint index, gint64 tid)
{
    BlThreadSample thread = {.role = role, .index = index, .tid = tid};
    bl_values_set(&thread.values, BL_THREAD_RUN_NSEC, 0);
    bl_values_set(&thread.values, BL_THREAD_DELAY_NSEC, 0);
    g_array_append_val(sample->threads, thread);
}

/* Two vCPUs, the emulator and an iothread; no quota. */
static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->domain = bl_domain_new(UUID);
    fixture->sample = bl_domain_sample_new(UUID, "web");
    fixture->sample->vcpus = 2;
    bl_values_set(&fixture->sample->values, BL_DOMAIN_CPU_QUOTA, BL_QUOTA_NONE);
    thread_add(fixture->sample, BL_ROLE_VCPU, 0, 10);
    thread_add(fixture->sample, BL_ROLE_VCPU, 1, 11);
    thread_add(fixture->sample, BL_ROLE_EMULATOR, 0, 12);
    thread_add(fixture->sample, BL_ROLE_IOTHREAD, 3, 13);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    bl_domain_free(fixture->domain);
    bl_domain_sample_free(fixture->sample);
}

static BlThreadSample *thread_of(Fixture *fixture, guint index)
{
    return &g_array_index(fixture->sample->threads, BlThreadSample, index);
}

/* One tick of 200 ms in which thread `i` runs and waits so many permyriad of the time. */
static void pass(Fixture *fixture, const gint64 run[4], const gint64 delay[4])
{
    fixture->now_usec += WINDOW;
    for (guint i = 0; i < fixture->sample->threads->len; i++) {
        BlValues *values = &thread_of(fixture, i)->values;
        values->value[BL_THREAD_RUN_NSEC] += run[i] * WINDOW / 10;
        values->value[BL_THREAD_DELAY_NSEC] += delay[i] * WINDOW / 10;
    }
    bl_domain_update(fixture->domain, fixture->sample, fixture->now_usec);
}

static BlValues figures_of(Fixture *fixture, char *worst, gsize size)
{
    BlValues figures;
    bl_domain_figures(fixture->domain, fixture->now_usec, WINDOW, &figures, worst, size);
    return figures;
}

static const gint64 none[4] = {0, 0, 0, 0};

static void test_figures(Fixture *fixture, gconstpointer data)
{
    static const gint64 run[4] = {4000, 6000, 500, 100}, delay[4] = {300, 100, 1499, 50};
    char worst[16] = "";
    pass(fixture, none, none);
    BlValues figures = figures_of(fixture, worst, sizeof worst);
    g_assert_cmpuint(figures.present, ==, 0);
    pass(fixture, run, delay);
    figures = figures_of(fixture, worst, sizeof worst);
    g_assert_cmpint(bl_values_get(&figures, BL_FIGURE_READY, -1), ==, 300);
    g_assert_cmpint(bl_values_get(&figures, BL_FIGURE_READY_MEAN, -1), ==, 200);
    g_assert_cmpint(bl_values_get(&figures, BL_FIGURE_READY_SERVICE, -1), ==, 1499);
    g_assert_cmpint(bl_values_get(&figures, BL_FIGURE_USED, -1), ==, 10600);
    g_assert_cmpint(bl_values_get(&figures, BL_FIGURE_DEMAND, -1), ==, 10600 + 1949);
    g_assert_false(bl_values_has(&figures, BL_FIGURE_THROTTLED));
    /* Service threads count only from a boundary on. */
    g_assert_cmpstr(worst, ==, "vcpu 0");
    g_assert_cmpint(bl_figures_wait(&figures), ==, 300);
}

static void test_service_counts_when_long(Fixture *fixture, gconstpointer data)
{
    static const gint64 run[4] = {4000, 6000, 500, 100}, emulator[4] = {300, 100, 1500, 50},
                        iothread[4] = {300, 100, 1500, 2000}, vcpu[4] = {300, 2500, 1500, 2000};
    char worst[16] = "";
    pass(fixture, none, none);
    pass(fixture, run, emulator);
    BlValues figures = figures_of(fixture, worst, sizeof worst);
    g_assert_cmpstr(worst, ==, "emulator");
    g_assert_cmpint(bl_figures_wait(&figures), ==, 1500);
    pass(fixture, run, iothread);
    figures = figures_of(fixture, worst, sizeof worst);
    g_assert_cmpstr(worst, ==, "iothread 3");
    g_assert_cmpint(bl_figures_wait(&figures), ==, 2000);
    pass(fixture, run, vcpu);
    figures = figures_of(fixture, worst, sizeof worst);
    g_assert_cmpstr(worst, ==, "vcpu 1");
    g_assert_cmpint(bl_figures_wait(&figures), ==, 2500);
    figures.present = 0;
    g_assert_cmpint(bl_figures_wait(&figures), ==, -1);
}

/* The kernel books long waits late and rounds: no thread waits or runs more than all the time. */
static void test_bounds(Fixture *fixture, gconstpointer data)
{
    static const gint64 much[4] = {10100, 10100, 0, 0}, long_wait[4] = {15000, 20000, 0, 0};
    pass(fixture, none, none);
    pass(fixture, much, long_wait);
    BlValues figures = figures_of(fixture, NULL, 0);
    g_assert_cmpint(figures.value[BL_FIGURE_READY], ==, BL_PERMYRIAD);
    g_assert_cmpint(figures.value[BL_FIGURE_USED], ==, 2 * BL_PERMYRIAD);
}

/* Time in which the own quota held the guest is no contention. */
static void test_throttling(Fixture *fixture, gconstpointer data)
{
    static const gint64 run[4] = {4000, 4000, 0, 0}, delay[4] = {5000, 2000, 0, 0};
    BlValues *values = &fixture->sample->values;
    bl_values_set(values, BL_DOMAIN_CPU_QUOTA, 80000);
    /* A quota whose throttling is unknown: what was waited is, too. */
    pass(fixture, none, none);
    pass(fixture, run, delay);
    BlValues figures = figures_of(fixture, NULL, 0);
    g_assert_false(bl_values_has(&figures, BL_FIGURE_READY));
    g_assert_false(bl_values_has(&figures, BL_FIGURE_DEMAND));
    g_assert_cmpint(bl_values_get(&figures, BL_FIGURE_USED, -1), ==, 8000);
    bl_values_set(values, BL_DOMAIN_THROTTLED_NSEC, 0);
    pass(fixture, run, delay);
    bl_values_set(values, BL_DOMAIN_THROTTLED_NSEC, 3000 * WINDOW / 10);
    pass(fixture, run, delay);
    figures = figures_of(fixture, NULL, 0);
    g_assert_cmpint(bl_values_get(&figures, BL_FIGURE_THROTTLED, -1), ==, 3000);
    g_assert_cmpint(bl_values_get(&figures, BL_FIGURE_READY, -1), ==, 2000);
    g_assert_cmpint(bl_values_get(&figures, BL_FIGURE_READY_MEAN, -1), ==, 1000);
    BlValues thread;
    bl_domain_thread_figures(fixture->domain, &g_array_index(fixture->domain->threads, BlThread, 0),
                             fixture->now_usec, WINDOW, &thread);
    g_assert_cmpint(bl_values_get(&thread, BL_FIGURE_READY, -1), ==, 2000);
    g_assert_cmpint(bl_values_get(&thread, BL_FIGURE_USED, -1), ==, 4000);
}

/* Without one thread's counters its share of the use is missing; the others' waits are not. */
static void test_missing_counters(Fixture *fixture, gconstpointer data)
{
    static const gint64 run[4] = {4000, 6000, 0, 0}, delay[4] = {300, 100, 0, 0};
    pass(fixture, none, none);
    bl_values_clear(&thread_of(fixture, 1)->values, BL_THREAD_DELAY_NSEC);
    pass(fixture, run, delay);
    BlValues figures = figures_of(fixture, NULL, 0);
    g_assert_cmpint(bl_values_get(&figures, BL_FIGURE_READY, -1), ==, 300);
    g_assert_cmpint(bl_values_get(&figures, BL_FIGURE_READY_MEAN, -1), ==, 300);
    g_assert_false(bl_values_has(&figures, BL_FIGURE_USED));
    g_assert_false(bl_values_has(&figures, BL_FIGURE_DEMAND));
    bl_values_clear(&thread_of(fixture, 0)->values, BL_THREAD_RUN_NSEC);
    pass(fixture, run, delay);
    figures = figures_of(fixture, NULL, 0);
    g_assert_false(bl_values_has(&figures, BL_FIGURE_READY));
    g_assert_true(bl_values_has(&figures, BL_FIGURE_READY_SERVICE));
    g_array_set_size(fixture->sample->threads, 0);
    pass(fixture, run, delay);
    pass(fixture, run, delay);
    g_assert_cmpuint(figures_of(fixture, NULL, 0).present, ==, 0);
}

static void fill(BlDomain *domain)
{
    domain->missed_ticks = 2;
    domain->fields[BL_DOMAIN_CPU_SHARES].held = TRUE;
    domain->triage.engaged = TRUE;
}

/* Other threads are other counters; another process is another guest with the same class. */
static void test_forgets(Fixture *fixture, gconstpointer data)
{
    static const gint64 run[4] = {4000, 6000, 0, 0};
    bl_values_set(&fixture->sample->values, BL_DOMAIN_THROTTLED_NSEC, 0);
    pass(fixture, none, none);
    pass(fixture, run, none);
    fill(fixture->domain);
    thread_of(fixture, 1)->tid = 99;
    pass(fixture, run, none);
    g_assert_false(figures_of(fixture, NULL, 0).present & (1u << BL_FIGURE_USED));
    g_assert_true(fixture->domain->fields[BL_DOMAIN_CPU_SHARES].held);
    pass(fixture, run, none);
    g_assert_true(figures_of(fixture, NULL, 0).present & (1u << BL_FIGURE_USED));
    bl_domain_forget_counters(fixture->domain);
    g_assert_cmpuint(figures_of(fixture, NULL, 0).present, ==, 0);
    g_assert_cmpuint(fixture->domain->missed_ticks, ==, 0);
    g_assert_true(fixture->domain->triage.engaged);
    fill(fixture->domain);
    fixture->sample->generation++;
    pass(fixture, run, none);
    g_assert_cmpuint(fixture->domain->missed_ticks, ==, 0);
    g_assert_false(fixture->domain->fields[BL_DOMAIN_CPU_SHARES].held);
    g_assert_false(fixture->domain->triage.engaged);
    g_assert_cmpuint(fixture->domain->generation, ==, fixture->sample->generation);
}

static void test_takes_over(Fixture *fixture, gconstpointer data)
{
    BlDomain *domain = fixture->domain;
    fixture->sample->state = BL_STATE_PAUSED;
    fixture->sample->stale = TRUE;
    pass(fixture, none, none);
    g_assert_cmpstr(domain->name, ==, "web");
    g_assert_cmpstr(domain->uuid, ==, UUID);
    g_assert_cmpint(domain->state, ==, BL_STATE_PAUSED);
    g_assert_true(domain->stale);
    g_assert_cmpuint(domain->vcpus, ==, 2);
    g_free(fixture->sample->name);
    fixture->sample->name = g_strdup("renamed");
    pass(fixture, none, none);
    g_assert_cmpstr(domain->name, ==, "renamed");
    bl_domain_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/domain/figures", Fixture, NULL, set_up, test_figures, tear_down);
    g_test_add("/domain/service", Fixture, NULL, set_up, test_service_counts_when_long, tear_down);
    g_test_add("/domain/bounds", Fixture, NULL, set_up, test_bounds, tear_down);
    g_test_add("/domain/throttling", Fixture, NULL, set_up, test_throttling, tear_down);
    g_test_add("/domain/missing-counters", Fixture, NULL, set_up, test_missing_counters, tear_down);
    g_test_add("/domain/forgets", Fixture, NULL, set_up, test_forgets, tear_down);
    g_test_add("/domain/takes-over", Fixture, NULL, set_up, test_takes_over, tear_down);
    return g_test_run();
}
