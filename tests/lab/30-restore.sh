#!/usr/bin/env bash
# Whatever way the daemon ends, what it changed is known and can be given back.
. "$(dirname "$0")/lib.sh"

restore() { daemon_spawn r --state "$RUN/d.state" --restore && ends r && wait "$(daemon_pid r)"; }

enforce_until_idle() {
	daemon_start d --mode enforce
	wait_for 30 shares_are "$WEB" 8000
	pressure_on
	ok "neighbours yield" wait_for 30 any_idle
}

kill_and_restore() {
	local before
	before=$(controls_all)
	enforce_until_idle
	daemon_kill d
	ok "a killed daemon leaves its changes" any_idle
	ok "ballastd --restore succeeds" restore
	ok "the originals are back" controls_are "$before"
	ok "a second --restore finds nothing to do" restore
	ok "and changes nothing" controls_are "$before"
}

kill_and_observe() {
	local before
	before=$(controls_all)
	enforce_until_idle
	daemon_kill d
	daemon_start d --mode observe
	ok "a restart in observe gives the originals back" wait_for 30 controls_are "$before"
}

kill_and_enforce() {
	local before
	before=$(controls_all)
	enforce_until_idle
	daemon_kill d
	daemon_start d --mode enforce
	ok "a restart in enforce goes on holding" api_is d status '.changesInForce > 0' true
	pressure_off
	ok "and gives back when the pressure ends" wait_for 30 idle_is 0 "${HOGS[@]}"
	ok "a clean stop succeeds" daemon_stop d
	ok "the originals of before the crash are back" wait_for 30 controls_are "$before"
}

clean_stop() {
	local before
	before=$(controls_all)
	enforce_until_idle
	ok "a clean stop under pressure succeeds" daemon_stop d
	ok "and leaves everything as it was" controls_are "$before"
}

keep() {
	local before
	before=$(controls_all)
	daemon_start d --mode enforce --keep
	ok "the weights of the classes stand" wait_for 30 shares_are "$WEB" 8000
	ok "a clean stop with --keep succeeds" daemon_stop d
	ok "the weights still stand" shares_are "$WEB" 8000
	ok "ballastd --restore succeeds" restore
	ok "the originals are back" controls_are "$before"
}

run_tests kill_and_restore kill_and_observe kill_and_enforce clean_stop keep
