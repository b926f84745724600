/* What `ballast audit` has beside the daemon's answer: the audit without a daemon, and SARIF. */
#ifndef BL_CLI_AUDIT_H
#define BL_CLI_AUDIT_H

#include "cli/command.h"

/* Audits what --xml, --trace and --topology give; links nothing that could change a guest. Takes
 * names of guests. BL_EXIT_DONE, or BL_EXIT_PARTLY when some definitions could not be read, with an
 * object like the daemon's, in which findings about guests have a "file" besides; or a code after
 * saying why. */
int bl_audit_offline(BlCli *cli, int argc, char **argv, json_t **ret_audit);

/* Findings as SARIF 2.1.0. A new reference. */
json_t *bl_sarif_from_audit(const json_t *audit);

#endif
