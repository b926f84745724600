#!/usr/bin/env bash
# Balloons follow real use while memory is short, and everything comes back.
. "$(dirname "$0")/lib.sh"

IDLE=${PREFIX}mem-1 BUSY=${PREFIX}mem-2
MAX=384

extra_cleanup() { "$LAB" guest remove "$IDLE" "$BUSY" 2>/dev/null; }

balloon() { lab_virsh dommemstat "$1" | awk '$1 == "actual" { print int($2 / 1024) }'; }
balloon_below() { [ "$(balloon "$1")" -lt "$2" ]; }
balloon_is() { local now; now=$(balloon "$1"); [ "$now" -ge $(($2 - 3)) ] && [ "$now" -le $(($2 + 3)) ]; }
# libvirt leaves the element out where the period is 0.
period() { lab_virsh dumpxml "$1" | awk -F"'" '/<stats period=/ { n = $2 } END { print n + 0 }'; }
period_is() { [ "$(period "$1")" = "$2" ]; }
memory() { "$LAB" guest memory "$@"; }

# A boundary that all guests of host1 together exceed by half a guest.
policy_make() {
	local sum
	sum=$(guests_resident_mib)
	cat >"$RUN/policy.yaml" <<-YAML
		version: 1
		boundaries:
		  memory: {capacity: $(((sum - 150) * 100 / 80))MiB, sharing: off}
		classes:
		  critical: {memory: {reservation: 100%, ballooning: off}}
		  batch: {shares: 100, cpu: {idle: allowed}}
		default: batch
	YAML
	POLICY=$RUN/policy.yaml
}

guests_begin() {
	"$LAB" guest add "$IDLE" --class batch --run memory --memory "$MAX" --stats 0 --reporting off --wait
	"$LAB" guest add "$BUSY" --class batch --run memory --memory "$MAX" --reporting off --wait
	local name
	for name in "$IDLE" "$BUSY"; do memory "$name" hold 250 >/dev/null; done
	memory "$IDLE" free >/dev/null
}

# What is the guest's own is not taken: it neither swaps nor loses a program.
unharmed() { memory "$1" stat | grep -E 'swapout 0 oom 0' >/dev/null; }

short() {
	local returned
	guests_begin
	policy_make
	daemon_start d --mode enforce
	ok "statistics that were off are on" wait_for 30 period_is "$IDLE" 1
	ok "idle memory is taken" wait_for 30 balloon_below "$IDLE" $((MAX - 50))
	ok "a critical guest keeps its memory" balloon_is "$WEB" 128
	ok "a decision says why" wait_for 30 decided d \
		".target == \"$IDLE\" and .rule == \"memory-take\" and (.sentence | test(\"memory is short\"))"
	ok "the state and the balloons show" bash -c "'$BALLAST' --socket '$RUN/d.sock' vms --memory | grep -q '$IDLE'"
	ok "a busy guest keeps what it uses" balloon_is "$BUSY" "$MAX"
	memory "$BUSY" free >/dev/null
	ok "who needs memory gets it" memory "$IDLE" hold 250
	ok "without harm" unharmed "$IDLE"
	memory "$IDLE" free >/dev/null
	memory "$BUSY" hold 250 >/dev/null
	ok "idle memory is taken anew" wait_for 30 balloon_below "$IDLE" $((MAX - 50))
	returned=$(grep -c 'goes back' "$RUN/d.log" || true)
	daemon_kill d
	ok "after kill -9 the balloons stay" balloon_below "$IDLE" $((MAX - 50))
	daemon_start d --mode enforce
	ok "the next run knows them" wait_for 30 api_is d "vms/$IDLE" '.changesInForce >= 2' true
	ok "and goes on with them" log_count_is d "goes back" "$returned"
	ok "a clean stop succeeds" daemon_stop d
	ok "and gives the idle guest's memory back" wait_for 30 balloon_is "$IDLE" "$MAX"
	ok "and the busy guest's" wait_for 30 balloon_is "$BUSY" "$MAX"
	ok "and its statistics are off again" period_is "$IDLE" 0
}

# Killed as soon as the balloon has been told to go back: on its way or there already.
killed_on_the_way() {
	policy_make
	daemon_start d --mode enforce
	ok "idle memory is taken" wait_for 30 balloon_below "$IDLE" $((MAX - 50))
	"$BALLAST" --socket "$RUN/d.sock" mode observe >/dev/null 2>&1
	wait_for 30 log_has d "$IDLE: memory.balloon goes back"
	daemon_kill d
	daemon_start d --mode enforce
	ok "after kill -9 on its way back it is taken again" wait_for 30 balloon_below "$IDLE" $((MAX - 50))
	ok "a clean stop succeeds" daemon_stop d
	ok "and all that it had is back" wait_for 30 balloon_is "$IDLE" "$MAX"
}

foreign() {
	policy_make
	daemon_start d --mode enforce
	ok "idle memory is taken again" wait_for 30 balloon_below "$IDLE" $((MAX - 50))
	lab_virsh setmem "$IDLE" 100MiB --live >/dev/null
	ok "somebody's setmem is reported" wait_for 30 log_has d "$IDLE.*set by somebody else"
	ok "and left alone" wait_for 30 balloon_is "$IDLE" 100
	ok "a clean stop succeeds" daemon_stop d
	ok "and leaves it alone as well" balloon_is "$IDLE" 100
}

observe() {
	lab_virsh setmem "$IDLE" "${MAX}MiB" --live >/dev/null
	ok "the balloon is whole" wait_for 30 balloon_is "$IDLE" "$MAX"
	policy_make
	daemon_start d --mode observe
	ok "it is short and says so" wait_for 30 api_is d status '.memory.pressed' true
	ok "nothing is switched on" period_is "$IDLE" 0
	ok "nothing is taken" balloon_is "$BUSY" "$MAX"
	ok "a clean stop succeeds" daemon_stop d
}

run_tests short killed_on_the_way foreign observe
