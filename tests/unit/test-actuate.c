/* Controls that are made of parts, such as the pins of each vCPU: what a change leaves that was cut
 * short is told from what somebody else did. */
#include <glib/gstdio.h>
#include <string.h>

#include "actuate/actuate.h"

#define UUID "aaaaaaaa-0000-0000-0000-000000000001"
#define PARTS 3
/* Where a guest is: anywhere, on ours, on somebody's. */
#define ANYWHERE 0
#define OURS 2
#define THEIRS 4

typedef struct {
    char *folder;
    BlJournal *journal;
    gint64 parts[PARTS];
    gboolean mixed_is_unknown; /* else it reads as BL_NODES_OWN */
} Guest;

static void journal_reopen(Guest *guest)
{
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&guest->journal, bl_journal_close);
    guest->journal = bl_journal_open(guest->folder, &error);
    g_assert_no_error(error);
}

static void set_up(Guest *guest, gconstpointer data)
{
    guest->folder = g_dir_make_tmp("ballast-actuate-XXXXXX", NULL);
    guest->mixed_is_unknown = data != NULL;
    journal_reopen(guest);
}

static void tear_down(Guest *guest, gconstpointer data)
{
    g_autofree char *path = g_build_filename(guest->folder, "journal", NULL);
    bl_journal_close(guest->journal);
    g_remove(path);
    g_rmdir(guest->folder);
    g_free(guest->folder);
}

static gboolean parts_read(gpointer target, BlDomainField field, gint64 *ret_value)
{
    const Guest *guest = target;
    *ret_value = guest->parts[0];
    for (guint i = 1; i < PARTS; i++) {
        if (guest->parts[i] == guest->parts[0])
            continue;
        *ret_value = BL_NODES_OWN;
        return !guest->mixed_is_unknown;
    }
    return TRUE;
}

static gboolean parts_write(gpointer target, BlDomainField field, gint64 value, GError **error)
{
    Guest *guest = target;
    for (guint i = 0; i < PARTS; i++)
        guest->parts[i] = value;
    return TRUE;
}

static gboolean parts_are_between(gpointer target, BlDomainField field, gint64 left, gint64 right)
{
    const Guest *guest = target;
    for (guint i = 0; i < PARTS; i++) {
        if (guest->parts[i] != left && guest->parts[i] != right)
            return FALSE;
    }
    return TRUE;
}

static BlStep step_of(gint64 from, gint64 to)
{
    BlStep step = {.id = 1,
                   .generation = 5,
                   .field = BL_DOMAIN_NODES,
                   .from = from,
                   .to = to,
                   .undo = ANYWHERE,
                   .is_undo = to == ANYWHERE};
    g_strlcpy(step.uuid, UUID, sizeof step.uuid);
    bl_name_copy(step.reason.domain, "web-1");
    return step;
}

static BlOutcomeResult step_run(Guest *guest, gint64 from, gint64 to)
{
    BlControls controls = {parts_read, parts_write, guest, parts_are_between};
    BlStep step = step_of(from, to);
    BlOutcome outcome = bl_actuate_step(guest->journal, &controls, &step);
    g_free(outcome.message);
    return outcome.result;
}

/* As if the daemon died after so many parts. */
static void step_cut_short(Guest *guest, gint64 from, gint64 to, guint parts)
{
    g_autoptr(GError) error = NULL;
    BlStep step = step_of(from, to);
    g_assert_true(bl_journal_intend(guest->journal, &step, &error));
    g_assert_no_error(error);
    for (guint i = 0; i < parts; i++)
        guest->parts[i] = to;
    journal_reopen(guest);
}

static void check_given_back(Guest *guest)
{
    g_autoptr(GArray) entries = bl_journal_entries(guest->journal);
    g_assert_cmpuint(entries->len, ==, 0);
    for (guint i = 0; i < PARTS; i++)
        g_assert_cmpint(guest->parts[i], ==, ANYWHERE);
}

static void test_change_cut_short(Guest *guest, gconstpointer data)
{
    for (guint parts = 1; parts < PARTS; parts++) {
        step_cut_short(guest, ANYWHERE, OURS, parts);
        g_assert_cmpint(step_run(guest, OURS, ANYWHERE), ==, BL_OUTCOME_APPLIED);
        check_given_back(guest);
    }
}

static void test_undo_cut_short(Guest *guest, gconstpointer data)
{
    for (guint parts = 1; parts < PARTS; parts++) {
        g_assert_cmpint(step_run(guest, ANYWHERE, OURS), ==, BL_OUTCOME_APPLIED);
        step_cut_short(guest, OURS, ANYWHERE, parts);
        step_cut_short(guest, OURS, ANYWHERE, parts);
        g_assert_cmpint(step_run(guest, OURS, ANYWHERE), ==, BL_OUTCOME_APPLIED);
        check_given_back(guest);
    }
}

/* Nobody's change is finished or taken back but our own. */
static void test_theirs(Guest *guest, gconstpointer data)
{
    BlOutcomeResult left = data != NULL ? BL_OUTCOME_FAILED : BL_OUTCOME_CONFLICT;
    step_cut_short(guest, ANYWHERE, OURS, 1);
    guest->parts[PARTS - 1] = THEIRS;
    g_assert_cmpint(step_run(guest, OURS, ANYWHERE), ==, left);
    g_assert_cmpint(guest->parts[0], ==, OURS);
    g_assert_cmpint(guest->parts[PARTS - 1], ==, THEIRS);
}

/* Where our change was whole, half of it is somebody else's work. */
static void test_whole(Guest *guest, gconstpointer data)
{
    BlOutcomeResult left = data != NULL ? BL_OUTCOME_FAILED : BL_OUTCOME_CONFLICT;
    g_assert_cmpint(step_run(guest, ANYWHERE, OURS), ==, BL_OUTCOME_APPLIED);
    guest->parts[1] = ANYWHERE;
    g_assert_cmpint(step_run(guest, OURS, ANYWHERE), ==, left);
    g_assert_cmpint(guest->parts[0], ==, OURS);
}

#define TEST(name, call)                                                                           \
    g_test_add("/actuate/" name, Guest, NULL, set_up, call, tear_down);                            \
    g_test_add("/actuate/" name "-unknown", Guest, "", set_up, call, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("change-cut-short", test_change_cut_short);
    TEST("undo-cut-short", test_undo_cut_short);
    TEST("theirs", test_theirs);
    TEST("whole", test_whole);
    return g_test_run();
}
