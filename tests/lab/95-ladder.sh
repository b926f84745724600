#!/usr/bin/env bash
# When balloons cannot end a shortage: a soft limit, then a pause, and everything comes back.
. "$(dirname "$0")/lib.sh"

BATCH=${PREFIX}ladder-1
MAX=384

extra_cleanup() { "$LAB" guest remove "$BATCH" 2>/dev/null; }

# libvirt says "unlimited" where there is no limit.
soft_limit() { lab_virsh memtune "$BATCH" | awk '$1 == "soft_limit" { print $3 }'; }
soft_limit_is() { [ "$(soft_limit)" = "$1" ]; }
soft_limit_below_mib() { local now; now=$(soft_limit); [[ $now =~ ^[0-9]+$ ]] && [ "$now" -lt $(($1 * 1024)) ]; }
state_is() { [ "$(lab_virsh domstate "$BATCH")" = "$1" ]; }
restore() { daemon_spawn r --state "$RUN/d.state" --restore && ends r && wait "$(daemon_pid r)"; }

# Guests of which nothing may be taken occupy $1 % of the boundary, within a few. PAUSE ($2): may they be paused?
policy_make() {
	local sum
	sum=$(guests_resident_mib)
	cat >"$RUN/policy.yaml" <<-YAML
		version: 1
		boundaries:
		  memory: {capacity: $((sum * 100 / $1))MiB, sharing: off}
		classes:
		  critical: {memory: {reservation: 100%, ballooning: off}}
		  batch: {memory: {ballooning: off, squeeze: allowed, pause: $2}}
		default: critical
		assign:
		  - {match: {name: $BATCH}, class: batch}
	YAML
	POLICY=$RUN/policy.yaml
}

boundary_widen() {
	sed -i 's/capacity: [0-9]*MiB/capacity: 65536MiB/' "$RUN/policy.yaml"
	kill -HUP "$(daemon_pid d)"
}

begin() {
	"$LAB" guest add "$BATCH" --class batch --run memory --memory "$MAX" --stats 0 --reporting off --wait
	"$LAB" guest memory "$BATCH" hold 250 >/dev/null
	"$LAB" guest memory "$BATCH" free >/dev/null
	SOFT_LIMIT=$(soft_limit)
}

squeeze() {
	begin
	policy_make 107 never
	daemon_start d --mode enforce
	ok "who may be squeezed gets a soft limit" wait_for 30 soft_limit_below_mib $((MAX - 50))
	ok "a decision says why" wait_for 30 decided d \
		".target == \"$BATCH\" and .rule == \"memory-squeeze\" and (.sentence | test(\"balloons do not end it\"))"
	ok "nobody is paused whose class does not allow it" state_is running
	ok "the status names who had better move" wait_for 30 api_is d status '.memory.mover != null' true
	daemon_kill d
	ok "after kill -9 the limit stays" soft_limit_below_mib $((MAX - 50))
	ok "ballastd --restore succeeds" restore
	ok "and takes it off" soft_limit_is "$SOFT_LIMIT"
}

pause() {
	policy_make 107 allowed
	daemon_start d --mode enforce
	ok "who may be paused is, when memory is all but gone" wait_for 30 state_is paused
	ok "a decision says why" wait_for 30 decided d \
		".target == \"$BATCH\" and .rule == \"memory-pause\" and (.sentence | test(\"all but gone\"))"
	daemon_kill d
	ok "after kill -9 it stays paused" state_is paused
	ok "ballastd --restore succeeds" restore
	ok "and lets it go on" state_is running
	ok "without a limit" soft_limit_is "$SOFT_LIMIT"
	daemon_start d --mode enforce
	ok "the next run pauses it again" wait_for 30 state_is paused
	boundary_widen
	ok "with memory enough it goes on" wait_for 40 state_is running
	ok "and has no limit" wait_for 30 soft_limit_is "$SOFT_LIMIT"
	ok "a clean stop succeeds" daemon_stop d
}

resumed_by_hand() {
	policy_make 107 allowed
	daemon_start d --mode enforce
	ok "it is paused" wait_for 30 state_is paused
	lab_virsh resume "$BATCH" >/dev/null
	ok "somebody's resume is reported" wait_for 30 log_has d "$BATCH.*set by somebody else"
	ok "a clean stop succeeds" daemon_stop d
	ok "and it runs" state_is running
}

run_tests squeeze pause resumed_by_hand
