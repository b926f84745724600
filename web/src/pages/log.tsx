// What happened, newest first: every decision with its reason, what was expected of it and what came of
// it, to approve and undo; and notes of whatever else happened to guests, to the host and to Ballast.
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { inForce } from "../actions";
import { decodeDecisions, decodeNotes, type Decision, type Maybe, type Note } from "../api";
import { clock, plural } from "../format";
import { useLive } from "../live";
import { useLoad } from "../load";
import { DecisionItem, merged } from "../parts/decisions";
import { link } from "../route";
import { get } from "../wire";

const PAGE = 100;
const DECISIONS = "decisions";
const NOTES = "notes";

/* A note has no number of its own on its way: what it says, and when, is who it is. */
function keyOf(note: Note): string {
  return `${note.time} ${note.kind} ${note.text}`;
}

/** What was loaded, with what came since; each once, newest first. */
export function mergedNotes(loaded: Note[], since: Note[]): Note[] {
  const by = new Map([...loaded, ...since].map((note) => [keyOf(note), note]));
  return [...by.values()].reverse().sort((a, b) => (b.time ?? 0) - (a.time ?? 0));
}

export type Entry = { time: number; decision: Decision } | { time: number; note: Note };

/** Both in one order. Before `horizon` only one of the two is known, which would look like the whole. */
export function entriesOf(decisions: Decision[], notes: Note[], horizon: number): Entry[] {
  const entries: Entry[] = [
    ...decisions.map((decision) => ({ time: decision.time ?? 0, decision })),
    ...notes.map((note) => ({ time: note.time ?? 0, note })),
  ];
  return entries.filter((entry) => entry.time >= horizon).sort((a, b) => b.time - a.time);
}

function NoteItem(props: { note: Note }): JSX.Element {
  const { time, kind, vm, text } = props.note;
  const named = vm !== "" && text.startsWith(`${vm} `);
  return (
    <li class="line">
      <time dateTime={time === null ? "" : new Date(time).toISOString()}>{clock(time)}</time>
      <span class="kind">{kind}</span>
      <span class="sentence">
        {named && <a href={link("guest", vm)}>{vm}</a>}
        {named ? text.slice(vm.length) : text}
      </span>
    </li>
  );
}

interface Older<T> {
  items: T[];
  /** There are no older ones. */
  ended: boolean;
}

const nothing = { items: [], ended: false };

/** The time of the oldest known; everything is known when no more can be asked for. */
function horizonOf(items: { time: Maybe<number> }[], ended: boolean): number {
  const last = items[items.length - 1];
  return ended || items.length < PAGE || last === undefined ? 0 : (last.time ?? 0);
}

function concerns(decision: Decision, name: string): boolean {
  return name === "" || [decision.target, decision.victim, decision.uuid].includes(name);
}

async function older<T extends { time: Maybe<number> }>(
  noun: string,
  query: string,
  decode: (value: unknown) => T[],
  known: T[],
): Promise<T[]> {
  const last = known[known.length - 1];
  if (last === undefined || last.time === null) return [];
  /* Many are of one instant: those that are known come once more, and as many others. */
  const same = known.filter((one) => one.time === last.time).length;
  const until = encodeURIComponent(new Date(last.time + 1).toISOString());
  return decode(await get(`/${noun}?limit=${PAGE + same}${query}&until=${until}`));
}

function useLog(name: string): {
  decisions: Decision[];
  notes: Note[];
  horizons: { decisions: number; notes: number };
  loaded: boolean;
  problem: string | null;
  loadOlder: (horizon: number) => Promise<void>;
} {
  const live = useLive();
  const [olderDecisions, setDecisions] = useState<Older<Decision>>(nothing);
  const [olderNotes, setNotes] = useState<Older<Note>>(nothing);
  const query = name === "" ? "" : `&vm=${encodeURIComponent(name)}`;
  const first = useLoad(`/decisions?limit=${PAGE}${query}`, decodeDecisions, 0, live.gaps);
  const firstNotes = useLoad(`/notes?limit=${PAGE}${query}`, decodeNotes, 0, live.gaps);
  useEffect(() => {
    setDecisions(nothing);
    setNotes(nothing);
  }, [name]);
  const decisions = merged(
    [...olderDecisions.items, ...(first.data ?? [])],
    [...live.decisions.values()].filter((decision) => concerns(decision, name)),
  );
  const notes = mergedNotes(
    [...olderNotes.items, ...(firstNotes.data ?? [])],
    live.notes.filter((note) => name === "" || note.vm === name),
  );
  const horizons = {
    decisions: horizonOf(decisions, olderDecisions.ended),
    notes: horizonOf(notes, olderNotes.ended),
  };

  /* Of what ends at the horizon, or both. */
  async function loadOlder(horizon: number): Promise<void> {
    if (horizons.decisions >= horizon) {
      const more = await older("decisions", query, decodeDecisions, decisions);
      const fresh = more.filter((one) => decisions.every((known) => known.id !== one.id));
      setDecisions({ items: [...fresh, ...olderDecisions.items], ended: fresh.length === 0 });
    }
    if (horizons.notes >= horizon) {
      const more = await older("notes", query, decodeNotes, notes);
      const known = new Set(notes.map(keyOf));
      const fresh = more.filter((note) => !known.has(keyOf(note)));
      setNotes({ items: [...fresh, ...olderNotes.items], ended: fresh.length === 0 });
    }
  }

  return {
    decisions,
    notes,
    horizons,
    loaded: first.data !== null && firstNotes.data !== null,
    problem: first.problem ?? firstNotes.problem,
    loadOlder,
  };
}

export function LogPage(props: { name: string }): JSX.Element {
  const { name } = props;
  const log = useLog(name);
  const [show, setShow] = useState("");
  const [state, setState] = useState("");
  const [problem, setProblem] = useState("");
  const states = useMemo(
    () => [...new Set(log.decisions.map((one) => one.state))].sort(),
    [log.decisions.length],
  );
  /* Notes have no state: who chooses one asks for decisions. */
  const withDecisions = show !== NOTES;
  const withNotes = show === NOTES || (show === "" && state === "");
  const decisions = log.decisions.filter(
    (one) => withDecisions && (state === "" || one.state === state),
  );
  const notes = withNotes ? log.notes : [];
  const horizon = Math.max(
    withDecisions ? log.horizons.decisions : 0,
    withNotes ? log.horizons.notes : 0,
  );
  const entries = entriesOf(decisions, notes, horizon);
  const counts = [
    ...(withDecisions ? [plural(entries.filter((one) => "decision" in one).length, "decision")] : []),
    ...(withNotes ? [plural(entries.filter((one) => "note" in one).length, "note")] : []),
  ];

  return (
    <>
      <div class="bar">
        <label>
          <span class="hidden">Show</span>
          <select value={show} onChange={(event) => setShow(event.currentTarget.value)}>
            <option value="">Decisions and notes</option>
            <option value={DECISIONS}>Decisions</option>
            <option value={NOTES}>Notes</option>
          </select>
        </label>
        {withDecisions && (
          <label>
            <span class="hidden">State of decisions</span>
            <select value={state} onChange={(event) => setState(event.currentTarget.value)}>
              <option value="">All states</option>
              {states.map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          </label>
        )}
        {name !== "" && (
          <span>
            about <b>{name}</b> <a href={link("log")}>show all</a>
          </span>
        )}
        <span class="note" role="status">
          {counts.join(", ")}
        </span>
      </div>
      {log.problem !== null && <p class="problem">{log.problem}</p>}
      {entries.length === 0 && log.loaded && <p class="note">None.</p>}
      {entries.length > 0 && (
        <ol class="decisions">
          {entries.map((entry) =>
            "note" in entry ? (
              <NoteItem key={keyOf(entry.note)} note={entry.note} />
            ) : (
              <DecisionItem
                key={entry.decision.id}
                decision={entry.decision}
                undoable={inForce(entry.decision, log.decisions)}
              />
            ),
          )}
        </ol>
      )}
      {problem !== "" && <p class="problem">{problem}</p>}
      {horizon > 0 && (
        <p>
          <button
            type="button"
            onClick={() =>
              void log.loadOlder(horizon).then(
                () => setProblem(""),
                (error: Error) => setProblem(error.message),
              )
            }
          >
            Older
          </button>
        </p>
      )}
    </>
  );
}
