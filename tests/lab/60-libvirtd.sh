#!/usr/bin/env bash
# libvirtd may crash, come late, or never come.
. "$(dirname "$0")/lib.sh"

extra_cleanup() { "$LAB" libvirtd start host1 >/dev/null 2>&1; }

# A libvirtd that has just started takes its guests over one by one, and may forget a suspend that
# comes before it has: ask until it holds.
hogs_are_paused() {
	local name
	hogs_do suspend "${HOGS[@]}" >/dev/null 2>&1 || true
	for name in "${HOGS[@]}"; do [ "$(lab_virsh domstate "$name")" = paused ] || return 1; done
}

killed() {
	local before held
	before=$(controls_all)
	daemon_start d --mode enforce
	pressure_on
	ok "neighbours yield" wait_for 30 any_idle
	mapfile -t held < <(idle_names)
	"$LAB" libvirtd kill host1
	ok "the loss is noticed" wait_for 30 api_is d status .libvirt.connected false
	ok "figures flow on without libvirt" figures_flow d "$WEB" 20
	ok "the log says the loss once" log_count_is d 'connection to libvirt .* was lost' 1
	"$LAB" libvirtd start host1
	ok "it connects again" wait_for 30 api_is d status .libvirt.connected true
	ok "what was held is still held" idle_is 1 "${held[@]}"
	ok "the restarted libvirtd suspends the neighbours" wait_for 30 hogs_are_paused
	ok "it gives back when the pressure ends" wait_for 30 idle_is 0 "${HOGS[@]}"
	hogs_do resume "${HOGS[@]}"
	ok "it acts again when the pressure returns" wait_for 30 any_idle
	pressure_off
	ok "a clean stop succeeds" daemon_stop d
	ok "and leaves everything as it was" wait_for 30 controls_are "$before"
}

late() {
	"$LAB" libvirtd stop host1
	daemon_spawn d --mode observe
	ok "a daemon without libvirt answers" wait_for 30 api_is d status .libvirt.connected false
	ok "and says what is wrong" wait_for 30 api_is d status '.notices | any(test("libvirt"))' true
	"$LAB" libvirtd start host1
	ok "it connects when libvirt comes" wait_for 30 api_is d status .libvirt.connected true
	ok "and finds the guests" wait_for 30 api_is d "vms/$WEB" .name "$WEB"
}

run_tests killed late
