# What the runners of tests on hosts share: one at a time, what one that was killed has left is removed
# by the next, and a file of tests is run, once more where TRIES says so. To be sourced.
#
# Before: OUTPUT (a file that collects the lines of all tests).
# shellcheck shell=bash disable=SC2034

# run_busy FILE PATTERN: another process runs the tests. FILE names the last one that did; a process
# counts only while its command line matches, because ids are used again.
run_busy() {
	local pid
	pid=$(cat "$1" 2>/dev/null) && [ "$pid" != $$ ] &&
		tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q -- "$2"
}

# run_file NAME SECONDS COMMAND...: runs one file of tests. Where TRIES is above 1, a file with a failed
# test is run again, and what it says then counts: these tests share their machine with others. That it
# failed before stays in the output, with "first" before it.
run_file() {
	local name=$1 limit=$2 try rc output
	shift 2
	output=$(mktemp)
	for ((try = 1; try <= ${TRIES:-1}; try++)); do
		local started=$SECONDS
		rc=0
		echo "# $name"
		timeout --kill-after=30 "$limit" "$@" </dev/null > >(tee "$output") 2>&1 &
		TEST_PID=$!
		wait "$TEST_PID" || rc=$?
		TEST_PID=
		sleep 0.1 # for tee
		# One that ends badly without a failed test of its own counts as one.
		if [ "$rc" -ne 0 ] && ! grep -q '^not ok' "$output"; then
			echo "not ok - $name ended with $rc" | tee -a "$output"
		fi
		echo "# $name: $((SECONDS - started)) s"
		grep -q '^not ok' "$output" || break
		[ "$try" -eq "${TRIES:-1}" ] || grep '^not ok' "$output" | sed 's/^/# first: /'
	done
	cat "$output" >>"$OUTPUT"
	rm -f "$output"
}

# The closing line of all that ran; fails when a test did.
run_close() {
	local passed failed
	passed=$(grep -c '^ok' "$OUTPUT" || true)
	failed=$(grep -c '^not ok' "$OUTPUT" || true)
	[ "$failed" -eq 0 ] || { echo; grep '^not ok' "$OUTPUT"; }
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}
