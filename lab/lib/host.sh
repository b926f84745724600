# Hosts: namespaces, networks and libvirtd; and the lab as a whole.
# shellcheck shell=bash disable=SC2153

# Folders of libvirt that every host has for itself.
HOST_BINDS=(etc/libvirt run/libvirt var/lib/libvirt var/log/libvirt var/cache/libvirt)

host_ns() { echo "$NS_PREFIX-$1"; }
net_ns() { echo "$NS_PREFIX-net"; }
host_uri() { echo "qemu+unix:///system?socket=$LAB_DIR/$1/run/libvirt/libvirt-sock"; }
host_virsh() {
	local host=$1
	shift
	timeout 60 virsh -q -c "$(host_uri "$host")" "$@" </dev/null
}
# Up, and not merely left so by an end of all its processes.
lab_alive() {
	local pid
	[ -e "$LAB_DIR/up" ] && pid=$(cat "$LAB_DIR/host1/holder.pid" 2>/dev/null) && pid_in_ns "$pid" "$(host_ns host1)"
}
lab_hosts() { local k; for ((k = 1; k <= $(state_get "$LAB_DIR/up" hosts); k++)); do echo "host$k"; done; }

# Check a host's name, given as host2 or 2.
host_name() {
	local host=host${1#host}
	[[ $host =~ ^host[0-9]+$ ]] && [ -d "$LAB_DIR/$host" ] || die "no host '$1'"
	echo "$host"
}

lab_uri() {
	need_up
	local host
	host=$(host_name "${1:-host1}")
	host_uri "$host"
}

# True if process $1 lives in the network namespace named $2: only such
# processes are ever signalled, whatever a pid file says.
pid_in_ns() {
	local a b
	a=$(stat -Lc %d:%i "/proc/$1/ns/net" 2>/dev/null) || return 1
	b=$(stat -Lc %d:%i "/run/netns/$2" 2>/dev/null) || return 1
	[ "$a" = "$b" ]
}

# Run a command in a host's namespaces, in the current folder.
host_enter() {
	local host=$1 pid
	shift
	pid=$(cat "$LAB_DIR/$host/holder.pid" 2>/dev/null) || die "$host is not running"
	pid_in_ns "$pid" "$(host_ns "$host")" || die "$host is not running"
	# shellcheck disable=SC2016
	nsenter -t "$pid" -n -m -u -- sh -c 'cd "$1" 2>/dev/null; shift; exec "$@"' sh "$PWD" "$@"
}

lab_exec() {
	need_up
	[ $# -ge 1 ] || die "exec HOST -- CMD..."
	local host
	host=$(host_name "$1")
	shift
	[ "${1:-}" != -- ] || shift
	[ $# -ge 1 ] || die "exec HOST -- CMD..."
	host_enter "$host" "$@"
}

host_config() {
	local host=$1 k=$2 n=$3 dir=$LAB_DIR/$1 bind i uuid
	for bind in "${HOST_BINDS[@]}"; do mkdir -p "$dir/$bind"; done
	uuid=$(cat /proc/sys/kernel/random/uuid)
	cat >"$dir/etc/libvirt/libvirtd.conf" <<-CONF
		host_uuid = "$uuid"
		listen_tls = 0
		listen_tcp = 1
		listen_addr = "10.77.0.$k"
		auth_tcp = "none"
		auth_unix_ro = "none"
		auth_unix_rw = "none"
		unix_sock_group = "root"
		unix_sock_rw_perms = "0700"
		log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
	CONF
	cat >"$dir/etc/libvirt/qemu.conf" <<-CONF
		user = "root"
		group = "root"
		dynamic_ownership = 0
		remember_owner = 0
		security_driver = "none"
		namespaces = []
		stdio_handler = "file"
		cgroup_controllers = [ "cpu", "memory", "blkio", "cpuset", "cpuacct" ]
		migration_host = "10.77.0.$k"
		migration_address = "10.77.0.$k"
	CONF
	{
		echo "127.0.0.1 localhost"
		for ((i = 1; i <= n; i++)); do echo "10.77.0.$i host$i"; done
	} >"$dir/etc/hosts"
	# What libvirt learned of this QEMU before; it checks by itself that it still holds.
	[ ! -d "$LAB_CACHE/libvirt" ] || cp -a "$LAB_CACHE/libvirt/." "$dir/var/cache/libvirt/"
}

host_network() {
	local host=$1 k=$2 n=$3 ns
	ns=$(host_ns "$host")
	ip netns add "$ns"
	ip -n "$ns" link set lo up
	ip -n "$ns" link add br0 type bridge
	ip -n "$ns" link set br0 up
	ip -n "$ns" addr add "10.77.0.$k/16" dev br0
	[ "$n" -gt 1 ] || return 0
	ip -n "$(net_ns)" link add "$host" type veth peer name uplink netns "$ns"
	ip -n "$(net_ns)" link set "$host" master br0 up
	ip -n "$ns" link set uplink master br0 up
}

# The holder is a sleeping process that keeps the host's namespaces alive while
# libvirtd is down.
host_start() {
	local host=$1 k=$2 n=$3
	host_config "$host" "$k" "$n"
	host_network "$host" "$k" "$n"
	setsid nsenter --net="/run/netns/$(host_ns "$host")" -- unshare -m -u -- \
		bash "$LAB_HOME/lib/holder.sh" "$LAB_DIR/$host" "$host" "${HOST_BINDS[@]}" \
		</dev/null >"$LAB_DIR/$host/holder.log" 2>&1 9>&- &
	until_ok 10 test -e "$LAB_DIR/$host/holder.pid" ||
		{ cat "$LAB_DIR/$host/holder.log" >&2; die "cannot set up the namespaces of $host"; }
	libvirtd_start "$host"
}

libvirtd_pid() {
	local host=$1 pid
	pid=$(cat "$LAB_DIR/$host/run/libvirt/libvirtd.pid" 2>/dev/null) || return 1
	[ -n "$pid" ] && pid_in_ns "$pid" "$(host_ns "$host")" || return 1
	[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = libvirtd ] && echo "$pid"
}

libvirtd_answers() { timeout 5 virsh -q -c "$(host_uri "$1")" list </dev/null >/dev/null 2>&1; }

libvirtd_start() {
	local host=$1
	if libvirtd_pid "$host" >/dev/null; then return 0; fi
	# From the root cgroup, so that guests land in /machine.
	# shellcheck disable=SC2016,SC2046
	host_enter "$host" sh -c '
		for root in "$@"; do echo $$ >"$root/cgroup.procs" || :; done 2>/dev/null
		exec libvirtd --daemon --listen --pid-file /run/libvirt/libvirtd.pid
	' sh $(cgroup_roots) </dev/null >>"$LAB_DIR/$host/libvirtd.out" 2>&1 9>&- ||
		{ tail -n 5 "$LAB_DIR/$host/libvirtd.out" "$LAB_DIR/$host/var/log/libvirt/libvirtd.log" >&2
		  die "libvirtd of $host does not start"; }
	until_ok 30 libvirtd_answers "$host" || die "libvirtd of $host does not answer"
}

# $2 is the signal: TERM for an orderly end, KILL for a crash.
libvirtd_end() {
	local host=$1 pid
	pid=$(libvirtd_pid "$host") || return 0
	kill "-$2" "$pid"
	# shellcheck disable=SC2317
	gone() { ! pid_in_ns "$pid" "$(host_ns "$host")"; }
	until_ok 15 gone || die "libvirtd of $host does not end"
}

libvirtd_command() {
	local host
	host=$(host_name "${2:-host1}")
	case ${1:-} in
		start) libvirtd_start "$host" ;;
		stop) libvirtd_end "$host" TERM ;;
		kill) libvirtd_end "$host" KILL ;;
		restart) libvirtd_end "$host" TERM; libvirtd_start "$host" ;;
		*) die "libvirtd stop|start|kill|restart [HOST]" ;;
	esac
}

lab_up() {
	local hosts=1 accel=${BALLAST_LAB_ACCEL:-} k started=$SECONDS
	while [ $# -gt 0 ]; do
		case $1 in
			--hosts) hosts=${2:-}; shift 2 || die "--hosts needs a number" ;;
			--accel) accel=${2:-}; shift 2 || die "--accel needs kvm or tcg" ;;
			*) die "up: unknown option '$1'" ;;
		esac
	done
	is_number "$hosts" && [ "$hosts" -ge 1 ] && [ "$hosts" -le 200 ] || die "--hosts must be 1 to 200"
	check_packages
	lab_lock
	if lab_alive; then
		say "lab '$LAB_NAME' is already up ($(state_get "$LAB_DIR/up" hosts) hosts, $(state_get "$LAB_DIR/up" accel))"
		return 0
	fi
	UP_DONE=
	trap 'lab_up_failed' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	lab_down # what a lab that did not end well may have left
	image_prepare
	choose_accel "$accel"
	mkdir -p "$LAB_DIR/guests" "$LAB_DIR/ips"
	lab_register
	if [ "$hosts" -gt 1 ]; then
		ip netns add "$(net_ns)"
		ip -n "$(net_ns)" link add br0 type bridge
		ip -n "$(net_ns)" link set br0 up
	fi
	for ((k = 1; k <= hosts; k++)); do host_start "host$k" "$k" "$hosts"; done
	# Let later labs start faster.
	if [ -d "$LAB_DIR/host1/var/cache/libvirt/qemu" ]; then
		host_virsh host1 domcapabilities --virttype "$(domain_type "$ACCEL")" >/dev/null 2>&1 || true
		mkdir -p "$LAB_CACHE/libvirt"
		cp -a "$LAB_DIR/host1/var/cache/libvirt/." "$LAB_CACHE/libvirt/"
	fi
	printf 'hosts=%s\naccel=%s\nimage=%s\n' "$hosts" "$ACCEL" "$IMAGE_DIR" >"$LAB_DIR/up.new"
	mv "$LAB_DIR/up.new" "$LAB_DIR/up"
	UP_DONE=1
	trap - EXIT INT TERM HUP
	say "lab '$LAB_NAME' is up: $hosts host(s), $ACCEL, $((SECONDS - started)) s"
}

lab_up_failed() {
	local rc=$?
	trap '' INT TERM HUP
	trap - EXIT
	[ -z "$UP_DONE" ] || exit "$rc"
	say "up did not finish, cleaning up"
	[ -z "${PROBE_PID:-}" ] || kill "$PROBE_PID" 2>/dev/null || true
	lab_down || true
	[ "$rc" -ne 0 ] || rc=1
	exit "$rc"
}

# The lab's network namespaces that exist, whether or not its state survived.
lab_namespaces() {
	local path
	for path in /run/netns/"$NS_PREFIX"-host* /run/netns/"$NS_PREFIX"-net; do
		[[ ${path##*/} =~ ^"$NS_PREFIX"-(host[0-9]+|net)$ ]] && [ -e "$path" ] && echo "${path##*/}"
	done
	return 0
}

# End every process in a namespace of the lab: libvirtd, guests, holder and
# whatever was started with 'exec'.
ns_kill() {
	local ns=$1 pid left round
	for round in {1..100}; do
		left=
		for pid in $(ip netns pids "$ns" 2>/dev/null); do
			pid_in_ns "$pid" "$ns" || continue
			left=1
			kill -KILL "$pid" 2>/dev/null || true
		done
		[ -n "$left" ] || return 0
		[ "$round" -lt 3 ] || sleep 0.1
	done
	say "processes are left in $ns: $(ip netns pids "$ns" | tr '\n' ' ')"
	return 1
}

lab_down() {
	local ns pid path root rc=0 cgroups=()
	# The cgroups of running guests, as the kernel knows them.
	for ns in $(lab_namespaces); do
		for pid in $(ip netns pids "$ns" 2>/dev/null); do
			while read -r path; do cgroups+=("$path"); done < <(
				grep -o '/machine/qemu-[^/]*\.libvirt-qemu' "/proc/$pid/cgroup" 2>/dev/null | sort -u)
		done
	done
	for ns in $(lab_namespaces); do ns_kill "$ns" || rc=1; done
	if [ ${#cgroups[@]} -gt 0 ]; then
		while read -r root; do
			for path in "${cgroups[@]}"; do cgroup_remove "$root$path"; done
		done < <(cgroup_roots)
	fi
	for path in "$LAB_DIR"/guests/*/guest; do
		[ -e "$path" ] || continue
		path=${path%/guest}
		cgroup_remove_guest "${path##*/}"
	done
	# Their links, bridges and taps go with the namespaces.
	for ns in $(lab_namespaces); do ip netns del "$ns" || rc=1; done
	rm -rf "$LAB_DIR"
	lab_unregister
	return "$rc"
}

lab_status() {
	local host pid
	if ! lab_alive; then
		echo "lab '$LAB_NAME': down"
		return
	fi
	echo "lab '$LAB_NAME': up, accel $(state_get "$LAB_DIR/up" accel), state in $LAB_DIR"
	for host in $(lab_hosts); do
		if pid=$(libvirtd_pid "$host"); then pid="libvirtd $pid"; else pid="libvirtd down"; fi
		echo "$host: $pid, $(host_uri "$host")"
	done
	guest_list
}
