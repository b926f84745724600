#!/usr/bin/env bash
# Memory controls on cgroup v2: balloons, and memory.high with swap to reclaim to.
. "$(dirname "$0")/lib.sh"

BATCH=${PREFIX}mem-1
MAX=384

extra_cleanup() { "$LAB" guest remove "$BATCH" 2>/dev/null; }

balloon() { lab_virsh dommemstat "$1" | awk '$1 == "actual" { print int($2 / 1024) }'; }
balloon_below() { [ "$(balloon "$1")" -lt "$2" ]; }
balloon_at_least() { [ "$(balloon "$1")" -ge "$2" ]; }
high_is() { file_is "$(inner "$BATCH")/memory.high" "$1"; }
high_below_mib() { local now; now=$(cat "$(inner "$BATCH")/memory.high"); [[ $now =~ ^[0-9]+$ ]] && [ "$now" -lt $(($1 << 20)) ]; }
resident_mib() { echo $(($(awk '{ print $2 }' "/proc/$(guest_pid "$BATCH")/statm") / 256)); }
# To be waited for: the daemon follows what the guest needs, and may move the limit between the two looks.
libvirt_knows_high() { same "$(lab_virsh memtune "$BATCH" | awk '$1 == "soft_limit" { print $3 * 1024 }')" "$(cat "$(inner "$BATCH")/memory.high")"; }
resident_below() { [ "$(resident_mib)" -lt "$1" ]; }

# All guests occupy $1 % of what the policy lets them have; of the lower class $2 is said. The neighbours
# stand still, so that nothing new is known of their memory and nothing is taken.
policy_make() {
	cat >"$RUN/policy.yaml" <<-YAML
		version: 1
		boundaries:
		  memory: {capacity: $(($(guests_resident_mib) * 100 / $1))MiB, sharing: off}
		classes:
		  critical: {memory: {reservation: 100%, ballooning: off}}
		  batch: {memory: {$2}}
		default: batch
	YAML
	POLICY=$RUN/policy.yaml
}

# It has touched 250 MiB and needs them no more.
begin() {
	"$LAB" guest add "$BATCH" --class batch --run memory --memory "$MAX" --stats 1 --reporting off --wait
	"$LAB" guest memory "$BATCH" hold 250 >/dev/null
	"$LAB" guest memory "$BATCH" free >/dev/null
}

balloons() {
	begin
	policy_make 95 'ballooning: allowed'
	daemon_start d --mode enforce
	ok "what it does not use is taken" wait_for 60 balloon_below "$BATCH" $((MAX - 50))
	ok "a clean stop succeeds" daemon_stop d
	ok "and gives it back" wait_for 30 balloon_at_least "$BATCH" $((MAX - 3))
	extra_cleanup
}

squeezes() {
	local before
	begin
	before=$(resident_mib)
	policy_make 107 'ballooning: off, squeeze: allowed'
	daemon_start d --mode enforce
	ok "memory.high is below what it occupies" wait_for 60 high_below_mib $((before - 16))
	ok "in libvirt's group, where libvirt knows of it" wait_for 60 libvirt_knows_high
	ok "and the kernel reclaims what it does not use" wait_for 30 resident_below $((before - 50))
	ok "a decision says why" wait_for 5 decided d ".target == \"$BATCH\" and .rule == \"memory-squeeze\""
	ok "the guest goes on" "$LAB" guest memory "$BATCH" stat
	daemon_kill d
	ok "after kill -9 the limit stays" not high_is max
	ok "ballastd --restore succeeds" restore
	ok "and takes it off" high_is max
	ok "what it needs comes back" "$LAB" guest memory "$BATCH" hold 250
	extra_cleanup
}

run_tests balloons squeezes
