# The image of the true lab's hosts: Debian with systemd, libvirt and QEMU, made once.
# shellcheck shell=bash disable=SC2034

# What the host is made of, beside the smallest Debian there is. The last lines are what the programs
# of Ballast link to, and what the tests call.
TRUE_IMAGE_PACKAGES=(
	linux-image-cloud-amd64 systemd-sysv dbus udev kmod iproute2 procps util-linux openssh-server
	qemu-system-x86 qemu-utils libvirt-daemon-system libvirt-daemon-system-systemd
	libvirt-daemon-driver-qemu libvirt-clients systemd-container numactl
	libglib2.0-0 libvirt0 libmicrohttpd12 libcurl4 libjansson4 libfyaml0 libsqlite3-0 libhwloc15 libbpf1 libncursesw6
	jq curl wrk
)
# Units that cost time at a start and that no test looks at.
TRUE_IMAGE_MASKED=(
	apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer
	e2scrub_reap.service fstrim.timer systemd-binfmt.service systemd-timesyncd.service
	libvirt-guests.service getty@tty1.service serial-getty@ttyS0.service
)

# Programs that are built here have to run there.
true_image_suite() {
	# shellcheck source=/dev/null
	(. /etc/os-release && [ "${ID:-}" = debian ] && echo "${VERSION_CODENAME:-}") || true
}

# Everything the image is made from; a change of any of it makes a new image.
true_image_inputs() {
	true_image_suite
	cat "$LAB_HOME/lib/true-image.sh"
	(cd "$LAB_HOME/truehost" && find . -type f | sort | xargs tail -n +1)
}

true_image_path() { echo "$TRUE_CACHE/image-$(true_image_inputs | sha256sum | cut -c 1-16)"; }

# The tree of the image; $1 is an empty folder, $2 the public key that may log in.
true_image_tree() {
	local tree=$1 key=$2 include
	include=$(IFS=,; echo "${TRUE_IMAGE_PACKAGES[*]}")
	# The host's own files come before the kernel, which makes its initramfs by them. Hooks get the
	# folder as their first argument.
	# shellcheck disable=SC2016
	TRUEHOST=$LAB_HOME/truehost KEY=$key MASKED=${TRUE_IMAGE_MASKED[*]} \
		mmdebstrap --quiet --mode=root --variant=minbase --format=directory \
		--aptopt='Acquire::Retries "3"' --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='force-confold' \
		--include="$include" \
		--essential-hook='cp -a --no-preserve=ownership "$TRUEHOST/." "$1/"' \
		--customize-hook='install -D -m 600 "$KEY" "$1/root/.ssh/authorized_keys"; chmod 700 "$1/root/.ssh"' \
		--customize-hook='echo truehost >"$1/etc/hostname"; rm -f "$1/etc/resolv.conf"' \
		--customize-hook='chroot "$1" systemctl -q mask $MASKED' \
		--customize-hook='chroot "$1" systemctl -q enable ssh.service libvirtd.service lab-host.service' \
		"$(true_image_suite)" "$tree" </dev/null >&2
}

# Chained, because what is asked for its success does not end where it fails.
true_image_build() {
	local image=$1 work=$2
	mkdir "$work/image" &&
		ssh-keygen -q -t ed25519 -N '' -C ballast-truelab -f "$work/key" &&
		true_image_tree "$work/tree" "$work/key.pub" &&
		cp "$work"/tree/boot/vmlinuz-* "$work/image/kernel" &&
		cp "$work"/tree/boot/initrd.img-* "$work/image/initramfs" &&
		mv "$work/key" "$work/image/key" &&
		truncate -s 3G "$work/image/root.raw" &&
		mkfs.ext4 -q -F -L truehost -O ^has_journal -d "$work/tree" "$work/image/root.raw" &&
		chmod 700 "$work/image" || return 1
	mv -T "$work/image" "$image" 2>/dev/null || [ -d "$image" ]
}

# Make the image if needed. Sets TRUE_IMAGE, with root.raw, kernel, initramfs and key in it.
true_image_prepare() {
	local work started=$SECONDS
	TRUE_IMAGE=$(true_image_path)
	[ ! -d "$TRUE_IMAGE" ] || return 0
	[ -n "$(true_image_suite)" ] ||
		die "the true lab's host is made of the Debian that this machine runs; this is no Debian"
	mkdir -p "$TRUE_CACHE"
	say "making the image of the host from Debian's packages (some minutes; once)"
	work=$(mktemp -d "$TRUE_CACHE/tmp.XXXXXX")
	if ! true_image_build "$TRUE_IMAGE" "$work"; then
		rm -rf "$work"
		die "cannot make the image of the host; can this machine reach Debian's archive?"
	fi
	rm -rf "$work"
	say "image made in $((SECONDS - started)) s"
}
