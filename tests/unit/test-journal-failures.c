/* The journal on a file, with every call and every allocation failing in turn: what Ballast holds
 * is known afterwards, what was there before is not lost, failures are told, nothing leaks. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actuate/actuate.h"
#include "actuate/journal.h"
#include "base/fd.h"
#include "failing.h"
#include "model/codec.h"

#define FIELDS 3
/* Lines after which the journal is rewritten at its next change. */
#define LINES_TO_COMPACT 5000
#define SURVIVED 3

/* A control as the kernel has it, where a child process and its parent both see it. */
typedef struct {
    gint64 original, present;
} Control;

typedef struct {
    char *folder, *path;
    Control *controls; /* FIELDS, shared */
    BlStep step;       /* the last one tried */
} Fixture;

static const gint64 originals[FIELDS] = {1024, BL_QUOTA_NONE, 1024};
static const BlDomainField fields[FIELDS] = {BL_DOMAIN_CPU_SHARES, BL_DOMAIN_CPU_QUOTA,
                                             BL_DOMAIN_CPU_SHARES};
static const char *const uuids[FIELDS] = {"aaaaaaaa-0000-0000-0000-000000000001",
                                          "aaaaaaaa-0000-0000-0000-000000000001",
                                          "bbbbbbbb-0000-0000-0000-000000000002"};
/* What a run does: which control gets which value. The original is an undo. */
static const struct {
    guint control;
    gint64 to;
} script[] = {{0, 200}, {1, 50000}, {0, 300}, {2, 400}, {1, BL_QUOTA_NONE}, {0, 1024}, {0, 500}};

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->folder = g_dir_make_tmp("ballast-failing-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "journal", NULL);
    fixture->controls = mmap(NULL, FIELDS * sizeof(Control), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert_true(fixture->controls != MAP_FAILED);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    g_autofree char *beside = g_strconcat(fixture->path, ".new", NULL);
    g_remove(beside);
    g_remove(fixture->path);
    g_rmdir(fixture->folder);
    munmap(fixture->controls, FIELDS * sizeof(Control));
    g_free(fixture->path);
    g_free(fixture->folder);
}

static void start_over(Fixture *fixture)
{
    g_remove(fixture->path);
    for (guint i = 0; i < FIELDS; i++)
        fixture->controls[i] = (Control){originals[i], originals[i]};
}

static gboolean control_read(gpointer target, BlDomainField field, gint64 *ret_value)
{
    *ret_value = ((const Control *)target)->present;
    return TRUE;
}

static gboolean control_write(gpointer target, BlDomainField field, gint64 value, GError **error)
{
    ((Control *)target)->present = value;
    return TRUE;
}

static BlOutcomeResult step_run(Fixture *fixture, BlJournal *journal, guint control, gint64 to)
{
    Control *at = &fixture->controls[control];
    BlControls controls = {control_read, control_write, at};
    fixture->step = (BlStep){.id = 1,
                             .generation = 5,
                             .field = fields[control],
                             .from = at->present,
                             .to = to,
                             .undo = at->original,
                             .is_undo = to == at->original};
    g_strlcpy(fixture->step.uuid, uuids[control], sizeof fixture->step.uuid);
    bl_name_copy(fixture->step.reason.domain, "web-1");
    BlOutcome outcome = bl_actuate_step(journal, &controls, &fixture->step);
    g_assert_true((outcome.result == BL_OUTCOME_APPLIED) == (outcome.message == NULL));
    g_free(outcome.message);
    return outcome.result;
}

/* --- what must be true after a failure -----------------------------------------------------------
 */

/* The file as it is on the disk: whole lines, but for a last one where the disk stayed broken. */
static void check_text(const Fixture *fixture, gboolean may_be_torn)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    guint damaged = 0;
    if (!g_file_get_contents(fixture->path, &text, &length, NULL))
        return;
    g_autoptr(GArray) entries = bl_journal_parse(text, length, &damaged);
    g_assert_cmpuint(damaged, <=, may_be_torn ? 1 : 0);
    if (damaged == 0)
        return;
    const char *last = g_strrstr_len(text, (gssize)length - 1, "\n");
    gsize whole = last != NULL ? (gsize)(last - text) + 1 : 0;
    g_autoptr(GArray) before = bl_journal_parse(text, whole, &damaged);
    g_assert_cmpuint(damaged, ==, 0);
    g_assert_cmpuint(before->len, ==, entries->len);
}

/* A new life of the daemon finds every value of ours with its original, and gives all back. */
static void check_next_life(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BlJournal) journal = bl_journal_open(fixture->folder, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < FIELDS; i++) {
        const Control *control = &fixture->controls[i];
        BlHolding holding;
        gboolean ours =
            bl_journal_resolve(journal, uuids[i], 5, fields[i], control->present, &holding);
        g_assert_true(ours || control->present == control->original);
        if (!ours)
            continue;
        g_assert_cmpint(holding.original, ==, control->original);
        g_assert_cmpint(holding.value, ==, control->present);
        g_assert_cmpint(step_run(fixture, journal, i, control->original), ==, BL_OUTCOME_APPLIED);
        g_assert_cmpint(control->present, ==, control->original);
    }
    g_autoptr(GArray) left = bl_journal_entries(journal);
    g_assert_cmpuint(left->len, ==, 0);
}

/* --- calls that fail -----------------------------------------------------------------------------
 */

/* One life of the daemon. Returns how many of its operations failed; each has said so. */
static guint life(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BlJournal) journal = bl_journal_open(fixture->folder, &error);
    g_assert_true((journal == NULL) == (error != NULL));
    if (journal == NULL)
        return 1;
    guint failed = 0;
    for (guint i = 0; i < G_N_ELEMENTS(script); i++) {
        gint64 before = fixture->controls[script[i].control].present;
        BlOutcomeResult result = step_run(fixture, journal, script[i].control, script[i].to);
        failed += result != BL_OUTCOME_APPLIED;
        /* Either it was made, or nothing was changed, or it is known that it may have been. */
        gint64 now = fixture->controls[script[i].control].present;
        g_assert_true(now == script[i].to || now == before);
        g_assert_true(result != BL_OUTCOME_APPLIED || now == script[i].to);
    }
    return failed;
}

static void sweep(Fixture *fixture, FailingMode mode, int code, gboolean second_life)
{
    guint descriptors = failing_descriptors();
    for (guint nth = 1;; nth++) {
        g_assert_cmpuint(nth, <, 1000);
        start_over(fixture);
        if (second_life)
            g_assert_cmpuint(life(fixture), ==, 0);
        failing_calls_arm(nth, mode, code);
        guint failed = life(fixture);
        gboolean hit = failing_calls_disarm();
        g_assert_cmpint(hit, ==, failed > 0);
        /* With a disk that works again the life goes on: one operation alone was lost. */
        g_assert_true(mode == FAILING_ALWAYS || failed <= 1);
        check_text(fixture, mode == FAILING_ALWAYS);
        check_next_life(fixture);
        g_assert_cmpuint(failing_descriptors(), ==, descriptors);
        if (!hit)
            return;
    }
}

static void test_calls(Fixture *fixture, gconstpointer data)
{
    static const int codes[] = {EIO, ENOSPC};
    for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
        for (int mode = 0; mode < FAILING_MODES; mode++) {
            sweep(fixture, (FailingMode)mode, codes[i], FALSE);
            sweep(fixture, (FailingMode)mode, codes[i], TRUE);
        }
    }
}

/* The change at which the journal is rewritten. */
static void test_compaction(Fixture *fixture, gconstpointer data)
{
    for (guint nth = 1;; nth++) {
        g_autoptr(GError) error = NULL;
        start_over(fixture);
        g_autoptr(BlJournal) journal = bl_journal_open(fixture->folder, &error);
        g_assert_cmpint(step_run(fixture, journal, 0, 200), ==, BL_OUTCOME_APPLIED);
        for (guint i = 0; i < LINES_TO_COMPACT; i++)
            g_assert_true(bl_journal_settle(journal, &fixture->step, &error));
        failing_calls_arm(nth, (FailingMode)(nth % FAILING_MODES), ENOSPC);
        BlOutcomeResult result = step_run(fixture, journal, 2, 400);
        gboolean hit = failing_calls_disarm();
        g_assert_cmpint(result, ==, hit ? BL_OUTCOME_FAILED : BL_OUTCOME_APPLIED);
        /* It goes on with the file that is there. */
        g_assert_cmpint(step_run(fixture, journal, 1, 70000), ==, BL_OUTCOME_APPLIED);
        check_text(fixture, nth % FAILING_MODES == FAILING_ALWAYS);
        check_next_life(fixture);
        if (!hit)
            return;
    }
}

/* --- no memory -----------------------------------------------------------------------------------
 */

/* A life in a child process, in which an allocation fails. TRUE when one did. */
static gboolean life_without_memory(Fixture *fixture, guint nth)
{
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        struct rlimit no_core = {0, 0};
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(nowhere, STDERR_FILENO);
        dup2(nowhere, STDOUT_FILENO);
        failing_memory_arm(nth);
        life(fixture);
        _exit(failing_memory_disarm() ? SURVIVED : 0);
    }
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void test_memory(Fixture *fixture, gconstpointer data)
{
    if (!failing_memory_works()) {
        g_test_skip("a sanitizer owns the allocator");
        return;
    }
    for (int second = 0; second <= 1; second++) {
        for (guint nth = 1;; nth++) {
            g_assert_cmpuint(nth, <, 5000);
            start_over(fixture);
            if (second)
                g_assert_cmpuint(life(fixture), ==, 0);
            gboolean hit = life_without_memory(fixture, nth);
            /* Dead between two bytes of a line at worst. */
            check_text(fixture, TRUE);
            check_next_life(fixture);
            if (!hit)
                break;
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bl_json_memory_guard();
    g_test_add("/journal-failures/calls", Fixture, NULL, set_up, test_calls, tear_down);
    g_test_add("/journal-failures/compaction", Fixture, NULL, set_up, test_compaction, tear_down);
    g_test_add("/journal-failures/memory", Fixture, NULL, set_up, test_memory, tear_down);
    return g_test_run();
}
