#!/usr/bin/env bash
# Placement on NUMA nodes: guests whose memory is all on one node come to nodes of their own, memory and
# all, once; and it is given back.
. "$(dirname "$0")/lib.sh"

GUESTS=("${PREFIX}near-1" "${PREFIX}near-2")
MIB=300

extra_cleanup() { "$LAB" guest remove "${GUESTS[@]}" 2>/dev/null; }

policy_make() {
	cat >"$RUN/policy.yaml" <<-YAML
		version: 1
		boundaries:
		  memory: {sharing: off}
		classes:
		  placed: {cpu: {ready: 10%}, memory: {ballooning: off}, numa: {fit: preferred}}
		  others: {memory: {ballooning: off}}
		default: others
		assign:
		  - {match: {name: "${PREFIX}near-*"}, class: placed}
	YAML
	POLICY=$RUN/policy.yaml
}

# Bytes of a guest on each node: "0 1".
where() {
	awk '/^anon / || /^shmem / { for (i = 2; i <= NF; i++) { split($i, of, "="); sum[of[1]] += of[2] } }
		END { print sum["N0"] + 0, sum["N1"] + 0 }' "$(scope "$1")/memory.numa_stat"
}
# Percent of it on the nodes that its vCPUs may run on.
local_percent() {
	local near far cpus
	read -r near far < <(where "$1")
	cpus=$(cat "$(inner "$1")/vcpu0/cpuset.cpus.effective")
	case $cpus in
		0-1) ;;
		2-3) read -r far near < <(echo "$near $far") ;;
		*) echo 0; return ;;
	esac
	echo $((near * 100 / (near + far)))
}
are_local() { local name; for name in "${GUESTS[@]}"; do [ "$(local_percent "$name")" -ge 95 ] || return 1; done; }
are_apart() { [ "$(cat "$(inner "${GUESTS[0]}")/vcpu0/cpuset.cpus.effective")" != "$(cat "$(inner "${GUESTS[1]}")/vcpu0/cpuset.cpus.effective")" ]; }
are_free() {
	local name
	for name in "${GUESTS[@]}"; do
		file_is "$(inner "$name")/vcpu0/cpuset.cpus.effective" 0-3 || return 1
		file_is "$(inner "$name")/vcpu0/cpuset.mems.effective" 0-1 || return 1
	done
}
placements() { api d 'decisions?limit=1000' | jq '[.items[] | select(.policy == "placement") | .id] | unique | length'; }

# All their memory on node 0, wherever they run. They stand still until the daemon is there: the host is emulated, and
# slow while they work.
begin() {
	local name
	for name in "${GUESTS[@]}"; do
		"$LAB" guest add "$name" --class '' --run hog --vcpus 1 --memory "$MIB" --wait
		lab_virsh suspend "$name" >/dev/null
		migratepages "$(guest_pid "$name")" 1 0
	done
	for name in "${GUESTS[@]}"; do echo "# $name: bytes on the nodes: $(where "$name")"; done
}

places() {
	local started count
	policy_make
	begin
	daemon_start d --mode enforce
	lab_virsh resume "${GUESTS[0]}" >/dev/null
	lab_virsh resume "${GUESTS[1]}" >/dev/null
	started=$SECONDS
	ok "95 % of their memory comes near" wait_for 120 are_local
	echo "# after $((SECONDS - started)) s: $(local_percent "${GUESTS[0]}") % and $(local_percent "${GUESTS[1]}") %"
	ok "each has a node of its own" are_apart
	ok "a decision says why" decided d '.rule == "placement-nodes" and .policy == "placement"'
	count=$(placements)
	sleep 75
	ok "it is done once" same "$(placements)" "$count"
	daemon_kill d
	ok "after kill -9 they stay" are_local
	daemon_start d --mode enforce
	sleep 20
	ok "a second run changes nothing" same "$(placements)" "$count"
	ok "and keeps them" are_local
	ok "a clean stop succeeds" daemon_stop d
	ok "and they may be anywhere again" wait_for 20 are_free
}

# Somebody else's pins are left alone.
leaves_alone() {
	policy_make
	lab_virsh vcpupin "${GUESTS[0]}" 0 1 --live >/dev/null
	daemon_start d --mode enforce
	sleep 30
	ok "a guest with pins of its own keeps them" file_is "$(inner "${GUESTS[0]}")/vcpu0/cpuset.cpus.effective" 1
	ok "and its memory may be anywhere" file_is "$(inner "${GUESTS[0]}")/vcpu0/cpuset.mems.effective" 0-1
	daemon_stop d
}

run_tests places leaves_alone
