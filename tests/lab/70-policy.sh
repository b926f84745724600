#!/usr/bin/env bash
# The policy file in a running daemon: good ones are taken over, bad ones change nothing.
. "$(dirname "$0")/lib.sh"

policy_with() { sed "$1" "$ROOT/src/config/default-policy.yaml" >"$RUN/policy.yaml"; }
reload() { api_post d policy/reload '{}'; }

reload_good_and_bad() {
	local effective
	policy_with ''
	daemon_start d --mode enforce --policy "$RUN/policy.yaml"
	ok "the weight of the class stands" wait_for 30 shares_are "$WEB" 8000
	policy_with 's/shares: 8000/shares: 4000/'
	ok "a good policy is taken over" same "$(reload | jq -r .message)" "the policy is reloaded"
	ok "and acted upon" wait_for 30 shares_are "$WEB" 4000

	effective=$(api d policy | jq -r .effective)
	policy_with 's/shares: 4000/shres: 1/; s/ready: 5%/ready: 500%/'
	ok "a bad one is refused" same "$(reload | jq .status)" 422
	ok "with every error and its place" same "$(reload | jq -r .errors | grep -Ec 'policy.yaml:[0-9]+:[0-9]+')" 2
	ok "the policy of before is in force" same "$(api d policy | jq -r .effective)" "$effective"
	ok "status says so" api_is d status '.policy.error != null' true
	printf '\0\1\2\377' >"$RUN/policy.yaml"
	kill -HUP "$(daemon_pid d)"
	ok "a binary file after SIGHUP is refused" wait_for 30 log_has d 'was refused'
	rm "$RUN/policy.yaml"
	ok "a missing file is refused" same "$(reload | jq .status)" 422
	ok "and the daemon goes on" shares_are "$WEB" 4000
	policy_with ''
	kill -HUP "$(daemon_pid d)"
	ok "a good one after SIGHUP is taken over" wait_for 30 shares_are "$WEB" 8000
	ok "status is well again" wait_for 30 api_is d status '.policy.error == null' true
}

# Three neighbours with 2 vCPUs and the critical guest: 7 cores, when all are guaranteed.
too_much_reserved() {
	if [ "$(nproc)" -ge 7 ]; then skip "reservations" "the host has CPUs enough"; return; fi
	local answer
	policy_with ''
	daemon_start d --mode enforce --policy "$RUN/policy.yaml"
	policy_with 's/^      idle: allowed/      reservation: 100%/'
	answer=$(reload)
	ok "a policy that reserves more than there is is refused" same "$(jq .status <<<"$answer")" 422
	ok "with the arithmetic" grep -Eq "7.*$(nproc)" <<<"$(jq -r .errors <<<"$answer")"
	answer=$(api_post d "vms/${HOGS[0]}/class" '{"class":"critical"}')
	ok "so is a class for one guest" same "$(jq .status <<<"$answer")" 422
	ok "with the arithmetic too" grep -Eq "$(nproc)" <<<"$(jq -r .detail <<<"$answer")"
	ok "the class is as before" api_is d "vms/${HOGS[0]}" .class batch
}

bad_at_start() {
	echo 'version: 2' >"$RUN/policy.yaml"
	daemon_spawn d --policy "$RUN/policy.yaml"
	ok "a daemon does not start with a bad policy" ends d
	ok "and says where it is bad" log_has d 'policy.yaml:1:'
	daemon_spawn e --policy "$RUN/nowhere.yaml"
	ok "nor with one that is missing" ends e
	ok "and says which" log_has e 'nowhere.yaml'
}

run_tests reload_good_and_bad too_much_reserved bad_at_start
