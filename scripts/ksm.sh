# Page sharing of this machine, for tests and benchmarks: what it is set to, put back whatever happens.
# To be sourced, after scripts/lab-daemon.sh.
# shellcheck shell=bash

KSM=/sys/kernel/mm/ksm
# In the order in which they can be written: while the advisor is on, it alone sets the pace.
KSM_SETTINGS=(advisor_mode pages_to_scan sleep_millisecs smart_scan merge_across_nodes run)

# There is one ksmd, and whoever enforces on this machine governs it: tests and benchmarks take turns, and
# begin when no ballastd has it. ksm_turn SECONDS: 1 when that does not come about.
ksm_is_free() { [ ! -e /run/ballast/ksm.lock ] || flock --nonblock /run/ballast/ksm.lock true; }
ksm_turn() {
	mkdir -p /run/ballast
	exec {KSM_TURN}>/run/ballast/ksm-turn.lock
	flock --timeout "$1" "$KSM_TURN" && wait_for "$1" ksm_is_free
}

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
