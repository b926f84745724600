# The guests' image (kernel, modules, initramfs) and the choice of accelerator.
# shellcheck shell=bash disable=SC2034

check_packages() {
	local p missing=()
	for p in "${LAB_PACKAGES[@]}"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
	done
	[ ${#missing[@]} -eq 0 ] || die "missing Debian packages; run:
  apt-get install --no-install-recommends ${missing[*]}"
}

# Package and version of the current cloud kernel, as NAME=VERSION.
kernel_package() {
	local name version
	name=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		awk '$1 == "Depends:" && $2 ~ /^linux-image-.*-cloud-amd64/ { print $2; exit }')
	[ -n "$name" ] || return 1
	version=$(apt-cache show --no-all-versions "$name" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1)
	[ -n "$version" ] && echo "$name=$version"
}

# Fetch and unpack the kernel beside the system, never over it. Sets KERNEL_DIR.
kernel_prepare() {
	local package work
	if ! package=$(kernel_package); then
		# Without package lists (offline), the newest kernel fetched before will do.
		KERNEL_DIR=$(find "$LAB_CACHE" -maxdepth 1 -name 'kernel-*' -printf '%T@ %p\n' 2>/dev/null |
			sort -rn | sed -n '1s/^[^ ]* //p')
		[ -n "$KERNEL_DIR" ] || die "cannot find the package linux-image-cloud-amd64 (apt-get update?)"
		return
	fi
	KERNEL_DIR=$LAB_CACHE/kernel-${package//[^A-Za-z0-9.+-]/_}
	[ ! -d "$KERNEL_DIR" ] || return 0
	say "fetching $package"
	work=$(mktemp -d "$LAB_CACHE/tmp.XXXXXX")
	(cd "$work" && apt-get download -q "$package" >download.log 2>&1) ||
		{ cat "$work/download.log" >&2; rm -rf "$work"; die "cannot download $package"; }
	dpkg -x "$work"/*.deb "$work/root"
	rm -f "$work"/*.deb
	depmod -b "$work/root" "$(ls "$work/root/lib/modules")"
	mv -T "$work/root" "$KERNEL_DIR" 2>/dev/null || [ -d "$KERNEL_DIR" ]
	rm -rf "$work"
}

# Everything the image is made from; a change of any of it makes a new image.
image_inputs() {
	basename -- "$KERNEL_DIR"
	cat "$LAB_HOME/lib/image.sh" "$LAB_HOME"/guest/*
	dpkg-query -W busybox-static qemu-guest-agent libc6 gcc
}

# Copy a program and the libraries that ldd names into the tree $2.
copy_program() {
	local lib
	install -D "$1" "$2$1"
	ldd "$1" | grep -o '/[^ ]*' | while read -r lib; do
		[ -e "$2$lib" ] || install -D "$(readlink -f "$lib")" "$2$lib"
	done
}

build_initramfs() {
	local tree=$1 applet module program version
	version=$(ls "$KERNEL_DIR/lib/modules")
	mkdir -p "$tree"/{bin,dev,proc,sys,run,tmp,etc,www,sbin,usr/bin,usr/sbin,lib/modules,var/run}
	install /bin/busybox "$tree/bin/busybox"
	for applet in $(busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$tree/bin/$applet"
	done
	copy_program /usr/sbin/qemu-ga "$tree"
	for program in labwork labmem; do
		gcc -O2 -Wall -Wextra -static -s -pthread -o "$tree/bin/$program" "$LAB_HOME/guest/$program.c"
	done
	install "$LAB_HOME/guest/init" "$tree/init"
	printf '#!/bin/sh\nexec poweroff -f\n' >"$tree/sbin/shutdown"
	chmod 755 "$tree/sbin/shutdown"
	# A page of 1 KiB for the serve guests.
	head -c 1024 /dev/zero | tr '\0' 'b' >"$tree/www/index.html"
	# Modules in the order in which they must be loaded.
	for module in virtio_pci virtio_balloon virtio_blk virtio_net virtio_console; do
		modprobe -d "$KERNEL_DIR" -S "$version" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r module; do
		install -m 644 "$module" "$tree/lib/modules/"
		basename "$module" >>"$tree/lib/modules/order"
	done
}

# Build the image if needed. Sets IMAGE_DIR, with kernel and initramfs in it.
image_prepare() {
	local work
	mkdir -p "$LAB_CACHE"
	find "$LAB_CACHE" -maxdepth 1 -name 'tmp.*' -mmin +60 -exec rm -rf {} +
	kernel_prepare
	IMAGE_DIR=$LAB_CACHE/image-$(image_inputs | sha256sum | cut -c 1-16)
	[ ! -d "$IMAGE_DIR" ] || return 0
	say "building the guest image"
	work=$(mktemp -d "$LAB_CACHE/tmp.XXXXXX")
	mkdir "$work/image"
	build_initramfs "$work/tree" || { rm -rf "$work"; die "cannot build the initramfs"; }
	# Not compressed: unpacking under emulation costs more than the copy.
	(cd "$work/tree" && find . -print0 | cpio --quiet -0 -o -H newc -R 0:0) >"$work/image/initramfs"
	cp "$KERNEL_DIR"/boot/vmlinuz-* "$work/image/kernel"
	chmod 755 "$work/image"
	mv -T "$work/image" "$IMAGE_DIR" 2>/dev/null || [ -d "$IMAGE_DIR" ]
	rm -rf "$work"
}

# Does a guest really boot under KVM? /dev/kvm may open and yet not work, so
# only a boot counts. The answer is kept for this boot of the machine.
probe_kvm() {
	local answer log
	answer=$LAB_BOOT_DIR.kvm
	if [ -s "$answer" ]; then [ "$(cat "$answer")" = yes ]; return; fi
	[ -w /dev/kvm ] || return 1
	say "probing KVM by booting a guest (15 s at most)"
	rm -f "$LAB_CACHE"/boot-*.kvm
	log=$(mktemp "$LAB_CACHE/tmp.XXXXXX")
	# In the background, so that an interrupt of the lab is seen at once.
	timeout -k 1 15 qemu-system-x86_64 -enable-kvm -M pc -m 128 -nodefaults -display none \
		-no-reboot -kernel "$IMAGE_DIR/kernel" -initrd "$IMAGE_DIR/initramfs" \
		-append "console=ttyS0 quiet panic=-1 lab.run=off" -serial "file:$log" \
		</dev/null >/dev/null 2>&1 9>&- &
	PROBE_PID=$!
	wait "$PROBE_PID" || true
	PROBE_PID=
	if grep -q 'ballast-lab: ready' "$log"; then echo yes; else echo no; fi >"$answer"
	rm -f "$log"
	[ "$(cat "$answer")" = yes ]
}

# Sets ACCEL from the wish in $1 (kvm, tcg or empty).
choose_accel() {
	case $1 in
		tcg) ACCEL=tcg ;;
		kvm) probe_kvm || die "KVM does not boot a guest here"; ACCEL=kvm ;;
		'') if probe_kvm; then ACCEL=kvm; else ACCEL=tcg; fi ;;
		*) die "accelerator must be kvm or tcg" ;;
	esac
}
