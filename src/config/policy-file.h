/* The policy file: YAML in, validated policy out, every error at once.
 *
 * A policy is one or more YAML files, read in order (the main file, then policy.d/ by name). Every
 * error carries file, line, column, the source line with a caret, and a hint. When there is any
 * error there is no policy: nothing is half-applied.
 */
#ifndef BL_CONFIG_POLICY_FILE_H
#define BL_CONFIG_POLICY_FILE_H

#include "model/policy.h"

/* What a policy file may be at most; larger is refused before parsing. */
#define BL_POLICY_FILE_LIMIT (1024 * 1024)
/* After so many errors the rest is only counted. */
#define BL_POLICY_ERRORS_MAX 50

typedef struct {
    char *file;
    guint line;   /* from 1; 0 when the error is of the file as a whole */
    guint column; /* from 1, in characters */
    char *source; /* the line's text, NULL when there is none */
    char *message;
    char *hint; /* what to do; may be NULL */
} BlPolicyError;

typedef struct {
    char *name; /* as the person knows it: a path */
    char *text;
    gsize length;
} BlPolicySource;

/* Errors: GPtrArray of BlPolicyError *, freed with the array. */
GPtrArray *bl_policy_errors_new(void);
/* One error for people: "FILE:LINE:COLUMN: error: MESSAGE\n  SOURCE\n  ^\n  hint: HINT\n". */
void bl_policy_error_append(GString *out, const BlPolicyError *error);

/* Sources: GPtrArray of BlPolicySource *, freed with the array. */
GPtrArray *bl_policy_sources_new(void);
/* Copies the name and the text, which need not be valid or terminated. */
void bl_policy_sources_add(GPtrArray *sources, const char *name, const char *text, gsize length);

/* Reads `path` and, where `path` ends in ".yaml", every *.yaml in the folder "policy.d" beside it,
 * in name order; hidden ones are left out. Unreadable files become errors. Returns NULL when there
 * are any. */
GPtrArray *bl_policy_sources_read(const char *path, GPtrArray *errors);

/* Parses and validates. Returns NULL and at least one new error, or a policy and no error. Errors
 * are sorted by file and place; when there are more than BL_POLICY_ERRORS_MAX, one more error says
 * how many are not shown. Each source states the version; no two sources set the same key. */
BlPolicy *bl_policy_parse(GPtrArray *sources, GPtrArray *errors);

/* What to say after "there is no class NAME": "did you mean \"critical\"? declared classes: ...".
 */
char *bl_policy_class_hint(const BlPolicy *policy, const char *name);

/* The built-in, commented default policy: the text that is installed as policy.yaml. */
const char *bl_policy_default_text(void);

/* The whole policy as YAML with every default filled in; each line says where its value came
 * from ("default" or FILE:LINE) in a comment. Parsing the result gives an equal policy. `sources`
 * are those it was parsed from; when they are NULL or give another policy by now, origins are left
 * out. */
char *bl_policy_show_effective(const BlPolicy *policy, GPtrArray *sources);

#endif
