#!/usr/bin/env bash
# Page sharing: guests of one image share, everything goes back, and what others govern is left alone.
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/ksm.sh
. "$ROOT/scripts/ksm.sh"

[ -w "$KSM/run" ] || { skip "page sharing" "this kernel has none that can be written"; exit 0; }
ksm_turn 100 || { skip "page sharing" "somebody else on this machine governs it"; exit 0; }
SAVED=$(ksm_save)

extra_cleanup() {
	[ -z "${OTHER_PID:-}" ] || kill "$OTHER_PID" 2>/dev/null || true
	daemons_stop
	ksm_restore "$SAVED"
}

# What Ballast may change; `run` as it counts: nothing scans.
settings() { ksm_save | grep -v advisor_mode; }
settings_are() { same "$(settings)" "$1"; }
ksm_is() { [ "$(ksm_get "$1")" = "$2" ]; }
sharing_above() { [ "$(ksm_get pages_sharing)" -gt "$1" ]; }
sentence_has() { api "$1" status | jq -e --arg text "$2" '.sharing.sentence | contains($text)' >/dev/null; }

# policy_make SHARING: all guests of host1 fill three quarters of the boundary. SHARING is that of the
# critical class.
policy_make() {
	local sum
	sum=$(guests_resident_mib)
	cat >"$RUN/policy.yaml" <<-YAML
		version: 1
		boundaries:
		  memory: {capacity: $((sum * 100 / 75))MiB}
		classes:
		  critical: {memory: {ballooning: off, sharing: $1}}
		  batch: {shares: 100, memory: {ballooning: off}}
		default: batch
	YAML
	POLICY=$RUN/policy.yaml
}

begin() {
	wait_for 60 ksm_is_free || true
	ksm_restore "$SAVED"
	ksm_set run 0
	policy_make on
	BEFORE=$(settings)
}

sharing() {
	begin
	daemon_start d --mode enforce
	ok "it looks for equal pages" wait_for 30 ksm_is run 1
	ok "and finds them" wait_for 60 sharing_above 5000
	ok "a decision says why" wait_for 30 decided d \
		'.target == "host" and .rule == "sharing-scan" and (.sentence | test("memory fills up"))'
	ok "the status says what it saves" wait_for 30 sentence_has d 'saves '
	ok "a guest says what it shares" wait_for 30 api_is d "vms/${HOGS[0]}" '.memory.shared > 0' true
	ok "the savings count once" bash -c "'$BALLAST' --socket '$RUN/d.sock' vms --memory | grep -q SHRDSVD"
	ok "it rests when that does not pay" wait_for 60 ksm_is run 0
	ok "what is merged stays merged" sharing_above 5000
	ok "its settings are held" not settings_are "$BEFORE"
	daemon_kill d
	ok "after kill -9 they stay" not settings_are "$BEFORE"
	daemon_start d --mode enforce
	ok "the next run knows them" wait_for 30 api_is d status '.changesInForce >= 1' true
	ok "a clean stop succeeds" daemon_stop d
	ok "and gives everything back" settings_are "$BEFORE"
}

restore() {
	begin
	daemon_start d --mode enforce
	ok "it looks for equal pages" wait_for 30 ksm_is run 1
	daemon_kill d
	daemon_spawn d --restore
	ok "--restore ends" wait_for 30 daemon_ended d
	ok "and gives everything back" settings_are "$BEFORE"
}

foreign() {
	begin
	daemon_start d --mode enforce
	ok "it looks for equal pages" wait_for 30 ksm_is run 1
	ksm_set pages_to_scan 777
	ok "somebody's change is reported" wait_for 30 log_has d 'ksm.pages_to_scan.*set by somebody else'
	ok "and explained" bash -c "'$BALLAST' --socket '$RUN/d.sock' explain host | grep -q 'ksm.pages_to_scan goes back'"
	ok "and named" wait_for 30 sentence_has d 'left alone: somebody who set ksm.pages_to_scan'
	ok "the scanning goes back" wait_for 30 ksm_is run 0
	ok "a clean stop succeeds" daemon_stop d
	ok "and leaves the change alone" ksm_is pages_to_scan 777
}

others() {
	begin
	daemon_start d --mode enforce
	ok "it looks for equal pages" wait_for 30 ksm_is run 1
	DAEMON_HOST=host2 daemon_start e --mode enforce
	ok "a second ballastd leaves it alone" wait_for 30 sentence_has e \
		"another ballastd (process $(daemon_pid d))"
	# A process of that name is what there is to see of ksmtuned.
	cp "$(command -v sleep)" "$RUN/ksmtuned"
	"$RUN/ksmtuned" 120 &
	OTHER_PID=$!
	ok "ksmtuned is named" wait_for 40 sentence_has d "ksmtuned (process $OTHER_PID)"
	ok "and everything is given back" wait_for 30 settings_are "$BEFORE"
	kill "$OTHER_PID"
	wait "$OTHER_PID" 2>/dev/null || true
	OTHER_PID=
	ok "when it is gone, it goes on" wait_for 30 not settings_are "$BEFORE"
	ok "a clean stop succeeds" daemon_stop d
	ok "the second one" daemon_stop e
	ok "everything is as before" settings_are "$BEFORE"
}

blocked() {
	begin
	policy_make off
	daemon_start d --mode enforce
	ok "a guest that may not share is named" wait_for 30 sentence_has d "off: $WEB (critical)"
	ok "with what to do" sentence_has d '<nosharepages/>'
	ok "nothing scans" ksm_is run 0
	daemon_stop d
	policy_make on
	daemon_start d --mode observe
	ok "observing says what it would do" wait_for 30 sentence_has d 'would look for equal pages'
	ok "and changes nothing" settings_are "$BEFORE"
	ok "a clean stop succeeds" daemon_stop d
}

run_tests sharing restore foreign others blocked
