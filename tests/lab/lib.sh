# What every test on real guests begins with. To be sourced by tests/lab/NN-*.sh, which tests/lab/run
# starts with one lab of two hosts: on host1 $WEB (critical) and $HOGS (batch, suspended), on host2
# $FAR (critical).
# shellcheck shell=bash disable=SC2034

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export BALLAST_LAB_NAME=${BALLAST_LAB_NAME:-ballast-test}
PREFIX=${GUEST_PREFIX:-t-}
RUN=$(mktemp -d)
# shellcheck source=scripts/lab-daemon.sh
. "$ROOT/scripts/lab-daemon.sh"
# shellcheck source=scripts/ksm.sh
. "$ROOT/scripts/ksm.sh"
# A daemon that is killed and whose state goes with the test leaves page sharing as it had set it.
KSM_SAVED=${KSM_SAVED:-$(ksm_save)}

WEB=${PREFIX}web-1
HOGS=("${PREFIX}batch-1" "${PREFIX}batch-2" "${PREFIX}batch-3")
# The weight of a guest that nobody has set: cgroup v1, v2.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then SHARES_INITIAL=100; else SHARES_INITIAL=1024; fi
FAR=${PREFIX}far-1
EXTRA=${PREFIX}extra
FAILED=0

# ok WORDS COMMAND...: one test; goes on when it fails.
ok() {
	local ok_words=$1
	shift
	if "$@" >"$RUN/ok.out" 2>&1; then
		echo "ok - $TEST: $ok_words"
		return
	fi
	echo "not ok - $TEST: $ok_words"
	FAILED=1
	printf '#   %s\n' "failed: $*"
	tail -n 5 "$RUN/ok.out" | sed 's/^/#   /'
	local log
	for log in "$RUN"/*.log; do
		[ ! -e "$log" ] || tail -n 8 "$log" | sed "s/^/#   ${log##*/}: /"
	done
}

skip() { echo "ok - $TEST: $1 # SKIP $2"; }

not() { ! "$@"; }
same() { [ "$1" = "$2" ] || { printf 'expected: %s\ngot:      %s\n' "$2" "$1"; return 1; }; }
log_has() { grep -Eq -- "$2" "$RUN/$1.log"; }
log_count_is() { [ "$(grep -Ec -- "$2" "$RUN/$1.log")" = "$3" ]; }
# Ends without anybody ending it, within 10 s.
ends() { wait_for 10 daemon_ended "$1"; }

# --- contention ----------------------------------------------------------------------------------

pressure_on() {
	hogs_do resume "${HOGS[@]}"
	# In a session of its own, so that its end takes the client with it.
	setsid "$LAB" load "$WEB" --seconds 120 --json </dev/null >/dev/null 2>&1 &
	LOAD_PID=$!
}

load_off() {
	[ -n "${LOAD_PID:-}" ] || return 0
	kill -TERM -- "-$LOAD_PID" 2>/dev/null || true
	wait "$LOAD_PID" 2>/dev/null || true
	LOAD_PID=
}

pressure_off() {
	load_off
	hogs_do suspend "${HOGS[@]}" 2>/dev/null || true
}

controls_all() {
	local name
	for name in "$WEB" "${HOGS[@]}"; do guest_controls "$name" | sed "s/^/$name /"; done
}
controls_are() { [ "$(controls_all)" = "$1" ]; }

idle_is() {
	local want=$1 name
	shift
	for name in "$@"; do [ "$(guest_idle "$name")" = "$want" ] || return 1; done
}
# Those of the neighbours that are in idle priority. Only who is seen to be in the way pays, and by chance
# one of three may not be.
idle_names() {
	local name
	for name in "${HOGS[@]}"; do [ "$(guest_idle "$name")" = 0 ] || echo "$name"; done
}
any_idle() { [ -n "$(idle_names)" ]; }
shares_are() { [ "$(guest_shares "$1")" = "$2" ]; }

# What the QEMUs of host1 occupy together.
guests_resident_mib() {
	local pid sum=0
	for pid in "$LAB_DIR"/host1/run/libvirt/qemu/*.pid; do
		sum=$((sum + $(awk '{ print int($2 / 256) }' "/proc/$(cat "$pid")/statm")))
	done
	echo "$sum"
}

# The figures of a guest come anew so many times within a deadline, are never stale, and no answer
# takes long. No rate: beside busy neighbours the test itself gets no more looks than it gets turns.
figures_flow() {
	local daemon=$1 name=$2 least=$3 end times='' now
	end=$(($(now_ms) + 10000))
	while [ "$(now_ms)" -lt "$end" ]; do
		now=$(curl -sS --max-time 2 --unix-socket "$RUN/$daemon.sock" \
			"http://localhost/api/v1/vms/$name" | jq -r 'select(.stale == false) | .time') ||
			{ echo "no answer within two seconds"; return 1; }
		times=$(printf '%s\n%s' "$times" "$now" | sort -u)
		[ "$(grep -c . <<<"$times")" -lt "$least" ] || return 0
		sleep 0.02
	done
	echo "$(grep -c . <<<"$times") times instead of $least"
	return 1
}

# Decisions that match a jq condition exist.
decided() {
	api "$1" 'decisions?limit=1000' | jq -e "any(.items[]; $2)" >/dev/null
}

# --- each test -----------------------------------------------------------------------------------

teardown() {
	pressure_off
	daemons_stop
	{ [ ! -e "$KSM/run" ] || ksm_restore "$KSM_SAVED"; } 2>/dev/null || true
	local name commands=''
	for name in "$WEB" "${HOGS[@]}"; do
		[ "$(guest_idle "$name" 2>/dev/null || echo 0)" = 0 ] ||
			echo 0 >"$(guest_cgroup "$name")/cpu.idle"
		commands+="schedinfo $name --live --set cpu_shares=$SHARES_INITIAL; "
	done
	lab_virsh "$commands" >/dev/null 2>&1 || true
	rm -rf "${RUN:?}"/*
}

cleanup() {
	local rc=$?
	trap '' INT TERM HUP
	trap - EXIT
	type -t extra_cleanup >/dev/null && { extra_cleanup || true; }
	teardown || true
	rm -rf "$RUN"
	[ "$rc" -ne 0 ] || rc=$FAILED
	exit "$rc"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Runs each function named as one test, from a clean state. One that breaks off counts as failed.
run_tests() {
	local rc
	for TEST in "$@"; do
		teardown
		rc=0
		"$TEST" || rc=$?
		[ "$rc" -eq 0 ] || { echo "not ok - $TEST: broke off"; FAILED=1; }
	done
}
