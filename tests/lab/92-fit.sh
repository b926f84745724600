#!/usr/bin/env bash
# Whether one more guest fits: the question, and libvirt's hook.
. "$(dirname "$0")/lib.sh"

HOOKS=$LAB_DIR/host1/etc/libvirt/hooks
NEW=${PREFIX}fit
TOGETHER=()
for i in 1 2 3 4 5 6; do TOGETHER+=("$NEW-$i"); done

extra_cleanup() {
	"$LAB" guest remove "$NEW" 2>/dev/null || true
	for i in "${TOGETHER[@]}"; do "$LAB" guest remove "$i" 2>/dev/null || true; done
	rm -rf "$HOOKS"
	"$LAB" libvirtd restart host1 >/dev/null 2>&1
}

# As the installed one, but for this build and this test's daemon.
hook_enable() {
	mkdir -p "$HOOKS/qemu.d"
	sed "s|@bindir@|$BUILD|; s|^timeout|BALLAST_SOCKET=$RUN/d.sock timeout|" \
		"$ROOT/packaging/hooks/qemu.in" >"$HOOKS/qemu.d/ballast"
	chmod 755 "$HOOKS/qemu.d/ballast"
	"$LAB" libvirtd restart host1
}

# policy_make ADMISSION MIB: so much is left below the hard boundary.
policy_make() {
	cat >"$RUN/policy.yaml" <<-YAML
		version: 1
		boundaries:
		  cpu: {overcommit: 100}
		  memory: {capacity: $((($(guests_resident_mib) + $2) * 100 / 90))MiB}
		  admission: $1
		classes:
		  critical: {memory: {reservation: 100%, ballooning: off}}
		  batch: {shares: 100}
		default: batch
	YAML
	POLICY=$RUN/policy.yaml
}

guest_start() {
	"$LAB" guest add "$1" --class critical --memory "$2" --run paused >"$RUN/start-$1.out" 2>&1
}
is_there() { [ "$(lab_virsh domstate "$1" 2>/dev/null)" = paused ]; }
fit() { "$BALLAST" --socket "$RUN/d.sock" fit --vcpus 1 --class critical --memory "$1"; }
fit_is() { local rc=0; fit "$1" || rc=$?; [ "$rc" = "$2" ]; }

# A QEMU counts with 64 to 128 MiB of its own beside its guest.
question() {
	policy_make refuse 900
	daemon_start d --mode enforce
	ok "a small guest fits" wait_for 30 fit_is 512MiB 0
	ok "a large one does not" fit_is 1000MiB 4
	ok "with the arithmetic" bash -c "'$BALLAST' --socket '$RUN/d.sock' fit --vcpus 1 --class critical --memory 1000MiB | grep 'memory.use *no'"
	ok "several do not fit as one does" bash -c "'$BALLAST' --socket '$RUN/d.sock' fit --vcpus 1 --class critical --memory 512MiB --count 5 | grep 'no: 1 of 5 fit'"
	ok "the API tells the same" api_is d 'fit?memory=1048576000&vcpus=1&class=critical' .fits false
	ok "a class that is not there is named" api_is d 'fit?memory=1&vcpus=1&class=critcal' '.detail | test("did you mean")' true
}

refused() {
	local follow
	hook_enable
	policy_make refuse 900
	daemon_start d --mode enforce
	"$BALLAST" --socket "$RUN/d.sock" log -f >"$RUN/follow.out" 2>&1 </dev/null &
	follow=$!
	ok "a guest that does not fit is refused" not guest_start "$NEW" 1000
	ok "virsh shows the arithmetic" grep "does not fit: it keeps all that it has" "$RUN/start-$NEW.out"
	ok "it does not run" not is_there "$NEW"
	ok "the log says so" log_has d "$NEW .critical. with 1000 MiB .*refuses its start"
	ok "so does the status" api_is d status ".notices | any(test(\"$NEW.*does not fit\"))" true
	ok "and who follows the log" wait_for 30 grep -q "$NEW .*refuses its start" "$RUN/follow.out"
	kill "$follow"
	ok "a guest that fits starts" guest_start "$NEW" 512
	ok "it runs" is_there "$NEW"
	ok "the next one of its size does not fit" fit_is 512MiB 4
	lab_virsh destroy "$NEW" >/dev/null
	ok "started again it does not count twice" lab_virsh start "$NEW" --paused
	ok "libvirt restarts with its guests" "$LAB" libvirtd restart host1
	ok "none of them is lost" is_there "$NEW"
	"$LAB" guest remove "$NEW"
}

warned() {
	policy_make warn 50
	daemon_start d --mode enforce
	ok "a guest that does not fit starts" guest_start "$NEW" 256
	ok "the log warns" log_has d "$NEW .*starts all the same .boundaries.admission: warn"
	"$LAB" guest remove "$NEW"
	policy_make refuse 50
	ok "told to refuse" same "$(api_post d policy/reload '{}' | jq -r .message)" "the policy is reloaded"
	api_post d mode '{"mode":"observe"}' >/dev/null
	ok "observing" wait_for 30 api_is d status .mode observe
	ok "nothing is refused" guest_start "$NEW" 256
	ok "the log says why" log_has d "$NEW .*because the mode is observe"
	"$LAB" guest remove "$NEW"
	policy_make off 50
	api_post d policy/reload '{}' >/dev/null
	ok "off" guest_start "$NEW" 256
	ok "nothing more is said" log_count_is d "starts all the same" 2
	"$LAB" guest remove "$NEW"
}

# A daemon that starts with a policy that cannot be kept says so; nothing more is promised.
promised() {
	local answer
	POLICY=$RUN/policy.yaml
	cat >"$POLICY" <<-YAML
		version: 1
		boundaries: {memory: {capacity: 100MiB}}
		classes:
		  critical: {memory: {reservation: 100%, ballooning: off}}
		  batch: {shares: 100}
		default: batch
	YAML
	daemon_start d --mode observe
	ok "it starts" wait_for 30 log_has d 'the policy promises more than the host has'
	ok "and says so" api_is d status '.notices | any(test("^class .*the memory of 1 guest .*hard boundary is 90 % of 100 MiB"))' true
	answer=$(api_post d policy/reload '{}')
	ok "such a policy is not taken over" same "$(jq .status <<<"$answer")" 422
	ok "with the sum" grep -q "together [0-9.]* MiB, the hard boundary" <<<"$(jq -r .errors <<<"$answer")"
	answer=$(api_post d "vms/${HOGS[0]}/class" '{"class":"critical"}')
	ok "nor is a class that reserves more" same "$(jq .status <<<"$answer")" 422
	answer=$(api_post d "vms/$WEB/class" '{"class":"batch"}')
	ok "one that reserves less is" same "$(jq -r .kind <<<"$answer")" Done
	ok "then all is well" wait_for 30 api_is d status '.notices | any(startswith("class"))' false
}

# Whatever becomes of the daemon, guests start.
absent() {
	local started=$SECONDS
	policy_make refuse 50
	daemon_start d --mode enforce
	kill -STOP "$(daemon_pid d)"
	ok "a daemon that hangs refuses nothing" guest_start "$NEW" 256
	ok "and holds nobody up for long" test $((SECONDS - started)) -lt 20
	kill -CONT "$(daemon_pid d)"
	"$LAB" guest remove "$NEW"
	daemon_kill d
	ok "nor does one that was killed" guest_start "$NEW" 256
	"$LAB" guest remove "$NEW"
	rm -f "$RUN/d.sock"
	ok "nor one that never was" guest_start "$NEW" 256
	"$LAB" guest remove "$NEW"
}

# Six guests at once, and room for three and a half.
together() {
	local name pids=() there=0
	policy_make refuse 2100
	daemon_start d --mode enforce
	for name in "${TOGETHER[@]}"; do guest_start "$name" 512 & pids+=($!); done
	for name in "${pids[@]}"; do wait "$name" || true; done
	for name in "${TOGETHER[@]}"; do ! is_there "$name" || there=$((there + 1)); done
	ok "of guests that start together only those start that fit together" same "$there" 3
	ok "the others are refused" log_count_is d "refuses its start" 3
	for name in "${TOGETHER[@]}"; do "$LAB" guest remove "$name" 2>/dev/null || true; done
}

run_tests question promised refused warned absent together
