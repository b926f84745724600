/* Made-up names in place of those that people gave: for `ballast report --anonymous`.
 *
 * First everything is learnt from: names of guests and of the host, UUIDs, values of metadata. Then
 * each gets one replacement, the same everywhere, also inside sentences. Replacements stand in the
 * order of what they replace, because the engine's ties end in UUIDs: a trace decides as before.
 * Names of classes stay.
 */
#ifndef BL_CLI_ANONYMISE_H
#define BL_CLI_ANONYMISE_H

#include <glib.h>
#include <jansson.h>

typedef struct BlAnonymiser BlAnonymiser;

BlAnonymiser *bl_anonymiser_new(void);
void bl_anonymiser_free(BlAnonymiser *anonymiser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlAnonymiser, bl_anonymiser_free)

/* From any answer of the API, or any line of a trace. */
void bl_anonymiser_learn(BlAnonymiser *anonymiser, const json_t *json);
/* After the last of them, before the first replacement. */
void bl_anonymiser_seal(BlAnonymiser *anonymiser);

char *bl_anonymiser_text(const BlAnonymiser *anonymiser, const char *text);
/* Replaces in all strings but those that are words of ours. */
void bl_anonymiser_json(const BlAnonymiser *anonymiser, json_t *json);

/* anonymise-trace.c: a policy without its assignments, and the samples with the classes that these
 * gave instead. NULL with an error when it is no trace. */
char *bl_anonymiser_trace(const BlAnonymiser *anonymiser, const char *text,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The policy of these files, as `ballast policy show --effective` shows it, without its
 * assignments; NULL when they are none. */
char *bl_anonymous_policy(const json_t *files);

#endif
