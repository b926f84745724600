/* The journal: what is in force after any sequence of steps, crashes and damage. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "actuate/journal.h"
#include "base/fd.h"

#define UUID "aaaaaaaa-0000-0000-0000-000000000001"

typedef struct {
    char *folder;
    char *path;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->folder = g_dir_make_tmp("ballast-journal-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "journal", NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    g_remove(fixture->path);
    g_rmdir(fixture->folder);
    g_free(fixture->path);
    g_free(fixture->folder);
}

static BlStep step_of(gint64 from, gint64 to, gint64 original)
{
    BlStep step = {.id = 1,
                   .generation = 5,
                   .field = BL_DOMAIN_CPU_SHARES,
                   .from = from,
                   .to = to,
                   .undo = original,
                   .is_undo = to == original};
    g_strlcpy(step.uuid, UUID, sizeof step.uuid);
    bl_name_copy(step.reason.domain, "web-1");
    return step;
}

static BlJournal *journal_open(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    BlJournal *journal = bl_journal_open(fixture->folder, &error);
    g_assert_no_error(error);
    return journal;
}

static void check(gboolean done, GError **error)
{
    g_assert_no_error(*error);
    g_assert_true(done);
}

static guint in_force(BlJournal *journal)
{
    g_autoptr(GArray) entries = bl_journal_entries(journal);
    return entries->len;
}

static void test_life(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    BlStep first = step_of(1024, 200, 1024), second = step_of(200, 300, 1024);
    BlStep undo = step_of(300, 1024, 1024);
    BlHolding holding;
    BlJournal *journal = journal_open(fixture);
    check(bl_journal_intend(journal, &first, &error), &error);
    check(bl_journal_applied(journal, &first, &error), &error);
    check(bl_journal_intend(journal, &second, &error), &error);
    check(bl_journal_applied(journal, &second, &error), &error);
    bl_journal_close(journal);
    journal = journal_open(fixture);
    g_assert_true(bl_journal_resolve(journal, UUID, 5, BL_DOMAIN_CPU_SHARES, 300, &holding));
    g_assert_cmpint(holding.original, ==, 1024);
    g_assert_cmpint(holding.value, ==, 300);
    g_assert_false(bl_journal_resolve(journal, UUID, 6, BL_DOMAIN_CPU_SHARES, 300, &holding));
    check(bl_journal_intend(journal, &undo, &error), &error);
    check(bl_journal_applied(journal, &undo, &error), &error);
    g_assert_cmpuint(in_force(journal), ==, 0);
    bl_journal_close(journal);
    journal = journal_open(fixture);
    g_assert_cmpuint(in_force(journal), ==, 0);
    bl_journal_close(journal);
}

/* Killed between intent and write, or between write and record: the value tells which. */
static void test_crash_between(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    BlStep first = step_of(1024, 200, 1024), second = step_of(200, 300, 1024);
    BlHolding holding;
    BlJournal *journal = journal_open(fixture);
    check(bl_journal_intend(journal, &first, &error), &error);
    bl_journal_close(journal);
    journal = journal_open(fixture);
    g_assert_true(bl_journal_resolve(journal, UUID, 5, BL_DOMAIN_CPU_SHARES, 200, &holding));
    g_assert_false(bl_journal_resolve(journal, UUID, 5, BL_DOMAIN_CPU_SHARES, 1024, &holding));
    g_assert_cmpuint(in_force(journal), ==, 0);
    check(bl_journal_intend(journal, &first, &error), &error);
    check(bl_journal_applied(journal, &first, &error), &error);
    check(bl_journal_intend(journal, &second, &error), &error);
    bl_journal_close(journal);
    journal = journal_open(fixture);
    g_assert_true(bl_journal_resolve(journal, UUID, 5, BL_DOMAIN_CPU_SHARES, 200, &holding));
    g_assert_cmpint(holding.value, ==, 200);
    g_assert_cmpint(holding.original, ==, 1024);
    bl_journal_close(journal);
}

static void test_withdraw(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    BlStep first = step_of(1024, 200, 1024), second = step_of(200, 300, 1024);
    BlHolding holding;
    g_autoptr(BlJournal) journal = journal_open(fixture);
    check(bl_journal_intend(journal, &first, &error), &error);
    check(bl_journal_withdraw(journal, &first, &error), &error);
    g_assert_cmpuint(in_force(journal), ==, 0);
    check(bl_journal_intend(journal, &first, &error), &error);
    check(bl_journal_applied(journal, &first, &error), &error);
    check(bl_journal_intend(journal, &second, &error), &error);
    check(bl_journal_withdraw(journal, &second, &error), &error);
    g_assert_true(bl_journal_resolve(journal, UUID, 5, BL_DOMAIN_CPU_SHARES, 200, &holding));
    g_assert_cmpint(holding.value, ==, 200);
}

/* A balloon that was told to go back stays known until it has arrived, and no longer. */
static void test_return(Fixture *fixture, gconstpointer data)
{
    const gint64 gib = (gint64)1 << 30;
    g_autoptr(GError) error = NULL;
    BlStep take = step_of(2 * gib, gib, 2 * gib), undo = step_of(gib, 2 * gib, 2 * gib);
    take.field = undo.field = BL_DOMAIN_BALLOON;
    BlHolding holding;
    BlJournal *journal = journal_open(fixture);
    check(bl_journal_intend(journal, &take, &error), &error);
    check(bl_journal_applied(journal, &take, &error), &error);
    check(bl_journal_intend(journal, &undo, &error), &error);
    /* Whether it was told is not known: it is told again. */
    g_assert_true(bl_journal_resolve(journal, UUID, 5, BL_DOMAIN_BALLOON, gib, &holding));
    g_assert_true(holding.unsure && !holding.returns);
    check(bl_journal_applied(journal, &undo, &error), &error);
    bl_journal_close(journal);
    journal = journal_open(fixture);
    g_assert_true(bl_journal_resolve(journal, UUID, 5, BL_DOMAIN_BALLOON, 3 * gib / 2, &holding));
    g_assert_true(holding.returns);
    g_assert_cmpint(holding.original, ==, 2 * gib);
    g_assert_false(bl_journal_resolve(journal, UUID, 5, BL_DOMAIN_BALLOON, 2 * gib, &holding));
    g_assert_cmpuint(in_force(journal), ==, 0);
    check(bl_journal_intend(journal, &undo, &error), &error);
    check(bl_journal_applied(journal, &undo, &error), &error);
    BlSettled settled = {.generation = 5, .field = BL_DOMAIN_BALLOON};
    g_strlcpy(settled.uuid, UUID, sizeof settled.uuid);
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof settled);
    g_array_append_val(list, settled);
    bl_journal_forget(journal, list);
    g_assert_cmpuint(in_force(journal), ==, 0);
    bl_journal_close(journal);
}

/* Cut anywhere, the journal still opens, and holds what the whole lines say. */
static void test_torn_anywhere(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    BlStep first = step_of(1024, 200, 1024);
    BlJournal *journal = journal_open(fixture);
    check(bl_journal_intend(journal, &first, &error), &error);
    check(bl_journal_applied(journal, &first, &error), &error);
    bl_journal_close(journal);
    g_autofree char *text = NULL;
    gsize length = 0;
    check(bl_file_read_limited(fixture->path, 1 << 20, &text, &length, &error), &error);
    gsize first_line = (gsize)(strchr(text, '\n') - text) + 1;
    for (gsize cut = 0; cut <= length; cut++) {
        guint damaged;
        g_autoptr(GArray) entries = bl_journal_parse(text, cut, &damaged);
        g_assert_cmpuint(entries->len, ==, cut >= first_line);
        g_assert_cmpuint(damaged, ==, cut != 0 && cut != first_line && cut != length);
    }
    for (gsize at = 0; at < length; at++) {
        g_autofree char *bent = g_memdup2(text, length);
        guint damaged;
        bent[at] ^= 1;
        g_autoptr(GArray) entries = bl_journal_parse(bent, length, &damaged);
        g_assert_cmpuint(damaged, >=, 1);
        g_assert_cmpuint(entries->len, <=, 1);
    }
}

/* A disk that takes no more: the intent fails, says so, and the file is as it was. */
static void test_disk_full(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    BlStep first = step_of(1024, 200, 1024), second = step_of(200, 300, 1024);
    BlJournal *journal = journal_open(fixture);
    check(bl_journal_intend(journal, &first, &error), &error);
    check(bl_journal_applied(journal, &first, &error), &error);
    g_autofree char *before = NULL, *after = NULL;
    gsize before_length = 0, after_length = 0;
    check(bl_file_read_limited(fixture->path, 1 << 20, &before, &before_length, &error), &error);
    struct rlimit old, small = {before_length + 40, RLIM_INFINITY};
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    g_assert_false(bl_journal_intend(journal, &second, &error));
    setrlimit(RLIMIT_FSIZE, &old);
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "nothing is changed"));
    g_clear_error(&error);
    check(bl_file_read_limited(fixture->path, 1 << 20, &after, &after_length, &error), &error);
    g_assert_cmpmem(before, before_length, after, after_length);
    check(bl_journal_intend(journal, &second, &error), &error);
    bl_journal_close(journal);
}

static void test_compacts(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    BlStep step = step_of(1024, 200, 1024);
    g_autoptr(BlJournal) journal = journal_open(fixture);
    for (int i = 0; i < 8000; i++)
        check(bl_journal_applied(journal, &step, &error), &error);
    g_autofree char *text = NULL;
    gsize length = 0;
    check(bl_file_read_limited(fixture->path, 16 << 20, &text, &length, &error), &error);
    g_assert_cmpuint(length, <, 2 << 20);
    g_assert_cmpuint(in_force(journal), ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/journal/life", Fixture, NULL, set_up, test_life, tear_down);
    g_test_add("/journal/crash-between", Fixture, NULL, set_up, test_crash_between, tear_down);
    g_test_add("/journal/withdraw", Fixture, NULL, set_up, test_withdraw, tear_down);
    g_test_add("/journal/return", Fixture, NULL, set_up, test_return, tear_down);
    g_test_add("/journal/torn-anywhere", Fixture, NULL, set_up, test_torn_anywhere, tear_down);
    g_test_add("/journal/disk-full", Fixture, NULL, set_up, test_disk_full, tear_down);
    g_test_add("/journal/compacts", Fixture, NULL, set_up, test_compacts, tear_down);
    return g_test_run();
}
