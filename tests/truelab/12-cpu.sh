#!/usr/bin/env bash
# CPU controls where systemd and libvirt share cgroup v2: in the files they belong to, and back.
. "$(dirname "$0")/lib.sh"

HOG=${HOGS[0]}

# Half of each of its two vCPUs, on the CPUs of the second node.
policy_make() {
	cat >"$RUN/policy.yaml" <<-YAML
		version: 1
		classes:
		  critical: {shares: 8000, cpu: {ready: 1%}}
		  batch: {shares: 100, cpu: {idle: allowed, limit: 50%, cpus: 2-3}}
		default: batch
	YAML
	POLICY=$RUN/policy.yaml
}

pinned_to() {
	local vcpu
	for vcpu in "$(inner "$1")"/vcpu*; do file_is "$vcpu/cpuset.cpus.effective" "$2" || return 1; done
}
standing() {
	file_is "$(scope "$HOG")/cpu.weight" 20 && file_is "$(inner "$HOG")/cpu.max" "100000 100000" &&
		pinned_to "$HOG" 2-3
}
before_is_back() { kernel_controls_are "$BEFORE" "$WEB" "${HOGS[@]}"; }

stands() {
	policy_make
	daemon_start d --mode enforce
	ok "weight, limit and CPUs of the class stand" wait_for 20 standing
	ok "those of the first class too" file_is "$(scope "$WEB")/cpu.weight" 800
	ok "where there is no limit none is told" api_is d "vms/$WEB" \
		'.controls | has("cpu.quota") and .["cpu.quota"] == null' true
	ok "a clean stop succeeds" daemon_stop d
	ok "and leaves everything as it was" before_is_back
	daemon_start d --mode enforce
	wait_for 20 standing
	daemon_kill d
	ok "after kill -9 it all stays" standing
	ok "ballastd --restore succeeds" restore
	ok "and leaves everything as it was" before_is_back
	daemon_start d --mode enforce
	wait_for 20 standing
	daemon_kill d
	daemon_start d --mode observe
	ok "so does the next run, when it observes" wait_for 20 before_is_back
}

# Its own limit is no contention: a hog that may use half of its CPUs waits, but for nobody.
throttled() {
	policy_make
	daemon_start d --mode enforce
	wait_for 20 standing
	lab_virsh resume "$HOG" >/dev/null
	ok "what its limit holds back is told" wait_for 20 api_is d "vms/$HOG" '.figures.throttled > 0.2' true
	ok "and is no contention" wait_for 20 api_is d "vms/$HOG" '.figures.ready < 0.15' true
	lab_virsh suspend "$HOG" >/dev/null
}

# Killed at once: the pressure of an emulated host comes and goes.
idles() {
	POLICY=$ROOT/src/config/default-policy.yaml
	daemon_start d --mode enforce
	wait_for 20 shares_are "$WEB" 800
	pressure_on
	ok "under pressure neighbours are idle" wait_for 30 any_idle
	daemon_kill d
	pressure_off
	ok "after kill -9 they stay so" any_idle
	ok "the critical guest is not" idle_is 0 "$WEB"
	ok "ready time was the reason" log_has d "$WEB \\(critical\\) waited .* is set to idle priority"
	ok "ballastd --restore succeeds" restore
	ok "and leaves everything as it was" before_is_back
}

# systemd writes idle priority anew when it reads its units again, as with many packages that are
# installed; to us that is somebody else's change like any other.
reloaded() {
	POLICY=$ROOT/src/config/default-policy.yaml
	daemon_start d --mode enforce
	wait_for 20 shares_are "$WEB" 800
	pressure_on
	wait_for 30 any_idle
	systemctl daemon-reload
	pressure_off
	ok "idle priority that systemd takes away is told" wait_for 90 log_has d "somebody else changed it: .* normal priority"
	ok "a clean stop succeeds" daemon_stop d
	ok "and leaves everything as it was" before_is_back
}

BEFORE=$(kernel_controls "$WEB" "${HOGS[@]}")
run_tests stands throttled idles reloaded
