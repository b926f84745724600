#!/usr/bin/env bash
# What people look at shows the real guests: figures, history, notes, the terminal, the page, and TCP.
. "$(dirname "$0")/lib.sh"

ballast() { "$BALLAST" --socket "$RUN/d.sock" "$@"; }

extra_cleanup() { [ -z "${DOOR_PID:-}" ] || kill "$DOOR_PID" 2>/dev/null || true; }

# The newest figures, as those who follow them get them.
figures() {
	{ timeout 10 curl -sN --unix-socket "$RUN/d.sock" http://localhost/api/v1/figures 2>/dev/null || true; } |
		{ grep -m 1 '^data: ' || true; } | cut -c 7-
}
figures_have() { figures | jq -e --arg name "$1" "any(.items[]; .name == \$name and ($2))" >/dev/null; }

history_rows() { ballast history "$@" -o json --since 10min | jq '.rows | length'; }
history_has() { [ "$(history_rows "${@:2}")" -ge "$1" ]; }

shows() {
	daemon_start d --mode observe
	pressure_on
	ok "the figures name a guest that waits" wait_for 30 figures_have "$WEB" '.figures.ready > 0.01 and .figures.used > 0'
	ok "its history has rows" wait_for 30 history_has 3 "$WEB"
	ok "with what it waited" test "$(ballast history "$WEB" -o json | jq '[.rows[][1] | select(. != null)] | max > 0')" = true
	ok "the host has a history" history_has 3
	ok "it is drawn" grep -q '^ready ' <(ballast history "$WEB")
	ok "for spreadsheets" grep -q '^time,ready,' <(ballast history "$WEB" -o csv)
	ok "top writes the guests down" grep -q "$WEB" <(ballast top -b -n 2 -d 1)
	ok "what it sends is known" wait_for 30 figures_have "$WEB" '.figures["network.send.rate"] > 0 and .figures["network.receives"] > 0'
	ok "without a disk nothing is known of one" figures_have "$WEB" '.figures | has("disk.reads") | not'
	ok "shown" grep -Eq "^$WEB .* [0-9.]+ +[0-9.]+ " <(ballast vms --net)
	pressure_off
	ok "a pause is noted" wait_for 30 eval 'ballast log --events | grep -q "${HOGS[0]} is paused"'
	ok "a clean stop succeeds" daemon_stop d
	local rows
	daemon_start d --mode observe
	rows=$(history_rows "$WEB")
	ok "the next run knows it" test "$rows" -ge 3
	ok "a trace is taken" grep -q "\"$WEB\"" <(api d 'trace?seconds=1')
}

weight_is() { [ "$(guest_shares "$WEB")" = "$1" ]; }

undone() {
	local before id
	before=$(guest_shares "$WEB")
	daemon_start d --mode enforce
	ok "the weight of the class stands" wait_for 30 weight_is 8000
	wait_for 30 decided d ".target == \"$WEB\" and .rule == \"class-shares\" and .appliedAfter != null"
	id=$(api d 'decisions?limit=1000' | jq "[.items[] | select(.target == \"$WEB\" and .rule == \"class-shares\")][-1].id")
	ok "it is taken back on request" ballast undo "$id"
	ok "and is as before" wait_for 30 weight_is "$before"
	ok "the log says who asked" wait_for 30 decided d '.rule == "operator"'
	sleep 3
	ok "it is left alone" weight_is "$before"
	ok "twice is refused" not ballast undo "$id"
	ok "a new class is a new order" ballast class set "$WEB" standard
	ok "and is obeyed" wait_for 30 weight_is 1000
	ballast class unset "$WEB" >/dev/null
	ok "a clean stop succeeds" daemon_stop d
}

# Status of a request to the page's door: door PATH [CURL-OPTION...].
door() { local path=$1; shift; curl -s -o /dev/null -w '%{http_code}' --max-time 10 "$@" "${URL%%/\?*}$path"; }

page() {
	daemon_start d --mode observe
	"$BALLAST" --socket "$RUN/d.sock" dashboard --no-open >"$RUN/door" 2>&1 &
	DOOR_PID=$!
	ok "the page has an address" wait_for 30 grep -Eq 'http://127\.0\.0\.1:[0-9]+/' "$RUN/door"
	URL=$(grep -Eo 'http://127\.0\.0\.1:[0-9]+/[^ ]*' "$RUN/door" | head -n 1)
	ok "nobody gets in without its token" same "$(door /api/v1/status)" 403
	curl -s -o /dev/null -c "$RUN/cookies" --max-time 10 "$URL"
	ok "whoever has it does" same "$(door /api/v1/status -b "$RUN/cookies")" 200
	ok "to the page, too" same "$(door / -b "$RUN/cookies")" 200
	ok "what acts needs the page's header" same "$(door /api/v1/mode -b "$RUN/cookies" -d '{"mode":"observe"}')" 403
	kill "$DOOR_PID"
	wait "$DOOR_PID" 2>/dev/null || true
	DOOR_PID=
	ok "a clean stop succeeds" daemon_stop d
}

tcp() { curl -s -o /dev/null -w '%{http_code}' --max-time 10 --cacert "$RUN/tls.pem" "$@"; }

over_tcp() {
	local port=$((20000 + RANDOM % 10000)) token
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost -keyout "$RUN/tls.key" -out "$RUN/tls.pem" 2>/dev/null
	"$BALLAST" token ci viewer 2>/dev/null >"$RUN/token"
	token=$(sed -n 's/^token: //p' "$RUN/token")
	(umask 077; sed -n 's/^entry: //p' "$RUN/token" >"$RUN/access")
	daemon_start d --mode observe --listen "127.0.0.1:$port" --tls-cert "$RUN/tls.pem" --tls-key "$RUN/tls.key" --access "$RUN/access"
	URL=https://localhost:$port
	ok "over TCP nobody is nobody" same "$(tcp "$URL/api/v1/vms")" 401
	ok "a token is somebody" same "$(tcp -H "Authorization: Bearer $token" "$URL/api/v1/vms")" 200
	ok "who only looks" same "$(tcp -H "Authorization: Bearer $token" -d '{"class":null}' "$URL/api/v1/vms/$WEB/class")" 403
	: >"$RUN/access"
	ok "the file is read again" ballast policy reload
	ok "and the token is nobody's any more" same "$(tcp -H "Authorization: Bearer $token" "$URL/api/v1/vms")" 401
	ok "the daemon is well" api_is d status .libvirt.connected true
	ok "a clean stop succeeds" daemon_stop d
}

# The guest's kernel looks for partitions on a disk that it is given.
disk() {
	truncate -s 16M "$RUN/disk.raw"
	daemon_start d --mode observe --record "$RUN/d.trace"
	lab_virsh attach-disk "$WEB" "$RUN/disk.raw" vda --live --subdriver raw >/dev/null
	ok "what a guest does with its disk is known" wait_for 30 figures_have "$WEB" '.figures | has("disk.reads")'
	ok "shown" grep -q "^$WEB " <(ballast vms --disk)
	lab_virsh detach-disk "$WEB" vda --live >/dev/null
	ok "without it, it is not" wait_for 60 figures_have "$WEB" '.figures | has("disk.reads") | not'
	ok "a clean stop succeeds" daemon_stop d
	ok "its reads were counted" eval 'jq -c ".sample.domains[]?.values[\"disk.reads\"] // empty" "$RUN/d.trace" | sort -n | tail -n 1 | grep -q "[1-9]"'
}

run_tests disk shows undone page over_tcp
