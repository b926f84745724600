#!/usr/bin/env bash
# The audit of real guests, and changes of their definitions for the next start.
. "$(dirname "$0")/lib.sh"

OLD=${PREFIX}audit
GONE=${PREFIX}passing

extra_cleanup() {
	"$LAB" guest remove "$OLD" 2>/dev/null || true
	lab_virsh destroy "$GONE" >/dev/null 2>&1 || true
}

audit() { "$BALLAST" --socket "$RUN/d.sock" audit "$@"; }
# audit_rc CODE ARGUMENTS...
audit_rc() {
	local want=$1 rc=0
	shift
	audit "$@" || rc=$?
	[ "$rc" = "$want" ] || { echo "ended with $rc instead of $want"; return 1; }
}
# Not through a pipe: what is found makes the command fail.
finds() {
	audit "$1" -o json >"$RUN/audit.json" || true
	jq -e "any(.findings[]; .rule == \"$2\" and ($3))" "$RUN/audit.json" >/dev/null
}
next_xml() { lab_virsh dumpxml --inactive "$OLD"; }
next_has() { next_xml | grep -q -- "$1"; }
runs_with() { lab_virsh dumpxml "$OLD" | grep -q -- "$1"; }
next_is() { [ "$(next_xml)" = "$1" ]; }

# Without reporting and statistics, and in the state that most guests in the world are in.
old_start() {
	"$LAB" guest remove "$OLD" 2>/dev/null || true
	"$LAB" guest add "$OLD" --class batch --memory 64 --run paused --reporting off --stats 0
}

found() {
	old_start
	daemon_start d --mode observe
	ok "a guest without reporting is found" finds "$OLD" memory.reporting '.state == "open" and .severity == "warning"'
	ok "and without statistics" finds "$OLD" memory.statistics '.state == "open"'
	ok "a warning is an exit code of its own" audit_rc 10 "$OLD"
	ok "the table shows it" bash -c "'$BALLAST' --socket '$RUN/d.sock' audit '$OLD' | grep -q 'warning *$OLD *memory.reporting *open'"
	ok "a guest that has all is not found" not finds "${HOGS[0]}" memory.reporting true
	ok "one rule alone" bash -c "'$BALLAST' --socket '$RUN/d.sock' audit '$OLD' --rule memory.statistics -o json | jq -e '.findings | length == 1'"
	ok "a guest that is not there" audit_rc 3 "$OLD-x"
	ok "a rule that is not there" audit_rc 3 "$OLD" --rule memory
	ok "what is in huge pages is known" api_is d "vms/$WEB" '.memory.huge | type' number
}

applied() {
	local before
	old_start
	before=$(next_xml)
	daemon_start d --mode observe
	ok "a dry run shows the difference" bash -c "'$BALLAST' --socket '$RUN/d.sock' audit '$OLD' --apply memory.reporting --dry-run | grep -q \"^+.*freePageReporting='on'\""
	ok "and changes nothing" next_is "$before"
	ok "applied" audit_rc 0 "$OLD" --apply memory.reporting
	ok "it is in the definition" next_has "freePageReporting='on'"
	ok "the running guest has it not" not runs_with "freePageReporting='on'"
	ok "nothing else has changed" same "$(next_xml | sed "s/freePageReporting='on'/freePageReporting='off'/")" "$before"
	ok "the audit says so" finds "$OLD" memory.reporting '.state == "set" and .byBallast and .severity == "info"'
	ok "once more is no harm" audit_rc 0 "$OLD" --apply memory.reporting
	lab_virsh destroy "$OLD" >/dev/null
	lab_virsh start "$OLD" --paused >/dev/null
	ok "started again it has it" runs_with "freePageReporting='on'"
	ok "then nothing is found" wait_for 30 not finds "$OLD" memory.reporting true
	ok "nothing to change is a conflict" audit_rc 5 "$OLD" --apply memory.reporting
	ok "undone" audit_rc 0 "$OLD" --undo memory.reporting
	ok "the definition is as before" next_is "$before"
	ok "undone twice is a conflict" audit_rc 5 "$OLD" --undo memory.reporting
	ok "statistics, too" audit_rc 0 "$OLD" --apply memory.statistics
	ok "are in the definition" next_has "<stats period='1'/>"
	ok "and go" audit_rc 0 "$OLD" --undo memory.statistics
	ok "without a trace" next_is "$before"
}

killed() {
	local before
	old_start
	before=$(next_xml)
	daemon_start d --mode enforce
	ok "applied" audit_rc 0 "$OLD" --apply memory.reporting
	daemon_kill d
	daemon_start d --mode enforce
	ok "the next daemon knows it as its own" finds "$OLD" memory.reporting '.state == "set" and .byBallast'
	lab_virsh destroy "$OLD" >/dev/null
	ok "undone while the guest does not run" wait_for 30 audit_rc 0 "$OLD" --undo memory.reporting
	ok "the definition is as before" next_is "$before"
}

foreign() {
	old_start
	daemon_start d --mode enforce
	ok "applied" audit_rc 0 "$OLD" --apply memory.reporting
	next_xml | sed "s/ freePageReporting='on'//" >"$RUN/theirs.xml"
	lab_virsh define "$RUN/theirs.xml" >/dev/null
	ok "somebody else takes it out: that is left alone" audit_rc 5 "$OLD" --undo memory.reporting
	ok "as it is" not next_has freePageReporting
	ok "and is theirs from then on" audit_rc 5 "$OLD" --undo memory.reporting
	lab_virsh dumpxml "$OLD" | sed "s/<name>.*</<name>$GONE</; /<uuid>/d; /<mac /d; /<address /d" >"$RUN/passing.xml"
	lab_virsh create "$RUN/passing.xml" --paused >/dev/null
	ok "a transient guest has no definition" wait_for 30 audit_rc 4 "$GONE" --apply memory.reporting
	ok "it stays transient" same "$(lab_virsh dominfo "$GONE" | awk '/^Persistent/ { print $2 }')" no
	lab_virsh destroy "$GONE" >/dev/null
}

huge() {
	old_start
	POLICY=$RUN/policy.yaml
	cat >"$POLICY" <<-YAML
		version: 1
		classes:
		  huge: {memory: {reservation: 100%, ballooning: off, huge_pages: required}}
		  both: {memory: {huge_pages: preferred}}
		default: both
	YAML
	daemon_start d --mode observe
	ok "huge pages and ballooning contradict" finds "$OLD" memory.locked '.severity == "warning"'
	ok "so none are proposed" not finds "$OLD" memory.huge_pages true
	api_post d "vms/$OLD/class" '{"class":"huge"}' >/dev/null
	ok "required and lacking is an error" wait_for 30 audit_rc 11 "$OLD"
	if [ "$(cat /proc/sys/vm/nr_hugepages)" != 0 ]; then
		skip "refused without pages" "the host has some"
		return
	fi
	ok "with the line that sets them aside" finds "$OLD" memory.huge_pages '.change | test("sysctl -w vm.nr_hugepages=32;")'
	ok "a guest that would not start is left alone" audit_rc 4 "$OLD" --apply memory.huge_pages
	ok "as it is" not next_has hugepages
}

# What rules about the definition find of $OLD, of those that need nothing else.
definition_rules() {
	jq -r --arg vm "$OLD" '[.findings[] | select(.vm == $vm and
		(.rule | test("^(disk|net|device)[.]|^cpu[.](model|migration|timers)|^memory[.](balloon|statistics|autodeflate|reporting)")))
		| .rule] | sort | join(" ")'
}

offline() {
	local rc=0
	old_start
	daemon_start d --mode observe
	mkdir -p "$RUN/xml"
	next_xml >"$RUN/xml/old.xml"
	lab_virsh dumpxml "$WEB" >"$RUN/xml/web.xml"
	audit "$OLD" -o json >"$RUN/live.json" || true
	"$BALLAST" audit --xml "$RUN/xml" -o json >"$RUN/files.json" || rc=$?
	ok "without a daemon: a warning" same "$rc" 10
	ok "the rules find the same of the definition" same "$(definition_rules <"$RUN/files.json")" "$(definition_rules <"$RUN/live.json")"
	ok "it is not nothing" bash -c "jq -e 'any(.findings[]; .rule == \"device.random\")' '$RUN/files.json'"
	ok "as SARIF" bash -c "'$BALLAST' audit --xml '$RUN/xml' -o sarif | jq -e '.version == \"2.1.0\" and (.runs[0].results | length > 0)'"
	if command -v lstopo-no-graphics >/dev/null; then
		lstopo-no-graphics --of xml -f "$RUN/host.topology"
		sed 's/<vcpu[^<]*</<vcpu>4096</' "$RUN/xml/old.xml" >"$RUN/xml/huge.xml.in"
		rm "$RUN/xml/old.xml"
		mv "$RUN/xml/huge.xml.in" "$RUN/xml/huge.xml"
		rc=0
		"$BALLAST" audit --xml "$RUN/xml" --topology "$RUN/host.topology" --rule cpu.node >/dev/null || rc=$?
		ok "this host's topology: more vCPUs than it has CPUs" same "$rc" 11
	fi
}

run_tests found applied killed foreign offline huge
