#!/usr/bin/env bash
# Runs inside a host's new namespaces: gives the host its own libvirt folders,
# name and hosts file, then sleeps, which keeps the namespaces alive.
# usage: holder.sh STATE-DIR HOST-NAME BIND...
set -euo pipefail

dir=$1 name=$2
shift 2
for bind in "$@"; do
	mount --bind "$dir/$bind" "/$bind"
done
mount --bind "$dir/etc/hosts" /etc/hosts
hostname "$name" 2>/dev/null || echo "$name" >/proc/sys/kernel/hostname
cd /
echo $$ >"$dir/holder.pid.new"
mv "$dir/holder.pid.new" "$dir/holder.pid"
exec -a "ballast-lab-$name" sleep infinity
