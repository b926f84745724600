# Ballast on a host of the lab, for benchmarks, the demo and the tests on real guests: start and stop
# the daemon, ask its API, read what the kernel and libvirt hold. To be sourced.
#
# Before: ROOT (the source tree), RUN (a folder for sockets, states and logs), BALLAST_LAB_NAME.
# shellcheck shell=bash disable=SC2034

BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$ROOT/$BUILD ;; esac
BALLASTD=$BUILD/ballastd
BALLAST=$BUILD/ballast
LAB=${LAB:-$ROOT/lab/ballast-lab}
LAB_DIR=${BALLAST_LAB_DIR:-/run/$BALLAST_LAB_NAME}
POLICY=$ROOT/src/config/default-policy.yaml
declare -A DAEMON_PIDS=()

say() { echo "$*" >&2; }
die() { say "error: $*"; exit 1; }

need_root() { [ "$(id -u)" -eq 0 ] || die "the lab needs root: run this as root"; }

# wait_for SECONDS COMMAND...: repeats the command until it succeeds; 1 when the time is up.
wait_for() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		sleep 0.05
	done
}

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# --- libvirt and guests --------------------------------------------------------------------------

host_virsh() {
	local host=$1
	shift
	timeout 30 virsh -q -c "$("$LAB" uri "$host")" "$@" </dev/null
}
lab_virsh() { host_virsh host1 "$@"; }

# Several guests in one call, so that they start as one neighbour does.
hogs_do() {
	local what=$1 name commands=''
	shift
	for name in "$@"; do commands+="$what $name; "; done
	lab_virsh "$commands" >/dev/null
}

guest_pid() { cat "$LAB_DIR/${2:-host1}/run/libvirt/qemu/$1.pid"; }

# The folder of a guest's cgroup in the cpu controller, cgroup v1 or v2.
guest_cgroup() {
	local pid line mount
	pid=$(guest_pid "$1" "${2:-host1}")
	if line=$(grep -E '^[0-9]+:([^:]*,)?cpu(,[^:]*)?:' "/proc/$pid/cgroup"); then
		mount=$(awk '$3 == "cgroup" && $4 ~ /(^|,)cpu(,|$)/ { print $2; exit }' /proc/mounts)
	else
		line=$(grep '^0::' "/proc/$pid/cgroup")
		mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	fi
	line=${line#*:*:}
	while [[ ${line##*/} =~ ^(libvirt|emulator|vcpu[0-9]+|iothread[0-9]+)$ ]]; do line=${line%/*}; done
	echo "$mount$line"
}

guest_idle() { cat "$(guest_cgroup "$1" "${2:-host1}")/cpu.idle"; }
guest_shares() { lab_virsh schedinfo "$1" | awk '$1 == "cpu_shares" { print $3 }'; }

# Everything that Ballast may change on a guest, as text: to compare before and after.
guest_controls() {
	echo "idle $(guest_idle "$1")"
	lab_virsh schedinfo "$1" | awk '$1 ~ /^(cpu_shares|global_period|global_quota|vcpu_quota)$/ { print $1, $3 }'
	lab_virsh vcpupin "$1" | awk 'NF { print "pin", $1, $2 }'
}

# CPU time of a process with all its threads, milliseconds.
process_cpu_ms() {
	local stat
	stat=$(cat "/proc/$1/stat") || return 1
	awk -v ticks="$(getconf CLK_TCK)" '{ printf "%d", ($12 + $13) * 1000 / ticks }' <<<"${stat##*) }" |
		grep . || return 1
}

# --- the daemon ----------------------------------------------------------------------------------

daemon_socket() { echo "$RUN/$1.sock"; }
daemon_log() { echo "$RUN/$1.log"; }
daemon_pid() { echo "${DAEMON_PIDS[$1]}"; }

# daemon_spawn NAME [OPTION...]: starts it and returns at once. Options given win over the defaults.
daemon_spawn() {
	local name=$1 uri
	shift
	uri=$("$LAB" uri "${DAEMON_HOST:-host1}")
	[ -x "$BALLASTD" ] || die "$BALLASTD is not there: run make"
	setsid "$BALLASTD" --connect "$uri" --policy "$POLICY" --state "$RUN/$name.state" \
		--socket "$RUN/$name.sock" "$@" </dev/null >>"$RUN/$name.log" 2>&1 &
	DAEMON_PIDS[$name]=$!
}

daemon_alive() { kill -0 "${DAEMON_PIDS[$1]}" 2>/dev/null; }

daemon_answers() {
	daemon_alive "$1" || die "ballastd ended: $(tail -n 3 "$RUN/$1.log")"
	[ "$(api "$1" status | jq -r .inventoryComplete)" = true ]
}

# Waits until it knows all guests, DAEMON_WAIT seconds at most (30).
daemon_start() {
	daemon_spawn "$@"
	wait_for "${DAEMON_WAIT:-30}" daemon_answers "$1" || die "ballastd does not answer: $(tail -n 3 "$RUN/$1.log")"
}

daemon_ended() { ! daemon_alive "$1"; }

# daemon_stop NAME: a clean stop; fails when the daemon says that it failed.
daemon_stop() {
	local pid=${DAEMON_PIDS[$1]:-} rc=0
	[ -n "$pid" ] || return 0
	kill -TERM "$pid" 2>/dev/null || true
	wait_for 20 daemon_ended "$1" || { kill -KILL "$pid" 2>/dev/null || true; rc=1; }
	wait "$pid" || rc=$?
	unset "DAEMON_PIDS[$1]"
	return "$rc"
}

daemon_kill() {
	kill -KILL "${DAEMON_PIDS[$1]}"
	wait "${DAEMON_PIDS[$1]}" 2>/dev/null || true
	unset "DAEMON_PIDS[$1]"
}

daemons_stop() {
	local name
	for name in "${!DAEMON_PIDS[@]}"; do daemon_stop "$name" || true; done
}

# api NAME PATH: the answer's body, whatever the status. api_post NAME PATH BODY likewise.
api() {
	curl -sS --max-time 5 --unix-socket "$RUN/$1.sock" "http://localhost/api/v1/$2" 2>/dev/null || true
}
api_post() {
	curl -sS --max-time 10 --unix-socket "$RUN/$1.sock" -X POST -H 'Content-Type: application/json' \
		-H "Idempotency-Key: $RANDOM$RANDOM$RANDOM" -d "$3" "http://localhost/api/v1/$2"
}

api_is() { [ "$(api "$1" "$2" | jq -r "$3" 2>/dev/null)" = "$4" ]; }

# True when every guest named has this idle priority, as the API shows it.
api_idle_is() {
	local daemon=$1 want=$2
	shift 2
	api "$daemon" vms | jq -e --argjson want "$want" \
		'[.items[] | select(.name | IN($ARGS.positional[])) | .controls["cpu.idle"]]
		 | length == ($ARGS.positional | length) and all(. == $want)' --args "$@" >/dev/null 2>&1
}

# Milliseconds since the epoch of the times in the API's decisions, for jq.
JQ_MS='def ms: (sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601) * 1000
	+ ((capture("\\.(?<f>[0-9]+)Z$").f // "0") | "0." + . | tonumber * 1000 | round);'
