/* Numbers of the API's objects as people read them. Unknown is "-". */
#ifndef BL_CLIENT_FIGURE_TEXT_H
#define BL_CLIENT_FIGURE_TEXT_H

#include <glib.h>
#include <jansson.h>

/* A member's text; NULL when it is absent or no string. */
const char *bl_text_of(const json_t *object, const char *key);
/* "9.4 %" of a ratio. */
char *bl_percent_text(const json_t *ratio);
/* "12", "2.5". */
char *bl_number_text(const json_t *number);
/* "1.5 GiB". */
char *bl_bytes_text(const json_t *bytes);
/* "1.25 ms" of seconds. */
char *bl_latency_text(const json_t *seconds);
/* A figure of the field table by its unit: a percentage, an amount, a time, a number. */
char *bl_figure_text(guint figure, const json_t *value);
/* A control's value in words: "none" for a quota that limits nothing, "all", "0-3"... */
char *bl_control_text(const char *field, const json_t *value);
/* What a person should know of a guest that no number says: "misses 1 %; 2 changes". */
char *bl_vm_note(const json_t *vm);
/* The name of a culprit, or what stands for one without, such as "(the kernel)"; NULL: unknown. */
const char *bl_culprit_text(const json_t *culprit);

#endif
