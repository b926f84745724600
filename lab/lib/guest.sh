# Guests: libvirt domains that boot the lab's image.
# shellcheck shell=bash

domain_type() { if [ "$1" = kvm ]; then echo kvm; else echo qemu; fi; }

guest_dir() { echo "$LAB_DIR/guests/$1"; }
guest_check() { [[ ${1:-} =~ ^[a-z0-9][a-z0-9.-]{0,39}$ ]] && [ -d "$(guest_dir "$1")" ] || die "no guest '${1:-}'"; }
guest_get() { state_get "$(guest_dir "$1")/guest" "$2" 2>/dev/null || true; }

# Take the first free number; mkdir makes this safe for parallel calls.
guest_number() {
	local n
	for ((n = 1; n <= 50000; n++)); do
		if mkdir "$LAB_DIR/ips/$n" 2>/dev/null; then echo "$n"; return; fi
	done
	return 1
}

guest_xml() {
	local name=$1 class=$2 vcpus=$3 memory=$4 run=$5 ip=$6 mac=$7 reporting=$8 stats=$9 accel image dir
	accel=$(state_get "$LAB_DIR/up" accel)
	image=$(state_get "$LAB_DIR/up" image)
	dir=$(guest_dir "$name")
	cat <<-XML
		<domain type='$(domain_type "$accel")'>
		  <name>$name</name>
	XML
	[ -z "$class" ] || cat <<-XML
		  <metadata><ballast:class xmlns:ballast="urn:ballast:domain:1">$class</ballast:class></metadata>
	XML
	cat <<-XML
		  <memory unit='MiB'>$memory</memory>
		  <vcpu>$vcpus</vcpu>
		  <iothreads>1</iothreads>
		  <os>
		    <type arch='x86_64' machine='pc'>hvm</type>
	XML
	# A paused guest never runs: without a kernel in memory many of them are cheap.
	[ "$run" = paused ] || cat <<-XML
		    <kernel>$image/kernel</kernel>
		    <initrd>$image/initramfs</initrd>
		    <cmdline>console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check nowatchdog rcupdate.rcu_cpu_stall_suppress=1 lab.name=$name lab.ip=$ip/16 lab.run=$run</cmdline>
	XML
	cat <<-XML
		  </os>
		  <features><acpi/><apic/></features>
	XML
	[ "$accel" != kvm ] || echo "  <cpu mode='host-passthrough'/>"
	cat <<-XML
		  <on_poweroff>destroy</on_poweroff>
		  <on_crash>destroy</on_crash>
		  <devices>
		    <emulator>/usr/bin/qemu-system-x86_64</emulator>
		    <controller type='usb' model='none'/>
		    <interface type='bridge'>
		      <mac address='$mac'/>
		      <source bridge='br0'/>
		      <model type='virtio'/>
		      <rom enabled='no'/>
		    </interface>
		    <serial type='file'>
		      <source path='$dir/console.log' append='on'/>
		    </serial>
		    <channel type='unix'>
		      <target type='virtio' name='org.qemu.guest_agent.0'/>
		    </channel>
		    <channel type='file'>
		      <source path='$dir/work.log' append='on'/>
		      <target type='virtio' name='org.ballast.work'/>
		    </channel>
		    <memballoon model='virtio' autodeflate='on' freePageReporting='$reporting'>
		      <stats period='$stats'/>
		    </memballoon>
		  </devices>
		</domain>
	XML
}

guest_add() {
	local name=${1:-} host=host1 class='' vcpus='' memory='' run=serve wait='' n ip mac dir
	local reporting=on stats=1
	[[ $name =~ ^[a-z0-9][a-z0-9.-]{0,39}$ ]] || die "guest names are 1 to 40 of a-z 0-9 . -"
	shift
	while [ $# -gt 0 ]; do
		if [ "$1" = --wait ]; then wait=1; shift; continue; fi
		[ $# -ge 2 ] || die "guest add: '$1' needs a value"
		case $1 in
			--host) host=$2 ;;
			--class) class=$2 ;;
			--vcpus) vcpus=$2 ;;
			--memory) memory=$2 ;;
			--run) run=$2 ;;
			--reporting) reporting=$2 ;;
			--stats) stats=$2 ;;
			*) die "guest add: unknown option '$1'" ;;
		esac
		shift 2
	done
	case $run in
		serve | idle | memory) : "${vcpus:=1}" "${memory:=128}" ;;
		hog | sip) : "${vcpus:=2}" "${memory:=128}" ;;
		paused) : "${vcpus:=1}" "${memory:=32}" ;;
		*) die "guest add: --run is serve, hog, sip, memory, idle or paused" ;;
	esac
	is_number "$vcpus" && is_number "$memory" && is_number "$stats" ||
		die "guest add: --vcpus, --memory and --stats are numbers"
	case $reporting in on | off) ;; *) die "guest add: --reporting is on or off" ;; esac
	case $class in *[!A-Za-z0-9_.-]*) die "guest add: '$class' is not a plain class name" ;; esac
	host=$(host_name "$host")

	dir=$(guest_dir "$name")
	mkdir "$dir" 2>/dev/null || die "guest '$name' exists"
	n=$(guest_number) || die "no address left"
	ip=10.77.$((1 + (n - 1) / 250)).$((1 + (n - 1) % 250))
	mac=$(printf '52:54:00:4d:%02x:%02x' $((n / 256)) $((n % 256)))
	: >"$dir/work.log"
	: >"$dir/console.log"
	printf '%s\n' "host=$host" "class=$class" "run=$run" "ip=$ip" "number=$n" >"$dir/guest"
	guest_xml "$name" "$class" "$vcpus" "$memory" "$run" "$ip" "$mac" "$reporting" "$stats" \
		>"$dir/domain.xml"
	local start="start $name"
	[ "$run" != paused ] || start+=" --paused"
	host_virsh "$host" "define $dir/domain.xml; $start" >"$dir/virsh.log" 2>&1 ||
		{ cat "$dir/virsh.log" >&2; guest_remove "$name"; die "guest '$name' does not start"; }
	if [ -n "$wait" ] && ! until_ok "$LAB_WAIT" guest_ready "$name"; then
		tail -n 5 "$dir/console.log" >&2
		die "guest '$name' is not ready after $LAB_WAIT s"
	fi
}

# Does the guest do what it was started for?
guest_ready() {
	local dir host
	dir=$(guest_dir "$1")
	case $(guest_get "$1" run) in
		serve)
			host=$(guest_get "$1" host)
			grep -q 'ballast-lab: ready' "$dir/console.log" &&
				nsenter --net="/run/netns/$(host_ns "$host")" -- \
					timeout 3 bash "$LAB_HOME/lib/http-check.sh" "$(guest_get "$1" ip)" 2>/dev/null ;;
		hog | sip | memory) grep -q '^work ' "$dir/work.log" ;;
		idle) grep -q 'ballast-lab: ready' "$dir/console.log" ;;
		paused) true ;;
	esac
}

# The host a guest is on now (it may have been migrated), else where it was born.
guest_host() {
	local host
	for host in $(lab_hosts); do
		case $(host_virsh "$host" domstate "$1" 2>/dev/null) in
			'' | 'shut off') ;;
			*) echo "$host"; return ;;
		esac
	done
	guest_get "$1" host
}

guest_remove() {
	local name=$1 host pid file n
	for host in $(lab_hosts); do
		if libvirtd_pid "$host" >/dev/null; then
			host_virsh "$host" destroy "$name" >/dev/null 2>&1 || true
			host_virsh "$host" undefine "$name" >/dev/null 2>&1 || true
		fi
		# libvirtd may be down or have lost the guest.
		file=$LAB_DIR/$host/run/libvirt/qemu/$name.pid
		if [ -e "$file" ] && pid=$(cat "$file") && pid_in_ns "$pid" "$(host_ns "$host")" &&
			[[ $(cat "/proc/$pid/comm") = qemu-system-* ]]; then
			kill -KILL "$pid" 2>/dev/null || true
		fi
		rm -f "$LAB_DIR/$host/etc/libvirt/qemu/$name.xml"
	done
	cgroup_remove_guest "$name"
	n=$(guest_get "$name" number)
	[ -z "$n" ] || rmdir "$LAB_DIR/ips/$n" 2>/dev/null || true
	rm -rf "$(guest_dir "$name")"
}

guest_list() {
	local path name host state
	printf '%-24s %-8s %-12s %-8s %-14s %s\n' NAME HOST CLASS RUN IP STATE
	for path in "$LAB_DIR"/guests/*/guest; do
		[ -e "$path" ] || continue
		name=$(basename -- "$(dirname -- "$path")")
		host=$(guest_host "$name")
		state=$(host_virsh "$host" domstate "$name" 2>/dev/null) || state=unknown
		printf '%-24s %-8s %-12s %-8s %-14s %s\n' "$name" "$host" "$(state_get "$path" class)" \
			"$(state_get "$path" run)" "$(state_get "$path" ip)" "$state"
	done
}

# The last complete line of the counter.
guest_work() {
	tail -c 400 "$(guest_dir "$1")/work.log" | tr -d '\r' | awk '
		/^work [0-9]+ [0-9]+$/ { ms = $2; work = $3; n++ }
		END { if (!n) exit 1; printf "{\"ms\":%s,\"work\":%s}\n", ms, work }' ||
		die "guest '$1' has not counted any work"
}

# Tells a memory guest what to hold; prints its answer.
guest_memory() {
	local name=$1 host
	shift
	[ "$(guest_get "$name" run)" = memory ] || die "guest '$name' does not run memory"
	host=$(guest_host "$name")
	nsenter --net="/run/netns/$(host_ns "$host")" -- \
		timeout "$LAB_WAIT" bash -c 'exec 3<>"/dev/tcp/$1/81" && echo "$2" >&3 && cat <&3' - \
		"$(guest_get "$name" ip)" "$*"
}

guest_command() {
	local sub=${1:-} name
	[ $# -eq 0 ] || shift
	case $sub in
		add) guest_add "$@" ;;
		remove)
			[ $# -ge 1 ] || die "guest remove NAME..."
			for name in "$@"; do guest_check "$name"; guest_remove "$name"; done ;;
		list) guest_list ;;
		ip) guest_check "${1:-}"; guest_get "$1" ip ;;
		host) guest_check "${1:-}"; guest_host "$1" ;;
		work) guest_check "${1:-}"; guest_work "$1" ;;
		memory)
			[ $# -ge 2 ] || die "guest memory NAME hold MIB|free|stat"
			guest_check "$1"; guest_memory "$@" ;;
		*) die "guest add|remove|list|ip|host|work|memory" ;;
	esac
}
