#!/usr/bin/env bash
# A critical guest under pressure: neighbours yield, and get everything back.
. "$(dirname "$0")/lib.sh"

isolation() {
	local before idle
	before=$(controls_all)
	daemon_start d --mode enforce
	ok "the weights of the classes stand" wait_for 30 shares_are "$WEB" 8000
	pressure_on
	ok "neighbours are set to idle priority" wait_for 30 any_idle
	mapfile -t idle < <(idle_names)
	ok "the critical guest is not" idle_is 0 "$WEB"
	ok "the API shows it" wait_for 30 api_idle_is d 1 "${idle[@]}"
	ok "a decision says why, with numbers" decided d \
		".rule == \"triage-idle\" and .victim == \"$WEB\" and .measured > .limit and (.sentence | test(\"waited .* % of the last\"))"
	ok "it has an effect" wait_for 30 decided d '.rule == "triage-idle" and .state == "effective"'
	# The load goes on alone: no pressure is left.
	hogs_do suspend "${HOGS[@]}"
	ok "all is given back when the neighbours end" wait_for 30 idle_is 0 "${HOGS[@]}"
	ok "a clean stop succeeds" daemon_stop d
	ok "and leaves everything as it was" wait_for 30 controls_are "$before"
}

run_tests isolation
