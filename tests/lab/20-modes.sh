#!/usr/bin/env bash
# Observe changes nothing, advise asks first, and leaving enforce gives everything back.
. "$(dirname "$0")/lib.sh"

observe() {
	local before
	before=$(controls_all)
	daemon_start d --mode observe
	pressure_on
	ok "it says what it would do" wait_for 30 decided d '.rule == "triage-idle" and .state == "observed"'
	ok "it says so in words" decided d '.sentence | test("Not done: mode is observe")'
	ok "nothing has changed" controls_are "$before"
	ok "nothing was applied" not decided d '.appliedAfter != null'
}

proposal() {
	api d 'decisions?limit=1000' | jq -r \
		'[.items[] | select(.rule == "triage-idle" and .state == "proposed")][0] | "\(.id) \(.target // .domain)"'
}
proposed() { [[ $(proposal) =~ ^[0-9]+\  ]]; }

advise() {
	local before id name
	before=$(controls_all)
	daemon_start d --mode advise
	pressure_on
	ok "it proposes" wait_for 30 proposed
	ok "nothing has changed" controls_are "$before"
	read -r id name < <(proposal)
	api_post d "decisions/$id/approve" '{}' >/dev/null
	ok "an approved step is done" wait_for 30 idle_is 1 "$name"
	ok "another is not" not idle_is 1 "${HOGS[@]}"
	ok "approving twice is refused" same "$(api_post d "decisions/$id/approve" '{}' | jq .status)" 409
	pressure_off
	ok "a clean stop succeeds" daemon_stop d
	ok "and leaves everything as it was" wait_for 30 controls_are "$before"
}

leave_enforce() {
	local before
	before=$(controls_all)
	daemon_start d --mode enforce
	pressure_on
	ok "neighbours yield" wait_for 30 any_idle
	api_post d mode '{"mode":"observe"}' >/dev/null
	ok "leaving enforce gives everything back" wait_for 30 controls_are "$before"
	ok "the mode is shown" wait_for 30 api_is d status .mode observe
}

class_set() {
	daemon_start d --mode enforce
	ok "the weight of the first class" wait_for 30 shares_are "${HOGS[0]}" 200
	api_post d "vms/${HOGS[0]}/class" '{"class":"standard"}' >/dev/null
	ok "another class, another weight" wait_for 30 shares_are "${HOGS[0]}" 2000
	ok "where the class is from" wait_for 30 api_is d "vms/${HOGS[0]}" .classFrom 'class set'
	daemon_stop d
	daemon_start d --mode enforce
	ok "a class set by hand outlives a restart" wait_for 30 api_is d "vms/${HOGS[0]}" .class standard
	api_post d "vms/${HOGS[0]}/class" '{"class":null}' >/dev/null
	ok "and can be taken back" wait_for 30 shares_are "${HOGS[0]}" 200
	ok "an unknown class is refused" same \
		"$(api_post d "vms/${HOGS[0]}/class" '{"class":"nosuch"}' | jq .status)" 422
}

run_tests observe advise leave_enforce class_set
