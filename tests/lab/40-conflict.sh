#!/usr/bin/env bash
# A value that somebody else changes meanwhile is theirs.
. "$(dirname "$0")/lib.sh"

foreign_seen() { api d "vms/$WEB" | jq -e '.foreign | index("cpu.shares") != null' >/dev/null; }

foreign() {
	daemon_start d --mode enforce
	ok "the weight of the class stands" wait_for 30 shares_are "$WEB" 8000
	lab_virsh schedinfo "$WEB" --live --set cpu_shares=3000 >/dev/null
	ok "the change is noticed" wait_for 30 foreign_seen
	ok "the log says it once" wait_for 30 log_count_is d \
		"$WEB.*(somebody else|set by somebody)" 1
	ok "it is left alone" shares_are "$WEB" 3000
	ok "a clean stop succeeds" daemon_stop d
	ok "and leaves it alone as well" shares_are "$WEB" 3000
}

run_tests foreign
