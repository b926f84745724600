#!/usr/bin/env bash
# In the host, once before the tests: what an administrator does after `make install`, and the guests.
set -euo pipefail

ROOT=/opt/ballast
LAB=$ROOT/lab/lab-here
export BALLAST_LAB_WAIT=300

systemd-sysusers
systemctl daemon-reload
# Where the tests look for what was built.
for program in ballastd ballast ballast-sim; do ln -sf "$(command -v "$program")" "$ROOT/build/$program"; done

"$LAB" up "$ROOT/image"
pids=()
"$LAB" guest add t-web-1 --class critical --run serve --wait & pids+=($!)
# What has started is suspended at once: the others start beside it on an emulated host.
hog_add() { "$LAB" guest add "$1" --class batch --run hog --wait && virsh -q -c "$URI" suspend "$1" >/dev/null; }
URI=$("$LAB" uri)
for n in 1 2 3; do hog_add "t-batch-$n" & pids+=($!); done
for pid in "${pids[@]}"; do wait "$pid"; done
