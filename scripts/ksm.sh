# Page sharing of this machine, for tests and benchmarks: what it is set to, put back whatever happens.
# To be sourced. There is one ksmd, so only one of them may run at a time.
# shellcheck shell=bash

KSM=/sys/kernel/mm/ksm
# In the order in which they can be written: while the advisor is on, it alone sets the pace.
KSM_SETTINGS=(advisor_mode pages_to_scan sleep_millisecs smart_scan merge_across_nodes run)

ksm_get() { sed 's/.*\[\(.*\)\].*/\1/' "$KSM/$1"; }
ksm_set() { echo "$2" >"$KSM/$1"; }

ksm_save() {
	local name
	for name in "${KSM_SETTINGS[@]}"; do
		[ ! -e "$KSM/$name" ] || echo "$name $(ksm_get "$name")"
	done
}

# ksm_unmerge: nothing is shared any more, and nothing scans.
ksm_unmerge() {
	ksm_set run 2
	ksm_set run 0
}

# ksm_restore TEXT: what ksm_save has printed.
ksm_restore() {
	local name value
	ksm_unmerge
	while read -r name value; do
		[ "$(ksm_get "$name")" = "$value" ] || ksm_set "$name" "$value"
	done <<<"$1"
}

ksmd_pid() {
	local stat
	for stat in /proc/[0-9]*/stat; do
		awk '$2 == "(ksmd)" && $4 == 2 { print $1; found = 1 } END { exit !found }' "$stat" 2>/dev/null && return
	done
	return 1
}

ksmd_cpu_ms() { awk '{ printf "%d\n", $1 / 1000000 }' "/proc/$1/schedstat"; }
