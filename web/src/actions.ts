// What a person can order from here. Each first shows what would change, from what to what, and why;
// the daemon has the last word and its answer is what is told.
import { decodeMessage, type Decision, type Guest, type Host } from "./api";
import { controlText, fieldName, plural } from "./format";
import { ask, type Question } from "./parts/dialog";
import { guestPath, post } from "./wire";

async function order(path: string, body: object): Promise<string> {
  return decodeMessage(await post(path, body)) || "Done.";
}

export function canApprove(decision: Decision): boolean {
  return decision.state === "proposed";
}

/** Of all decisions about one field of one guest only the newest that was carried out is in force. */
export function inForce(decision: Decision, all: Iterable<Decision>): boolean {
  if (decision.isUndo || !["applied", "effective"].includes(decision.state)) return false;
  for (const other of all)
    if (
      other.id > decision.id &&
      other.uuid === decision.uuid &&
      other.field === decision.field &&
      ["applied", "effective", "conflict"].includes(other.state)
    )
      return false;
  return true;
}

export function askApprove(decision: Decision): void {
  ask({
    title: `Approve decision ${decision.id}?`,
    changes: [
      {
        what: `${fieldName(decision.field)} of ${decision.target}`,
        from: controlText(decision.field, decision.from),
        to: controlText(decision.field, decision.to),
      },
    ],
    reason: decision.sentence,
    confirm: "Approve",
    run: () => order(`/decisions/${decision.id}/approve`, {}),
  });
}

export function askUndo(decision: Decision): void {
  ask({
    title: `Undo decision ${decision.id}?`,
    changes: [
      {
        what: `${fieldName(decision.field)} of ${decision.target}`,
        from: controlText(decision.field, decision.to),
        to: controlText(decision.field, decision.undo),
      },
    ],
    reason: `It was done because: ${decision.sentence}`,
    confirm: "Undo",
    run: () => order(`/decisions/${decision.id}/undo`, {}),
  });
}

const MODES: Record<string, string> = {
  observe: "Ballast measures, decides and logs, and changes nothing.",
  advise: "Ballast proposes each change and waits for approval.",
  enforce: "Ballast acts.",
};

function modeQuestion(host: Host, to: string): Question {
  const gives =
    host.mode === "enforce" && to !== "enforce" && host.changes !== null && host.changes > 0
      ? ` ${plural(host.changes, "change")} in force will be given back.`
      : "";
  return {
    title: "How far may Ballast go?",
    choice: {
      label: "Mode",
      options: Object.keys(MODES),
      value: to,
      chosen: (value) => modeQuestion(host, value),
    },
    changes: [{ what: "Mode", from: host.mode || "-", to }],
    reason: (MODES[to] ?? "") + gives,
    confirm: `Set mode ${to}`,
    idle: to === host.mode,
    run: () => order("/mode", { mode: to }),
  };
}

export function askMode(host: Host): void {
  ask(modeQuestion(host, host.mode in MODES ? host.mode : "observe"));
}

const BY_POLICY = "(the policy's choice)";

function classQuestion(guest: Guest, classes: string[], to: string): Question {
  const reset = to === BY_POLICY;
  return {
    title: `Class of ${guest.name}`,
    choice: {
      label: "Class",
      options: [...classes, BY_POLICY],
      value: to,
      chosen: (value) => classQuestion(guest, classes, value),
    },
    changes: [
      { what: "Class", from: `${guest.class || "-"} (from ${guest.classFrom || "-"})`, to },
    ],
    reason: reset
      ? "The class that was set by hand is forgotten; libvirt's metadata or the policy chooses."
      : "A class set by hand comes before libvirt's metadata and the policy, until it is taken back.",
    confirm: reset ? "Let the policy choose" : `Set class ${to}`,
    idle: reset ? guest.classFrom !== "class set" : to === guest.class && guest.classFrom === "class set",
    run: () => order(guestPath(guest.uuid, "/class"), { class: reset ? null : to }),
  };
}

export function askClass(guest: Guest, classes: string[]): void {
  ask(classQuestion(guest, classes, guest.class));
}

export function askReload(): void {
  ask({
    title: "Read the policy files again?",
    changes: [{ what: "Policy", from: "as loaded", to: "as the files are now" }],
    reason: "When they hold an error, nothing changes and the errors are shown.",
    confirm: "Reload",
    run: () => order("/policy/reload", {}),
  });
}
