/* Changes of a definition, and their journal: on a definition in memory that can fail, and a
 * storage that survives a crash. */
#include <gio/gio.h>
#include <string.h>

#include "actuate/definition-change.h"
#include "actuate/journal.h"
#include "definition/parts.h"

#define UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"

/* --- a storage in memory -----------------------------------------------------------------------
 */

typedef struct {
    BlStorage storage;
    GString *text; /* borrowed: it is the disk */
    gboolean *fails;
} MemoryStorage;

static gboolean memory_read(BlStorage *storage, char **ret_text, gsize *ret_length, GError **error)
{
    const MemoryStorage *memory = (const MemoryStorage *)storage;
    *ret_text = g_strndup(memory->text->str, memory->text->len);
    *ret_length = memory->text->len;
    return TRUE;
}

static gboolean memory_replace(BlStorage *storage, const char *text, gsize length, GError **error)
{
    MemoryStorage *memory = (MemoryStorage *)storage;
    if (*memory->fails) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "the disk is full");
        return FALSE;
    }
    g_string_truncate(memory->text, 0);
    g_string_append_len(memory->text, text, (gssize)length);
    return TRUE;
}

static void memory_free(BlStorage *storage)
{
    g_free(storage);
}

/* --- a guest -----------------------------------------------------------------------------------
 */

typedef struct {
    GString *disk;
    gboolean disk_fails;
    BlDefinitionJournal *journal;
    char *xml;
    gboolean write_fails; /* and changes nothing */
    gboolean write_drops; /* the attribute is not known */
    gboolean read_fails;
    guint writes;
    BlDefinitionOrder order;
    char *difference;
} Guest;

static const char plain[] = "<domain>\n  <name>a</name>\n  <devices>\n"
                            "    <memballoon model='virtio'/>\n  </devices>\n</domain>\n";

static void journal_open(Guest *guest)
{
    g_autoptr(GError) error = NULL;
    MemoryStorage *memory = g_new0(MemoryStorage, 1);
    memory->storage = (BlStorage){memory_read, memory_replace, NULL, memory_free};
    memory->text = guest->disk;
    memory->fails = &guest->disk_fails;
    g_clear_pointer(&guest->journal, bl_definition_journal_close);
    guest->journal = bl_definition_journal_open_on(&memory->storage, &error);
    g_assert_no_error(error);
}

static void guest_make(Guest *guest, gconstpointer data)
{
    guest->disk = g_string_new(NULL);
    guest->xml = g_strdup(plain);
    guest->order = (BlDefinitionOrder){
        .uuid = UUID, .name = "a", .part = BL_PART_REPORTING, .value = {TRUE, "on"}};
    journal_open(guest);
}

static void guest_free(Guest *guest, gconstpointer data)
{
    bl_definition_journal_close(guest->journal);
    g_string_free(guest->disk, TRUE);
    g_free(guest->xml);
    g_free(guest->difference);
}

static char *access_read(gpointer target, GError **error)
{
    const Guest *guest = target;
    if (!guest->read_fails)
        return g_strdup(guest->xml);
    g_set_error(error, BL_DEFINITION_CHANGE_ERROR, BL_DEFINITION_CHANGE_ERROR_GONE, "gone");
    return NULL;
}

static gboolean access_write(gpointer target, const char *xml, GError **error)
{
    Guest *guest = target;
    guest->writes++;
    /* The intent is on disk before the change is made, and the original until it is undone. */
    g_assert_nonnull(strstr(guest->disk->str, "\"part\":\"reporting\""));
    if (guest->write_fails) {
        g_set_error(error, BL_DEFINITION_CHANGE_ERROR, BL_DEFINITION_CHANGE_ERROR_FAILED, "no");
        return FALSE;
    }
    if (guest->write_drops)
        return TRUE;
    g_free(guest->xml);
    guest->xml = g_strdup(xml);
    return TRUE;
}

static void run(Guest *guest, gboolean undo, int expected_code)
{
    g_autoptr(GError) error = NULL;
    BlDefinitionAccess access = {access_read, access_write, guest};
    guest->order.undo = undo;
    g_clear_pointer(&guest->difference, g_free);
    gboolean made =
        bl_definition_change(guest->journal, &access, &guest->order, &guest->difference, &error);
    g_assert_true(made == (expected_code < 0));
    g_assert_true(made == (error == NULL) && made == (guest->difference != NULL));
    if (expected_code >= 0 && error->domain == BL_DEFINITION_CHANGE_ERROR)
        g_assert_cmpint(error->code, ==, expected_code);
}

static void entries_are(Guest *guest, guint count)
{
    g_autoptr(GArray) entries = bl_definition_journal_entries(guest->journal);
    g_assert_cmpuint(entries->len, ==, count);
}

static void value_set(Guest *guest, const char *text)
{
    BlPartValue value = {.present = text != NULL};
    g_strlcpy(value.text, text != NULL ? text : "", sizeof value.text);
    char *xml = bl_part_edit(guest->xml, strlen(guest->xml), BL_PART_REPORTING, &value, NULL);
    g_free(guest->xml);
    guest->xml = xml;
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void test_there_and_back(Guest *guest, gconstpointer data)
{
    run(guest, FALSE, -1);
    g_assert_cmpstr(guest->difference, ==,
                    "-    <memballoon model='virtio'/>\n"
                    "+    <memballoon model='virtio' freePageReporting='on'/>\n");
    entries_are(guest, 1);
    run(guest, FALSE, -1);
    g_assert_cmpstr(guest->difference, ==, "");
    g_assert_cmpuint(guest->writes, ==, 1);
    /* A restart between. */
    journal_open(guest);
    run(guest, TRUE, -1);
    g_assert_cmpstr(guest->xml, ==, plain);
    entries_are(guest, 0);
    run(guest, TRUE, BL_DEFINITION_CHANGE_ERROR_NOTHING);
}

static void test_dry_run(Guest *guest, gconstpointer data)
{
    guest->order.dry_run = TRUE;
    run(guest, FALSE, -1);
    g_assert_nonnull(strstr(guest->difference, "+    <memballoon"));
    entries_are(guest, 0);
    guest->order.dry_run = FALSE;
    run(guest, FALSE, -1);
    guest->order.dry_run = TRUE;
    run(guest, TRUE, -1);
    g_assert_nonnull(strstr(guest->difference, "-    <memballoon model='virtio' free"));
    entries_are(guest, 1);
    value_set(guest, "off");
    run(guest, TRUE, BL_DEFINITION_CHANGE_ERROR_CONFLICT);
    entries_are(guest, 1);
    g_assert_cmpuint(guest->writes, ==, 1);
}

static void test_conflict(Guest *guest, gconstpointer data)
{
    run(guest, FALSE, -1);
    value_set(guest, "off");
    g_autofree char *theirs = g_strdup(guest->xml);
    run(guest, TRUE, BL_DEFINITION_CHANGE_ERROR_CONFLICT);
    g_assert_cmpstr(guest->xml, ==, theirs);
    entries_are(guest, 0);
}

/* Somebody else has put it back, or changed it before we change it once more. */
static void test_others(Guest *guest, gconstpointer data)
{
    run(guest, FALSE, -1);
    value_set(guest, NULL);
    run(guest, TRUE, -1);
    g_assert_cmpuint(guest->writes, ==, 1);
    entries_are(guest, 0);
    run(guest, FALSE, -1);
    value_set(guest, "off");
    run(guest, FALSE, -1);
    run(guest, TRUE, -1);
    g_assert_nonnull(strstr(guest->xml, "freePageReporting='off'"));
}

static void test_failures(Guest *guest, gconstpointer data)
{
    guest->read_fails = TRUE;
    run(guest, FALSE, BL_DEFINITION_CHANGE_ERROR_GONE);
    guest->read_fails = FALSE;
    guest->write_fails = TRUE;
    run(guest, FALSE, BL_DEFINITION_CHANGE_ERROR_FAILED);
    entries_are(guest, 0);
    guest->write_fails = FALSE;
    guest->write_drops = TRUE;
    run(guest, FALSE, BL_DEFINITION_CHANGE_ERROR_FAILED);
    entries_are(guest, 0);
    guest->write_drops = FALSE;
    guest->disk_fails = TRUE;
    guest->writes = 0;
    run(guest, FALSE, 0);
    g_assert_cmpuint(guest->writes, ==, 0);
    guest->disk_fails = FALSE;
    run(guest, FALSE, -1);
    guest->write_fails = TRUE;
    run(guest, TRUE, BL_DEFINITION_CHANGE_ERROR_FAILED);
    entries_are(guest, 1);
    guest->write_fails = FALSE;
    guest->disk_fails = TRUE;
    run(guest, TRUE, 0);
    /* It is back; that the journal still has it does no harm. */
    guest->disk_fails = FALSE;
    run(guest, TRUE, -1);
    g_assert_cmpstr(guest->xml, ==, plain);
    entries_are(guest, 0);
}

/* Killed between the journal and libvirt, and the other way round. */
static void test_crash(Guest *guest, gconstpointer data)
{
    BlDefinitionEntry entry = {
        .uuid = UUID, .name = (char *)"a", .part = BL_PART_REPORTING, .after = {TRUE, "on"}};
    g_assert_true(bl_definition_journal_set(guest->journal, &entry, NULL));
    journal_open(guest);
    run(guest, TRUE, -1);
    g_assert_cmpstr(guest->xml, ==, plain);
    entries_are(guest, 0);
    g_assert_true(bl_definition_journal_set(guest->journal, &entry, NULL));
    journal_open(guest);
    run(guest, FALSE, -1);
    run(guest, TRUE, -1);
    g_assert_cmpstr(guest->xml, ==, plain);
}

static void test_odd(Guest *guest, gconstpointer data)
{
    g_free(guest->xml);
    guest->xml = g_strdup("<domain><devices/></domain>");
    run(guest, FALSE, 0);
    g_free(guest->xml);
    guest->xml = g_strdup("<domain>");
    run(guest, FALSE, 0);
    g_assert_cmpuint(guest->writes, ==, 0);
    entries_are(guest, 0);
}

static void line_add(GString *text, const char *object)
{
    g_autofree char *line = bl_journal_seal(object, strlen(object));
    g_string_append(text, line);
}

static void test_damaged(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    guint damaged = 0;
    line_add(text, "{\"uuid\":\"" UUID "\",\"name\":\"a\",\"part\":\"reporting\",\"before\":null,"
                   "\"after\":\"off\"}");
    line_add(text, "{\"uuid\":\"" UUID "\",\"name\":\"a\",\"part\":\"reporting\",\"before\":\"\","
                   "\"after\":\"on\"}");
    line_add(text, "{\"uuid\":\"" UUID "\",\"name\":\"a\",\"part\":\"unknown\",\"before\":null,"
                   "\"after\":\"on\"}");
    line_add(text, "{\"uuid\":\"x\",\"name\":\"a\",\"part\":\"reporting\",\"before\":null,"
                   "\"after\":\"on\"}");
    line_add(text, "{\"uuid\":\"" UUID "\",\"name\":\"a\",\"part\":\"locked\",\"before\":1,"
                   "\"after\":\"on\"}");
    line_add(text, "{\"uuid\":\"" UUID "\",\"name\":\"a\",\"part\":\"locked\",\"after\":\"on\"}");
    line_add(text, "[]");
    g_string_append(text, "00000000 {}\n");
    gsize whole = text->len;
    line_add(text, "{\"uuid\":\"" UUID "\",\"name\":\"b\",\"part\":\"locked\",\"before\":null,"
                   "\"after\":\"\"}");
    g_autoptr(GArray) torn = bl_definition_journal_parse(text->str, text->len - 1, &damaged);
    g_assert_cmpuint(torn->len, ==, 1);
    g_assert_cmpuint(damaged, ==, 7);
    g_autoptr(GArray) entries = bl_definition_journal_parse(text->str, whole, &damaged);
    g_assert_cmpuint(damaged, ==, 6);
    const BlDefinitionEntry *entry = &g_array_index(entries, BlDefinitionEntry, 0);
    g_assert_true(entry->before.present && entry->before.text[0] == '\0');
    g_assert_cmpstr(entry->after.text, ==, "on");
    g_assert_cmpstr(entry->name, ==, "a");
}

#define ADD(name, test)                                                                            \
    g_test_add("/definition-change/" name, Guest, NULL, guest_make, test, guest_free)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("there-and-back", test_there_and_back);
    ADD("dry-run", test_dry_run);
    ADD("conflict", test_conflict);
    ADD("others", test_others);
    ADD("failures", test_failures);
    ADD("crash", test_crash);
    ADD("odd", test_odd);
    g_test_add_func("/definition-change/damaged", test_damaged);
    return g_test_run();
}
