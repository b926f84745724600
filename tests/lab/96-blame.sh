#!/usr/bin/env bash
# Who ran while a guest waited: it adds up to the kernel's own figure, and only culprits pay.
. "$(dirname "$0")/lib.sh"

QUIET=${PREFIX}quiet

blame() { "$BALLAST" --socket "$RUN/d.sock" blame "$@"; }

# The last minute of $WEB is known for at least so many seconds.
blame_reaches() {
	api d "blame?vm=$WEB" | jq -e --argjson least "$1" '.items[0] | .window != null and .window >= $least' >/dev/null
}
hogs_are_blamed() {
	local name
	for name in "${HOGS[@]}"; do
		api d "blame?vm=$WEB" | jq -e --arg name "$name" 'any(.items[0].culprits[]; .name == $name and .waited > 0.1)' >/dev/null || return 1
	done
}

# From a trace: by how much the sum of all blames of $WEB is off the growth of its threads' run delay, between the first and the
# last tick that has both.
blame_is_off_percent() {
	jq -c --arg name "$WEB" 'select(.sample != null) | .sample.domains[] | select(.name == $name and .blame != null)
		| {blame: ([.blame[].waited] | add // 0), delay: ([.threads[].values["delay"] // .threads[].values["cpu.delay"]] | add)}' |
		jq -s '(last.blame - first.blame) as $blame | (last.delay - first.delay) as $delay
			| {ticks: length, blame: $blame, delay: $delay, off: (if $delay > 0 then (($blame - $delay) * 100 / $delay | if . < 0 then -. else . end) else 100 end)}'
}
blame_adds_up() {
	local found
	found=$(blame_is_off_percent)
	echo "$found"
	jq -e '.ticks > 100 and .delay > 2e8 and .off <= 5' <<<"$found" >/dev/null
}

measures() {
	daemon_start d --mode observe --record "$RUN/d.trace"
	if api d status | jq -e 'any(.notices[]; startswith("who ran"))' >/dev/null; then
		skip "who ran while guests waited" "$(api d status | jq -r '.notices[] | select(startswith("who ran"))')"
		daemon_stop d
		return
	fi
	pressure_on
	ok "fifteen seconds are known" wait_for 40 blame_reaches 15
	ok "the neighbours are named" hogs_are_blamed
	ok "and shown" grep -q "${HOGS[0]}" <(blame "$WEB")
	ok "with the lengths of its waits" grep -Eq '^vcpu 0 +[1-9]' <(blame "$WEB" --lengths)
	ok "for spreadsheets" grep -q '^name,class,waited,' <(blame -o csv)
	ok "explained" grep -q "its threads together waited" <("$BALLAST" --socket "$RUN/d.sock" explain "$WEB")
	ok "a guest that is not there is told" not blame nobody
	pressure_off
	ok "a clean stop succeeds" daemon_stop d
	ok "all culprits add up to the kernel's run delay, to 5 %" blame_adds_up
	ok "the trace replays" "$BALLAST" replay --check "$RUN/d.trace"
}

# Nothing is hooked into the kernel while nobody that is to be protected is at work, and nobody asks.
hooks() { find "/proc/$(daemon_pid d)/fd" -lname '*bpf_link*' 2>/dev/null | grep -c .; }
hooks_are() { [ "$(hooks)" = "$1" ]; }

rests() {
	daemon_start d --mode observe
	if api d status | jq -e 'any(.notices[]; startswith("who ran"))' >/dev/null; then
		skip "it rests" "who ran is not known here"
		daemon_stop d
		return
	fi
	lab_virsh suspend "$WEB" >/dev/null
	ok "at rest there are no hooks" wait_for 60 hooks_are 0
	lab_virsh resume "$WEB" >/dev/null
	pressure_on
	ok "under load there are" wait_for 30 hooks_are 2
	ok "and the neighbours are named" wait_for 30 hogs_are_blamed
	pressure_off
	lab_virsh suspend "$WEB" >/dev/null
	ok "they go with the load" wait_for 60 hooks_are 0
	blame >/dev/null
	ok "and come when somebody asks" hooks_are 2
	lab_virsh resume "$WEB" >/dev/null
	ok "a clean stop succeeds" daemon_stop d
}

# The quiet one waits beside the noisy ones and its CPU time is theirs to take: on a busy machine chance may give it a part of a
# wait that is not its own, but not three times in a row.
quiet_is_spared() {
	local try
	for try in 1 2 3; do
		daemon_start "d$try" --mode enforce
		pressure_on
		wait_for 30 any_idle || { echo "try $try: nobody yields"; return 1; }
		sleep 8
		pressure_off
		decided "d$try" ".target == \"$QUIET\" and (.rule | startswith(\"triage\"))" || return 0
		daemon_stop "d$try"
		wait_for 30 idle_is 0 "$QUIET" || return 1
	done
	return 1
}

culprits_pay() {
	"$LAB" guest add "$QUIET" --class batch --run sip --wait
	daemon_start d --mode enforce
	pressure_on
	ok "the noisy ones are set to idle priority" wait_for 30 any_idle
	ok "a decision says who took the time" decided d \
		'.rule == "triage-idle" and (.sentence | test("took .* of that time"))'
	pressure_off
	ok "a clean stop succeeds" daemon_stop d
	ok "the quiet one of their class is not" quiet_is_spared
	"$LAB" guest remove "$QUIET"
}

run_tests measures rests culprits_pay
