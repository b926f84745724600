#!/usr/bin/env bash
# Guests that hang, vanish, die or change their name disturb nobody else.
. "$(dirname "$0")/lib.sh"

extra_cleanup() {
	[ -z "${STUCK:-}" ] || kill -CONT "$STUCK" 2>/dev/null || true
	lab_virsh domrename "$EXTRA-new" "$EXTRA" >/dev/null 2>&1 || true
	"$LAB" guest remove "$EXTRA" >/dev/null 2>&1 || true
}

vm_is_gone() { [ "$(api d "vms/$1" | jq .status)" = 404 ]; }
vm_is_there() { api_is d "vms/$1" .name "$1"; }

stopped_qemu() {
	"$LAB" guest add "$EXTRA" --class batch --run idle
	daemon_start d --mode enforce
	ok "the guest is seen" wait_for 30 vm_is_there "$EXTRA"
	STUCK=$(guest_pid "$EXTRA")
	kill -STOP "$STUCK"
	# A call that waits for the stopped QEMU, so that libvirt's own lock on the domain is taken.
	lab_virsh dommemstat "$EXTRA" >/dev/null 2>&1 &
	ok "figures of another guest flow on" figures_flow d "$WEB" 20
	pressure_on
	ok "triage acts on others in time" wait_for 30 any_idle
	ok "figures still flow" figures_flow d "$WEB" 20
	pressure_off
	kill -CONT "$STUCK"
	STUCK=
	wait_for 30 api_is d "vms/$EXTRA" .stale false
	"$LAB" guest remove "$EXTRA"
}

destroyed() {
	local held
	"$LAB" guest add "$EXTRA" --class batch --run hog --wait
	daemon_start d --mode enforce
	pressure_on
	ok "the guest yields" wait_for 30 idle_is 1 "$EXTRA"
	mapfile -t held < <(idle_names)
	lab_virsh destroy "$EXTRA" >/dev/null
	ok "a guest that was destroyed is gone from the list" wait_for 30 vm_is_gone "$EXTRA"
	ok "others that were are still held" idle_is 1 "${held[@]}"
	pressure_off
	ok "a clean stop succeeds" daemon_stop d
	ok "nothing is said to have failed" log_count_is d ' failed:|could not' 0
	"$LAB" guest remove "$EXTRA"
}

killed_qemu() {
	local held
	"$LAB" guest add "$EXTRA" --class batch --run hog --wait
	daemon_start d --mode enforce
	pressure_on
	ok "the guest yields" wait_for 30 idle_is 1 "$EXTRA"
	mapfile -t held < <(idle_names)
	kill -KILL "$(guest_pid "$EXTRA")"
	ok "a guest whose QEMU died is gone from the list" wait_for 30 vm_is_gone "$EXTRA"
	ok "others that were are still held" idle_is 1 "${held[@]}"
	ok "figures of the others flow on" figures_flow d "$WEB" 20
	"$LAB" guest remove "$EXTRA"
}

renamed() {
	"$LAB" guest add "$EXTRA" --class batch --run idle
	daemon_start d --mode observe
	ok "the guest is seen" wait_for 30 vm_is_there "$EXTRA"
	lab_virsh destroy "$EXTRA" >/dev/null
	ok "it is gone when it ends" wait_for 30 vm_is_gone "$EXTRA"
	lab_virsh domrename "$EXTRA" "$EXTRA-new" >/dev/null
	lab_virsh start "$EXTRA-new" >/dev/null
	ok "it comes back under its new name" wait_for 30 vm_is_there "$EXTRA-new"
	ok "in its class" wait_for 30 api_is d "vms/$EXTRA-new" '.class + " " + .classFrom' 'batch metadata'
	lab_virsh suspend "$EXTRA-new" >/dev/null
	ok "a pause shows" wait_for 30 api_is d "vms/$EXTRA-new" .state paused
	lab_virsh resume "$EXTRA-new" >/dev/null
	ok "and its end" wait_for 30 api_is d "vms/$EXTRA-new" .state running
	lab_virsh destroy "$EXTRA-new" >/dev/null
	lab_virsh domrename "$EXTRA-new" "$EXTRA" >/dev/null
	"$LAB" guest remove "$EXTRA"
}

run_tests stopped_qemu destroyed killed_qemu renamed
