# A host of the true lab: a QEMU that emulates the machine, and ssh to reach it.
# shellcheck shell=bash disable=SC2034,SC2153

LAB_PACKAGES+=(mmdebstrap e2fsprogs openssh-client)

TRUE_CACHE=${BALLAST_TRUELAB_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ballast-truelab}
TRUE_DIR=${BALLAST_TRUELAB_DIR:-/run/ballast-truelab}
TRUE_WAIT=${BALLAST_TRUELAB_WAIT:-300}
# Of each of the two nodes.
TRUE_NODE_MIB=2048
TRUE_SWAP_MIB=2048

case $TRUE_DIR in
	/*/*) ;;
	*) die "BALLAST_TRUELAB_DIR must be an absolute path below a folder" ;;
esac

# One 'build', 'up' or 'down' at a time. What lives on closes fd 9.
true_lock() {
	mkdir -p "$TRUE_CACHE"
	exec 9>"$TRUE_CACHE/lock"
	flock -w 1200 9 || die "another truelab makes the image or starts a host"
}

# The QEMU of this lab: a process that has our folder in its command line, whatever the file says.
true_pid() {
	local pid
	pid=$(cat "$TRUE_DIR/qemu.pid" 2>/dev/null) || return 1
	grep -qazF "file:$TRUE_DIR/console.log" "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}
true_alive() { true_pid >/dev/null; }
true_need_up() { true_alive || die "no host is up in $TRUE_DIR (truelab up)"; }

# --- reaching it ---------------------------------------------------------------------------------

# All commands share one connection: to make one takes seconds under emulation.
true_ssh() {
	ssh -F /dev/null -i "$TRUE_DIR/key" -p "$(cat "$TRUE_DIR/port")" \
		-o ControlMaster=auto -o ControlPersist=yes -o ControlPath="$TRUE_DIR/ssh" \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
		-o BatchMode=yes -o ConnectTimeout=60 -o ServerAliveInterval=30 -o ServerAliveCountMax=10 \
		"$@" 9>&-
}

# The exit code is the command's own; 255 when the host cannot be reached.
true_run() {
	[ $# -ge 1 ] || die "run COMMAND..."
	true_ssh root@127.0.0.1 "$(printf '%q ' "$@")"
}

true_put() {
	[ $# -ge 2 ] || die "put FILE... FOLDER"
	local folder=${*: -1} file
	local -a files=("${@:1:$#-1}") words=()
	for file in "${files[@]}"; do
		[ -e "$file" ] || die "put: there is no '$file'"
		file=$(realpath -s -- "$file")
		words+=(-C "$(dirname -- "$file")" "$(basename -- "$file")")
	done
	tar -cf - --owner=0 --group=0 "${words[@]}" |
		true_ssh root@127.0.0.1 "mkdir -p $(printf %q "$folder") && tar -xf - -C $(printf %q "$folder")" ||
		die "put: cannot copy into '$folder'"
}

true_get() {
	[ $# -eq 2 ] || die "get FILE FOLDER"
	[ -d "$2" ] || die "get: there is no folder '$2'"
	true_run tar -cf - -C "$(dirname -- "$1")" "$(basename -- "$1")" </dev/null | tar -xf - --no-same-owner -C "$2" ||
		die "get: cannot copy '$1'"
}

# --- starting and ending -------------------------------------------------------------------------

true_qemu() {
	local cpus=4
	# SVM with nested paging is what makes KVM in the host work under TCG. Quiet about its watchdogs:
	# an emulated CPU that gets no turn on this machine is not hung.
	qemu-system-x86_64 -name truehost -machine pc -accel tcg,thread=multi -cpu max,+svm,+npt \
		-smp "$cpus,sockets=2,cores=2" -m "$((2 * TRUE_NODE_MIB))" \
		-object "memory-backend-ram,id=node0,size=${TRUE_NODE_MIB}M" \
		-object "memory-backend-ram,id=node1,size=${TRUE_NODE_MIB}M" \
		-numa node,nodeid=0,cpus=0-1,memdev=node0 -numa node,nodeid=1,cpus=2-3,memdev=node1 \
		-nodefaults -display none -no-reboot -daemonize -pidfile "$TRUE_DIR/qemu.pid" \
		-serial "file:$TRUE_DIR/console.log" -monitor "unix:$TRUE_DIR/monitor,server=on,wait=off" \
		-kernel "$TRUE_IMAGE/kernel" -initrd "$TRUE_IMAGE/initramfs" \
		-append "root=/dev/vda rw console=ttyS0 net.ifnames=0 mitigations=off tsc=reliable \
no_timer_check nowatchdog rcupdate.rcu_cpu_stall_suppress=1 random.trust_cpu=on fsck.mode=skip quiet \
systemd.show_status=yes loglevel=4" \
		-drive "file=$TRUE_IMAGE/root.raw,format=raw,if=virtio,snapshot=on" \
		-drive "file=$TRUE_DIR/swap.raw,format=raw,if=virtio,cache=unsafe" \
		-netdev user,id=net,hostfwd=tcp:127.0.0.1:0-:22 -device virtio-net-pci,netdev=net,romfile= \
		-device virtio-rng-pci </dev/null 9>&-
}

# The port that QEMU was given by the kernel.
true_port() {
	local pid inode port
	pid=$(true_pid) || return 1
	for inode in $(find "/proc/$pid/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n'); do
		port=$(awk -v inode="$inode" '$10 == inode && $4 == "0A" { split($2, part, ":"); print part[2] }' /proc/net/tcp)
		[ -z "$port" ] || { echo $((16#$port)); return; }
	done
	return 1
}

# It answers, and everything that it starts has started.
true_started() { true_alive && true_run systemctl is-system-running --wait </dev/null >"$TRUE_DIR/state" 2>&1; }
true_settled() { true_started || [ "$(cat "$TRUE_DIR/state" 2>/dev/null)" = degraded ]; }

true_up() {
	local started=$SECONDS
	check_packages
	true_lock
	if true_alive; then say "the host is already up"; return 0; fi
	true_down # what a lab that did not end well may have left
	true_image_prepare
	UP_DONE=
	trap 'true_up_failed' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	mkdir -p "$TRUE_DIR"
	chmod 700 "$TRUE_DIR"
	truncate -s "${TRUE_SWAP_MIB}M" "$TRUE_DIR/swap.raw"
	cp "$TRUE_IMAGE/key" "$TRUE_DIR/key"
	true_qemu || die "QEMU does not start"
	true_port >"$TRUE_DIR/port" || die "QEMU does not listen for connections to the host"
	until_ok "$TRUE_WAIT" true_settled ||
		{ tail -n 20 "$TRUE_DIR/console.log" >&2; die "the host has not started after $TRUE_WAIT s"; }
	[ "$(cat "$TRUE_DIR/state")" = running ] ||
		{ true_run systemctl --no-pager --failed >&2 || true; die "units of the host have failed"; }
	true_run test -w /dev/kvm || die "the host has no /dev/kvm"
	UP_DONE=1
	trap - EXIT INT TERM HUP
	say "the host is up after $((SECONDS - started)) s"
}

true_up_failed() {
	local rc=$?
	trap '' INT TERM HUP
	trap - EXIT
	[ -z "$UP_DONE" ] || exit "$rc"
	say "up did not finish, cleaning up"
	true_down || true
	[ "$rc" -ne 0 ] || rc=1
	exit "$rc"
}

# Nothing in it is worth an orderly end.
true_down() {
	local pid
	[ ! -S "$TRUE_DIR/ssh" ] || true_ssh -O exit root@127.0.0.1 2>/dev/null || true
	if pid=$(true_pid); then
		kill -TERM "$pid" 2>/dev/null || true
		until_ok 10 true_gone || kill -KILL "$pid" 2>/dev/null || true
		until_ok 10 true_gone || die "the QEMU of the host, process $pid, does not end"
	fi
	rm -rf "$TRUE_DIR"
}
true_gone() { ! true_alive; }
