/* Recorded loads: files of one point a line, as public data sets have them once unpacked.
 *
 * The first column is CPU, the second, when there is one, memory; both in percent, whole or with
 * any number of decimals, with anything behind them. Lines that begin otherwise are passed over.
 */
#ifndef BL_SIM_POINTS_H
#define BL_SIM_POINTS_H

#include <glib.h>

/* Both columns as gint64, permyriad; `ret_memory` is NULL when the file has one column. FALSE: the
 * file cannot be read or holds no point. */
gboolean bl_sim_points_read(const char *path, GArray **ret_cpu, GArray **ret_memory,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same of a text. */
void bl_sim_points_parse(const char *text, GArray **ret_cpu, GArray **ret_memory);

/* The paths of the first so many files of a folder, by name; 0: of all. Those that begin with a
 * dot are left out, and so are folders. */
GPtrArray *bl_sim_points_list(const char *folder, guint most,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
