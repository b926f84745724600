/* What the daemon answered, as the client understands it. Private to src/client/. Pure. */
#ifndef BL_CLIENT_REPLY_H
#define BL_CLIENT_REPLY_H

#include <glib.h>
#include <jansson.h>

/* The object in a reply, a new reference, or NULL with what went wrong: the detail of a problem,
 * or that the reply is none. */
json_t *bl_reply_parse(long status, const GString *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
