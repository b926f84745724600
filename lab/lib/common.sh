# Settings and small tools that every part of the lab uses.
# shellcheck shell=bash disable=SC2034

LAB_PACKAGES=(
	qemu-system-x86 qemu-utils libvirt-daemon-system libvirt-clients
	libvirt-daemon-driver-qemu busybox-static cpio kmod iproute2
	qemu-guest-agent wrk openssl gcc libc6-dev util-linux
)

LAB_NAME=${BALLAST_LAB_NAME:-$(basename -- "${BALLAST_LAB_DIR:-ballast-lab}")}
LAB_DIR=${BALLAST_LAB_DIR:-/run/$LAB_NAME}
LAB_CACHE=${BALLAST_LAB_CACHE:-/var/cache/ballast-lab}
LAB_WAIT=${BALLAST_LAB_WAIT:-120}
# Things this boot's labs made outside their own folders; see lab_register.
LAB_BOOT_DIR=$LAB_CACHE/boot-$(cat /proc/sys/kernel/random/boot_id)

# Namespaces are named after the lab, so that two labs can coexist.
NS_PREFIX=blab
[ "$LAB_NAME" = ballast-lab ] || NS_PREFIX=$LAB_NAME

say() { echo "${LAB_PROGRAM:-ballast-lab}: $*" >&2; }
die() { echo "${LAB_PROGRAM:-ballast-lab}: error: $*" >&2; exit 1; }

case $LAB_NAME in
	*[!A-Za-z0-9_.-]* | '' | .*) die "BALLAST_LAB_NAME '$LAB_NAME' is not a plain name" ;;
esac
case $LAB_DIR in
	/*/*) ;;
	*) die "BALLAST_LAB_DIR must be an absolute path below a folder" ;;
esac

# until_ok SECONDS CMD...: repeat CMD until it succeeds or the deadline passes.
until_ok() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

is_number() { [[ $1 =~ ^[0-9]+$ ]]; }

# One 'up' or 'down' of a lab at a time. Long-lived children close fd 9.
lab_lock() {
	mkdir -p "$LAB_CACHE"
	exec 9>"$LAB_CACHE/lock-$LAB_NAME"
	flock -w 300 9 || die "another 'up' or 'down' of lab '$LAB_NAME' is running"
}

need_up() { lab_alive || die "lab '$LAB_NAME' is not up (ballast-lab up)"; }

# Value of a key in the lab's or a guest's state file.
state_get() { sed -n "s/^$2=//p" "$1" | tail -n 1; }

# Mount points of every cgroup hierarchy, v1 and v2.
cgroup_roots() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts; }

# Remove a tree of cgroups, only if no process is left in it. cgroup.procs is
# what both versions have.
cgroup_remove() {
	local dir=$1 sub
	[ -d "$dir" ] || return 0
	while read -r sub; do
		if read -r _ <"$sub/cgroup.procs"; then return 0; fi 2>/dev/null
	done < <(find "$dir" -type d 2>/dev/null)
	find "$dir" -depth -type d -exec rmdir {} \; 2>/dev/null || true
}

# Remove what libvirt left of a guest's cgroups, e.g. after its QEMU was killed.
cgroup_remove_guest() {
	local root dir
	while read -r root; do
		for dir in "$root"/machine/qemu-*-"$1".libvirt-qemu; do
			# The glob also matches other-NAME; libvirt's id is a number.
			[[ ${dir##*/} =~ ^qemu-[0-9]+-"$1".libvirt-qemu$ ]] || continue
			cgroup_remove "$dir"
		done
	done < <(cgroup_roots)
}

# Labs of this boot register themselves. The last one to leave also removes the
# shared things that no lab found already there: mount points that libvirt's
# folders need, the mount on /run/netns, libvirt's 'machine' cgroup.
lab_register() {
	local dir root
	mkdir -p "$LAB_BOOT_DIR/labs"
	for dir in "${HOST_BINDS[@]}"; do
		[ -d "/$dir" ] || { mkdir -p "/$dir"; echo "dir /$dir" >>"$LAB_BOOT_DIR/made"; }
	done
	mountpoint -q /run/netns || echo "netns /run/netns" >>"$LAB_BOOT_DIR/made"
	while read -r root; do
		[ -d "$root/machine" ] || echo "cgroup $root/machine" >>"$LAB_BOOT_DIR/made"
	done < <(cgroup_roots)
	: >"$LAB_BOOT_DIR/labs/$LAB_NAME"
}

lab_unregister() {
	local kind path
	rm -f "$LAB_BOOT_DIR/labs/$LAB_NAME"
	[ -d "$LAB_BOOT_DIR" ] || return 0
	[ -z "$(ls "$LAB_BOOT_DIR/labs" 2>/dev/null)" ] || return 0
	if [ -e "$LAB_BOOT_DIR/made" ]; then
		while read -r kind path; do
			case $kind in
				netns)
					if [ -z "$(ls /run/netns 2>/dev/null)" ] && mountpoint -q /run/netns; then
						umount /run/netns || true
					fi
					rmdir /run/netns 2>/dev/null || true ;;
				dir) rmdir "$path" 2>/dev/null || true ;;
				cgroup) rmdir "$path" 2>/dev/null || true ;;
			esac
		done < <(sort -u "$LAB_BOOT_DIR/made")
	fi
	rm -rf "$LAB_BOOT_DIR"
}
