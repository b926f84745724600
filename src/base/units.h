/* Units: the numbers of Ballast as people write and read them.
 *
 * Inside Ballast every quantity is an integer in a base unit that its name carries: _usec, _nsec,
 * _bytes, _permyriad (1/10,000; 100 % is 10,000). This file turns them into text and back, so that
 * the policy file, the command line, the log and the sentences agree on how a quantity looks.
 */
#ifndef BL_BASE_UNITS_H
#define BL_BASE_UNITS_H

#include <glib.h>

#define BL_PERMYRIAD 10000
#define BL_USEC_PER_MSEC 1000
#define BL_USEC_PER_SEC 1000000
#define BL_NSEC_PER_USEC 1000
#define BL_MIB ((gint64)1024 * 1024)

/* Parsers. They accept surrounding blanks, need the unit, and reject what would not be exact in
 * the base unit or would overflow. On failure they return FALSE and leave *ret_value alone. */

/* "5%", "0.5%", "100 %" -> permyriad. At most 1,000,000 %. */
gboolean bl_permyriad_parse(const char *text, gint64 *ret_permyriad);
/* "100ms", "2s", "1.5s", "10min", "1h", "250us" -> microseconds. */
gboolean bl_usec_parse(const char *text, gint64 *ret_usec);
/* "512", "4KiB", "2GiB", "1.5 TiB" -> bytes. A bare number is bytes. */
gboolean bl_bytes_parse(const char *text, gint64 *ret_bytes);
/* "4.0", "4", "1.25" -> thousandths. */
gboolean bl_milli_parse(const char *text, gint64 *ret_milli);
/* "2026-01-31T12:00:00Z", with another offset, with parts of a second, or "2026-01-31" (its
 * beginning, UTC) -> microseconds since the epoch. */
gboolean bl_time_parse(const char *text, gint64 *ret_wall_usec);
/* The same, or how long ago: "10min". */
gboolean bl_moment_parse(const char *text, gint64 now_wall_usec, gint64 *ret_wall_usec);
/* A whole number, decimal, without unit. */
gboolean bl_integer_parse(const char *text, gint64 *ret_value);

/* Formatters append to `out`; integer arithmetic only, so the text is the same on every machine. */

/* 940 -> "9.4 %", 10000 -> "100 %", 5 -> "0.05 %". */
void bl_permyriad_append(GString *out, gint64 permyriad);
/* 2000000 -> "2 s", 300000 -> "300 ms", 1500000 -> "1.5 s". Two significant decimals at most. */
void bl_usec_append(GString *out, gint64 usec);
/* Permyriad of one core as cores: 14200 -> "1.42 cores". */
void bl_cores_append(GString *out, gint64 permyriad);
/* 314572800 -> "300 MiB", 2415919104 -> "2.25 GiB". Two decimals at most. */
void bl_bytes_append(GString *out, gint64 bytes);
/* Wall clock in microseconds since the epoch -> RFC 3339 UTC with milliseconds. */
void bl_time_append(GString *out, gint64 wall_usec);

/* The share part/whole in permyriad, rounded to nearest; 0 when `whole` is not positive. Does not
 * overflow for any non-negative input. */
gint64 bl_permyriad_of(gint64 part, gint64 whole);
/* So many permyriad of `whole`, rounded down; does not overflow up to 100 %. */
gint64 bl_permyriad_part(gint64 whole, gint64 permyriad);

#endif
