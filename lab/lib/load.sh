# HTTP load on a serve guest, with an exact latency histogram.
# shellcheck shell=bash

# One run of wrk inside the host. The client stands for machines elsewhere, so
# it must not itself wait for the CPU behind the guests: realtime if allowed.
load_burst() {
	local host=$1 url=$2 connections=$3 seconds=$4 prio=()
	if chrt -r 1 true 2>/dev/null; then prio=(chrt -r 1); else prio=(nice -n -20); fi
	host_enter "$host" "${prio[@]}" wrk -t 1 -c "$connections" -d "${seconds}s" --timeout 30s \
		-s "$LAB_HOME/load/histogram.lua" "$url" </dev/null
}

lab_load() {
	local name=${1:-} connections=4 seconds=10 on='' off='' bursts='' json='' host url k out
	guest_check "$name"
	shift
	while [ $# -gt 0 ]; do
		if [ "$1" = --json ]; then json=1; shift; continue; fi
		[ $# -ge 2 ] || die "load: '$1' needs a value"
		case $1 in
			--connections) connections=$2 ;;
			--seconds) seconds=$2 ;;
			--on) on=$2 ;;
			--off) off=$2 ;;
			--bursts) bursts=$2 ;;
			*) die "load: unknown option '$1'" ;;
		esac
		shift 2
	done
	if [ -n "$on$off$bursts" ]; then seconds=${on:-1} bursts=${bursts:-5}; fi
	: "${bursts:=1}" "${off:=$seconds}"
	is_number "$connections" && is_number "$seconds" && is_number "$bursts" && [ "$seconds" -ge 1 ] ||
		die "load: --connections, --seconds, --on and --bursts are whole numbers"
	[[ $off =~ ^[0-9]+([.][0-9]+)?$ ]] || die "load: --off is a number of seconds"
	[ "$(guest_get "$name" run)" = serve ] || die "guest '$name' does not serve"
	host=$(guest_host "$name")
	url=http://$(guest_get "$name" ip)/
	out=
	for ((k = 1; k <= bursts; k++)); do
		[ "$k" -eq 1 ] || sleep "$off"
		out+=$(load_burst "$host" "$url" "$connections" "$seconds" | grep '^lab ')$'\n' ||
			die "load on '$name' failed"
	done
	# Values in order, then merge equal ones and walk to the quantiles.
	printf '%s' "$out" | sort -k 2,2 -k 3,3n | awk -v json="$json" -f "$LAB_HOME/load/merge.awk"
}
