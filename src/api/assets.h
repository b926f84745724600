/* The files of the dashboard, built into the program. Private to src/api/.
 *
 * The server asks for each request whether its target is one of them; the rest of the paths is the
 * API's. Nothing is read from disk while the daemon runs, so that there is no path to escape from.
 */
#ifndef BL_API_ASSETS_H
#define BL_API_ASSETS_H

#include <glib.h>
#include <microhttpd.h>

typedef struct {
    const char *path; /* "/", "/assets/app.js" */
    const char *content_type;
    const char *etag;     /* with its quotes */
    const guint8 *packed; /* by gzip */
    gsize packed_length;
} BlAsset;

/* The table, which the build generates from web/dist. */
const BlAsset *bl_assets(guint *ret_count);

/* `target` as it stood in the request line; a query behind the path means nothing. NULL: it is none
 * of these files. */
const BlAsset *bl_asset_find(const char *target);
/* What a client said in If-None-Match and Accept-Encoding; NULL when it said nothing. */
gboolean bl_asset_is_known(const BlAsset *asset, const char *if_none_match);
gboolean bl_asset_takes_gzip(const char *accept_encoding);
/* The file as it was before it was packed. */
GBytes *bl_asset_unpack(const BlAsset *asset);

/* Answers with the file, packed if the client takes it so, or with 304. */
enum MHD_Result bl_asset_send(const BlAsset *asset, struct MHD_Connection *connection);

#endif
