#!/usr/bin/env bash
# Right-sizing of a real guest: what an earlier run kept of its demand, the advice, and its vCPUs for
# the next start. Weeks of demand are put into the store, where the daemon would have put them.
. "$(dirname "$0")/lib.sh"

LARGE=${PREFIX}large

extra_cleanup() { "$LAB" guest remove "$LARGE" 2>/dev/null || true; }

size() { "$BALLAST" --socket "$RUN/d.sock" size "$@"; }
# size_rc CODE ARGUMENTS...
size_rc() {
	local want=$1 rc=0
	shift
	size "$@" || rc=$?
	[ "$rc" = "$want" ] || { echo "ended with $rc instead of $want"; return 1; }
}
advises() { size "$LARGE" -o json | jq -e ".items[0] | $1" >/dev/null; }
next_xml() { lab_virsh dumpxml --inactive "$LARGE"; }
next_is() { [ "$(next_xml)" = "$1" ]; }
next_has() { next_xml | grep -q -- "$1"; }
store() { sqlite3 "$RUN/d.state/decisions.db" "$1"; }

large_start() {
	"$LAB" guest remove "$LARGE" 2>/dev/null || true
	"$LAB" guest add "$LARGE" --class standard --vcpus 4 --memory 64 --run paused
}

# demand_keep NOW BEFORE: eight days of 0.9 cores; what it did with the vCPUs that it has, and with those before.
demand_keep() {
	local uuid
	uuid=$(lab_virsh domuuid "$LARGE")
	store "INSERT OR REPLACE INTO history VALUES ('$uuid', 1700000000000000, '{\"uuid\":\"$uuid\",
		\"cpu\":{\"phase\":288,\"observed\":2304,\"enough\":106,\"margin\":0,\"judged\":2000,\"missed\":0,\"calm\":0,\"weights\":[54,9000000]},
		\"memory\":{\"phase\":0,\"observed\":0,\"enough\":0,\"margin\":0,\"judged\":0,\"missed\":0,\"calm\":0,\"weights\":[]},
		\"now\":$1,\"before\":$2}')"
}
NONE='{"vcpus":0,"intervals":0,"full":0,"waited":0}'

sized() {
	local before
	if ! command -v sqlite3 >/dev/null; then
		skip "right-sizing" "there is no sqlite3"
		return
	fi
	large_start
	before=$(next_xml)
	daemon_start d --mode observe
	ok "of a guest that is new nothing is known" wait_for 30 advises '.cpu.verdict == "unknown" and .cpu.advised == 4'
	ok "so nothing is applied" size_rc 5 "$LARGE" --apply
	daemon_stop d
	demand_keep '{"vcpus":4,"intervals":2304,"full":0,"waited":0}' "$NONE"
	daemon_start d --mode observe
	ok "what an earlier run kept is known" wait_for 30 advises '.cpu.verdict == "shrink" and .cpu.advised == 2 and .cpu.confidence == "high"'
	ok "the table shows it" bash -c "'$BALLAST' --socket '$RUN/d.sock' size | grep -Eq '$LARGE +standard +4 +2 +high'"
	ok "a guest that is not there" size_rc 3 "$LARGE-x"
	ok "a dry run shows the difference" bash -c "'$BALLAST' --socket '$RUN/d.sock' size '$LARGE' --apply --dry-run | grep -q \"^+.*<vcpu.* current='2'.*>4<\""
	ok "and changes nothing" next_is "$before"
	ok "applied" size_rc 0 "$LARGE" --apply
	ok "it is in the definition" next_has "<vcpu.* current='2'"
	ok "the answer tells" advises '.cpu.next == 2'
	ok "the running guest keeps its vCPUs" same "$(lab_virsh vcpucount "$LARGE" --live --current)" 4
	lab_virsh destroy "$LARGE" >/dev/null
	lab_virsh start "$LARGE" --paused >/dev/null
	ok "started again it has two" wait_for 30 advises '.cpu.has == 2'
	ok "its past counts on" advises '.cpu.verdict == "keep"'
	ok "nothing to change is a conflict" size_rc 5 "$LARGE" --apply
	ok "undone" size_rc 0 "$LARGE" --undo
	ok "the definition is as before" next_is "$before"
	daemon_stop d
	ok "what is known is kept at the end" same "$(store "SELECT json_extract(json, '\$.cpu.observed') >= 2304 FROM history")" 1
}

has_live() { same "$(lab_virsh vcpucount "$LARGE" --live --current)" "$1"; }

# With two vCPUs it uses up both half of the time, with four it never did.
verified() {
	local before
	command -v sqlite3 >/dev/null || { skip "what came of it" "there is no sqlite3"; return; }
	large_start
	before=$(next_xml)
	daemon_start d --mode observe
	daemon_stop d
	demand_keep '{"vcpus":4,"intervals":2304,"full":0,"waited":0}' "$NONE"
	daemon_start d --mode enforce
	ok "fewer vCPUs are advised" wait_for 30 advises '.cpu.advised == 2'
	ok "--live alone is no order" size_rc 2 "$LARGE" --live
	ok "applied, and the running guest asked" size_rc 0 "$LARGE" --apply --live
	ok "vCPUs that it was started with stay, and that is told" log_has d "size of $LARGE is set for its next start; it runs with 4 vCPUs now"
	ok "so it has four" has_live 4
	daemon_stop d
	lab_virsh destroy "$LARGE" >/dev/null
	lab_virsh start "$LARGE" --paused >/dev/null
	demand_keep '{"vcpus":2,"intervals":24,"full":12,"waited":0}' '{"vcpus":4,"intervals":2304,"full":0,"waited":0}'
	daemon_start d --mode observe
	ok "started again it has two" wait_for 30 advises '.cpu.has == 2'
	ok "what came of it is known" advises '.effect | test("used them up 50 % of the time")'
	daemon_stop d
	ok "observing undoes nothing" next_has "<vcpu.* current='2'"
	daemon_start d --mode enforce
	ok "two were too few: it is undone" wait_for 30 log_has d "size of $LARGE is undone; it runs with 4 vCPUs now, because with 2 vCPUs .*used them up 50 %"
	ok "the definition is as before" next_is "$before"
	ok "and so is the running guest" has_live 4
	daemon_stop d
}

run_tests sized verified
