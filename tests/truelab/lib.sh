# What every test on a whole host begins with, beside tests/lab/lib.sh: that a guest's place in cgroup
# v2 is beside systemd, and that ballastd is a unit. To be sourced by tests/truelab/NN-*.sh, which
# tests/truelab/run starts in the host with $WEB (critical) and $HOGS (batch, suspended).
# shellcheck shell=bash disable=SC2034

export LAB=${LAB:-/opt/ballast/lab/lab-here} BALLAST_LAB_NAME=${BALLAST_LAB_NAME:-ballast-lab}
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

# The scope that systemd has for a guest, and libvirt's group in it, where limits are.
scope() { guest_cgroup "$1"; }
inner() { echo "$(guest_cgroup "$1")/libvirt"; }

# Under emulation it takes longer to connect to libvirt, most of all after what a test has killed.
export DAEMON_WAIT=240
ends() { wait_for 60 daemon_ended "$1"; }
restore() { daemon_spawn r --state "$RUN/d.state" --restore && ends r && wait "$(daemon_pid r)"; }

# file_is PATH TEXT
file_is() { same "$(cat "$1")" "$2"; }

# Everything that Ballast may change on a guest, straight from the kernel: to compare before and after.
kernel_controls() {
	local name path file
	for name in "$@"; do
		path=$(scope "$name")
		for file in cpu.weight cpu.idle libvirt/cpu.max libvirt/memory.high; do
			echo "$name $file $(cat "$path/$file")"
		done
		for path in "$path"/libvirt/vcpu*; do
			# Empty, and all CPUs, is the same.
			echo "$name ${path##*/} $(cat "$path/cpuset.cpus.effective")"
		done
	done
}
kernel_controls_are() {
	local want=$1
	shift
	same "$(kernel_controls "$@")" "$want"
}

# --- ballastd as a unit --------------------------------------------------------------------------

unit_pid() { systemctl show -P MainPID ballastd; }
unit_connected() { [ "$(ballast status -o json 2>/dev/null | jq -r .inventoryComplete)" = true ]; }
unit_start() {
	systemctl reset-failed ballastd 2>/dev/null || true
	systemctl start ballastd && wait_for 240 unit_connected
}
unit_log() { journalctl --no-pager -q -o cat -u ballastd _PID="$(unit_pid)"; }
