#!/usr/bin/env bash
# Real-time priority for a class that asks for it: all threads of its QEMU, and back again.
. "$(dirname "$0")/lib.sh"

# Where the kernel divides the time of real-time threads among cgroups (v1), the guests' groups get parts of it here, as
# an administrator would give them; from above when they are given, from below when they are taken back.
realtime_parts() {
	local usec=$1 group order=()
	[ "$usec" -gt 0 ] || order=(-r)
	group=$(guest_cgroup "$WEB")
	{ echo "${group%/*}"; find "$group" -type d; } | sort "${order[@]}" | while read -r group; do
		[ -e "$group/cpu.rt_runtime_us" ] || continue
		case ${group##*/} in
			vcpu*) echo $((usec / 2)) ;;
			emulator | iothread*) echo $((usec / 8)) ;;
			*) echo "$usec" ;;
		esac >"$group/cpu.rt_runtime_us"
	done
}

extra_cleanup() { realtime_parts 0 2>/dev/null || true; }

# The policies of all threads of a guest's QEMU, each once: "TS" is ordinary, "RR" real-time.
policies() { ps -L -o cls= -p "$(guest_pid "$1")" | sort -u | xargs; }
policies_are() { same "$(policies "$1")" "$2"; }
restore() { daemon_spawn r --state "$RUN/d.state" --restore && ends r && wait "$(daemon_pid r)"; }

policy_make() {
	cat >"$RUN/policy.yaml" <<-YAML
		version: 1
		classes:
		  critical: {shares: 8000, cpu: {ready: 1%, realtime: on}}
		  batch: {shares: 100, cpu: {idle: allowed}}
		default: batch
		assign:
		  - {match: {name: $WEB}, class: critical}
	YAML
	POLICY=$RUN/policy.yaml
}

no_part() {
	[ -e "$(guest_cgroup "$WEB")/cpu.rt_runtime_us" ] || { skip "a group without a part of it is left alone" "this kernel does not divide it"; return; }
	policy_make
	daemon_start d --mode enforce
	ok "the weights of the class stand" wait_for 30 shares_are "$WEB" 8000
	ok "a group without a part of it is left alone" policies_are "$WEB" TS
	ok "and nothing failed" not log_has d 'cpu.realtime|real-time'
	ok "a clean stop succeeds" daemon_stop d
}

realtime() {
	realtime_parts 800000
	policy_make
	daemon_start d --mode enforce
	ok "all threads of the guest have real-time priority" wait_for 30 policies_are "$WEB" RR
	ok "and no thread of others" policies_are "${HOGS[0]}" TS
	ok "a decision says why" wait_for 30 decided d \
		".target == \"$WEB\" and .rule == \"class-realtime\" and (.sentence | test(\"class critical asks for it: $WEB gets real-time priority\"))"
	ok "explain tells it" bash -c "'$BALLAST' --socket '$RUN/d.sock' explain '$WEB' | grep -q 'real-time priority'"
	daemon_kill d
	ok "after kill -9 it stays" policies_are "$WEB" RR
	ok "--restore succeeds" restore
	ok "and gives the ordinary priority back" policies_are "$WEB" TS
	daemon_start d --mode enforce
	ok "again" wait_for 30 policies_are "$WEB" RR
	# Somebody gives the guest a limit, to which its threads would not be held.
	lab_virsh schedinfo "$WEB" --live --set global_quota=50000 >/dev/null
	ok "with a limit of its own it is ordinary" wait_for 30 policies_are "$WEB" TS
	lab_virsh schedinfo "$WEB" --live --set global_quota=-1 >/dev/null
	ok "without it not" wait_for 30 policies_are "$WEB" RR
	# shellcheck disable=SC2046
	chrt --other --all-tasks --pid 0 "$(guest_pid "$WEB")"
	"$BALLAST" --socket "$RUN/d.sock" mode observe >/dev/null 2>&1
	ok "somebody else's change is left alone" wait_for 30 log_has d "$WEB.*set by somebody else"
	ok "a clean stop succeeds" daemon_stop d
	ok "and all is ordinary" policies_are "$WEB" TS
	realtime_parts 0
}

run_tests no_part realtime
