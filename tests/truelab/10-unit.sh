#!/usr/bin/env bash
# ballastd as systemd starts it: with what the unit leaves it, and no more.
. "$(dirname "$0")/lib.sh"

extra_cleanup() { systemctl stop ballastd; rm -rf /etc/ballast/policy.yaml.saved; }

capabilities_are_the_units() {
	local bounding
	bounding=$(printf '%s\n' dac_override chown fowner dac_read_search sys_ptrace sys_nice perfmon bpf | sort | tr '\n' ' ')
	same "$(systemctl show -P CapabilityBoundingSet ballastd | tr ' ' '\n' | sed 's/^cap_//' | sort | tr '\n' ' ')" "$bounding"
	same "$(awk '$1 == "CapEff:" { print $2 }' "/proc/$(unit_pid)/status")" 000000c00088000f
	same "$(awk '$1 == "Seccomp:" || $1 == "NoNewPrivs:" { printf "%s ", $2 }' "/proc/$(unit_pid)/status")" "1 2 "
}
as_nobody() { setpriv --reuid=nobody --regid="$1" --clear-groups ballast status >/dev/null; }
vm_class_is() { ballast vms -o json | jq -e --arg name "$1" --arg class "$2" \
	'any(.items[]; .name == $name and .class == $class)' >/dev/null; }
unit_warned() { journalctl --no-pager -q -o cat -u ballastd | grep -Ei 'cannot|will not be known|denied|not permitted'; }
programs_loaded() { find "/proc/$(unit_pid)/fd" -lname 'anon_inode:bpf*' | grep .; }
blamed() { ballast blame "$WEB" -o json 2>/dev/null | jq -e --arg name "${HOGS[0]}" \
	'any(.items[0].culprits[]; .name == $name and .waited > 0.1)' >/dev/null; }

starts() {
	ok "it starts and sees the host" unit_start
	ok "the guests have their classes" wait_for 20 vm_class_is "$WEB" critical
	ok "all of them" vm_class_is "${HOGS[0]}" batch
	ok "it has the unit's capabilities and no other" capabilities_are_the_units
	ok "it runs before others" same "$(awk '{ print $19 }' "/proc/$(unit_pid)/stat")" -10
	ok "the kernel has taken its programs" programs_loaded
	ok "nothing is refused to it" not unit_warned
	ok "members of its group may ask" as_nobody ballast
	ok "others may not" not as_nobody nogroup
	ok "it changes nothing" kernel_controls_are "$BEFORE" "$WEB" "${HOGS[@]}"
}

blames() {
	unit_start
	pressure_on
	ok "it knows who ran while a guest waited" wait_for 60 blamed
	pressure_off
}

weights_stand() { file_is "$(scope "$WEB")/cpu.weight" 800 && file_is "$(scope "${HOGS[0]}")/cpu.weight" 20; }
another_pid() { [ "$(unit_pid)" != "$1" ] && [ "$(unit_pid)" != 0 ]; }

enforces() {
	local pid
	unit_start
	ballast mode enforce 2>/dev/null
	ok "told to enforce, it sets weights" wait_for 20 weights_stand
	systemctl daemon-reload
	sleep 2
	ok "systemd leaves them when it reads its units again" weights_stand
	ok "a clean stop succeeds" systemctl stop ballastd
	ok "and leaves everything as it was" kernel_controls_are "$BEFORE" "$WEB" "${HOGS[@]}"
	unit_start
	ballast mode enforce 2>/dev/null
	wait_for 20 weights_stand
	pid=$(unit_pid)
	kill -KILL "$pid"
	ok "killed, it is started again" wait_for 20 another_pid "$pid"
	ok "and, as it observes, gives everything back" wait_for 60 kernel_controls_are "$BEFORE" "$WEB" "${HOGS[@]}"
	ok "it can be ended" systemctl stop ballastd
}

libvirtd_goes() {
	unit_start
	systemctl restart libvirtd
	ok "it outlives a restart of libvirtd" wait_for 60 unit_connected
	ok "and knows the guests" wait_for 20 vm_class_is "$WEB" critical
	systemctl stop ballastd
}

BEFORE=$(kernel_controls "$WEB" "${HOGS[@]}")
run_tests starts blames enforces libvirtd_goes
