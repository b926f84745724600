#!/usr/bin/env bash
# A full disk, a second daemon, clients that misbehave, two hosts, a recorded trace.
. "$(dirname "$0")/lib.sh"

extra_cleanup() {
	[ -z "${SMALL:-}" ] || umount -l "$SMALL" 2>/dev/null || true
	jobs -p | xargs -r kill 2>/dev/null || true
}

full_disk() {
	local before
	before=$(controls_all)
	SMALL=$RUN/d.state
	mkdir -p "$SMALL"
	mount -t tmpfs -o size=1m,mode=0700 tmpfs "$SMALL"
	daemon_start d --mode observe
	dd if=/dev/zero of="$SMALL/filler" bs=4096 2>/dev/null || true
	api_post d mode '{"mode":"enforce"}' >/dev/null
	ok "a step that cannot be journalled fails and says why" wait_for 30 log_has d '[Nn]o space left'
	ok "and nothing is changed" controls_are "$before"
	ok "the daemon still answers" api_is d status .mode enforce
	rm "$SMALL/filler"
	ok "it acts when there is room again" wait_for 60 shares_are "$WEB" 8000
	ok "a clean stop succeeds" daemon_stop d
	ok "and leaves everything as it was" controls_are "$before"
	umount "$SMALL"
	SMALL=
}

second_daemon() {
	daemon_start d --mode observe
	daemon_spawn second --mode observe
	ok "a second daemon for the same host ends" ends second
	ok "and says whose host it is" log_has second 'already works on the libvirt host'
	ok "its exit code is not 0" not wait "$(daemon_pid second)"
	daemon_spawn third --state "$RUN/d.state"
	ok "nor can two share a state folder" ends third
	ok "which is said" log_has third 'already works on the state folder'
	ok "the first goes on" api_is d status .libvirt.connected true
}

# Sends standard input to the socket and prints what comes back within two seconds.
to_socket() {
	perl -MIO::Socket::UNIX -e '
		$SIG{PIPE} = "IGNORE"; $SIG{ALRM} = sub { exit };
		my $socket = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "connect: $!";
		local $/; my $text = <STDIN>; syswrite $socket, $text; shutdown $socket, 1;
		alarm 2; print <$socket>;' "$RUN/d.sock"
}

# Asks for events over and over and never reads an answer.
never_reads() {
	perl -MIO::Socket::UNIX -e '
		$SIG{PIPE} = "IGNORE";
		my @all; for (1 .. 20) {
			my $socket = IO::Socket::UNIX->new(Peer => $ARGV[0]) or last;
			syswrite $socket, "GET /api/v1/vms HTTP/1.1\r\nHost: x\r\n\r\n" x 50;
			push @all, $socket;
		} sleep 30;' "$RUN/d.sock"
}

# The daemon may close before all is sent.
large_body_refused() {
	local code
	code=$(head -c 5000000 /dev/zero | curl -sS --max-time 10 --unix-socket "$RUN/d.sock" -o /dev/null \
		-w '%{http_code}' -X POST -H 'Expect:' --data-binary @- http://localhost/api/v1/mode 2>/dev/null) || true
	echo "code $code"
	[ "$code" = 413 ] || [ "$code" = 000 ]
}

socket_clients() {
	local pid
	daemon_start d --mode observe
	ok "garbage does no harm" eval 'head -c 20000 /dev/urandom | to_socket >/dev/null; daemon_alive d'
	ok "nor does half a request" eval 'printf "GET /api/v1/sta" | to_socket >/dev/null; daemon_alive d'
	ok "a body that is too large is refused" large_body_refused
	ok "a body that is not JSON is refused" same \
		"$(api_post d mode 'mode=enforce' | jq .status)" 400
	ok "an unknown path is answered" same "$(api d nosuch | jq .status)" 404
	never_reads &
	pid=$!
	sleep 0.5
	ok "clients that never read do not hold up others" figures_flow d "$WEB" 20
	kill "$pid" 2>/dev/null || true
	ok "the daemon is well" api_is d status .libvirt.connected true
	ok "the socket is not open to all" same "$(stat -c %a "$RUN/d.sock" | tail -c 2)" 0
}

two_hosts() {
	daemon_start one --mode observe
	DAEMON_HOST=host2 daemon_start two --mode enforce
	ok "the first sees its guests only" same "$(api one "vms/$FAR" | jq .status)" 404
	ok "and the second its own" wait_for 30 api_is two "vms/$FAR" .name "$FAR"
	ok "the second does not see the first's" same "$(api two "vms/$WEB" | jq .status)" 404
	ok "the second acts on its own host" wait_for 30 eval \
		'host_virsh host2 schedinfo "$FAR" | grep -Eq "cpu_shares *: *8000"'
	ok "each stops cleanly" daemon_stop two
	ok "and the other goes on" api_is one status .libvirt.connected true
}

replay() {
	if [ ! -x "$BALLAST" ]; then skip "replay" "no ballast command"; return; fi
	daemon_start d --mode enforce --record "$RUN/trace"
	pressure_on
	wait_for 30 any_idle || true
	pressure_off
	wait_for 30 idle_is 0 "${HOGS[@]}" || true
	daemon_stop d
	sed -n 's/^{"plan":\(.*\)}$/\1/p' "$RUN/trace" >"$RUN/recorded"
	ok "the trace has steps in it" grep -q '"triage-idle"' "$RUN/recorded"
	"$BALLAST" replay "$RUN/trace" >"$RUN/replayed" || true
	ok "a replay prints the same plans, byte for byte" cmp "$RUN/recorded" "$RUN/replayed"
}

commands() {
	if [ ! -x "$BALLAST" ]; then skip "commands" "no ballast command"; return; fi
	daemon_start d --mode observe
	wait_for 30 api_is d "vms/$WEB" '.figures | has("ready")' true
	local ballast=("$BALLAST" --socket "$RUN/d.sock") words
	for words in status vms "vm $WEB" "explain $WEB" log mode 'policy show' 'policy show --effective'; do
		# shellcheck disable=SC2086
		ok "ballast $words" "${ballast[@]}" $words
		# shellcheck disable=SC2086
		ok "ballast -o json $words" eval '"${ballast[@]}" -o json $words | jq -e . >/dev/null'
	done
	ok "a guest that is not there: exit code 3" eval '"${ballast[@]}" vm nosuch; [ $? -eq 3 ]'
	ok "no daemon there: says what to do" eval '! "$BALLAST" --socket "$RUN/none.sock" status'
}

run_tests full_disk second_daemon socket_clients two_hosts replay commands
