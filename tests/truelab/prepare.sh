#!/usr/bin/env bash
# In the host, once before the tests: what an administrator does after `make install`, and the guests.
set -euo pipefail

ROOT=/opt/ballast
LAB=$ROOT/lab/lab-here
export BALLAST_LAB_WAIT=180

systemd-sysusers
systemctl daemon-reload
# Where the tests look for what was built.
for program in ballastd ballast ballast-sim; do ln -sf "$(command -v "$program")" "$ROOT/build/$program"; done

"$LAB" up "$ROOT/image"
pids=()
"$LAB" guest add t-web-1 --class critical --run serve --wait & pids+=($!)
for n in 1 2 3; do
	"$LAB" guest add "t-batch-$n" --class batch --run hog --wait & pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
for n in 1 2 3; do virsh -q -c "$("$LAB" uri)" suspend "t-batch-$n" >/dev/null; done
