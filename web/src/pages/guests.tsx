// All guests, contention first.
import type { JSX } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { lost, score, type Guest, type Maybe } from "../api";
import { bytes, cores, count, percent, plural, seconds } from "../format";
import { useLive } from "../live";
import { Grid, type Column, type Sort } from "../parts/grid";
import { Mark, type Tone } from "../parts/mark";
import { link } from "../route";

export function stateOf(guest: Guest): { tone: Tone; word: string; rank: number } {
  if (guest.state === "paused") return { tone: "warn", word: "paused", rank: 3 };
  if (guest.stale) return { tone: "unknown", word: "old figures", rank: 2 };
  if (guest.suffers === true) return { tone: "bad", word: "suffers", rank: 4 };
  if (guest.suffers === null || guest.ready === null)
    return { tone: "unknown", word: "unknown", rank: 1 };
  return guest.objective === null
    ? { tone: "calm", word: "no objective", rank: 0 }
    : { tone: "good", word: "meets", rank: 0 };
}

function scoreText(value: Maybe<number>): string {
  return value === null ? "-" : String(Math.floor(value + 1e-9));
}

const columns: Column<Guest>[] = [
  {
    key: "name",
    head: "Guest",
    help: "Name",
    text: true,
    value: (guest) => guest.name,
    cell: (guest) => (
      <a href={link("guest", guest.name)} title={guest.name}>
        {guest.name}
      </a>
    ),
  },
  {
    key: "state",
    head: "State",
    help: "Does it meet the objective of its class?",
    text: true,
    value: (guest) => -stateOf(guest).rank,
    cell: (guest) => {
      const state = stateOf(guest);
      return <Mark tone={state.tone}>{state.word}</Mark>;
    },
  },
  {
    key: "ready",
    head: "Ready",
    help: "%RDY: ready time of the worst vCPU over two seconds, own limit taken off",
    value: (guest) => guest.ready,
    cell: (guest) => percent(guest.ready),
  },
  {
    key: "lost",
    head: "Lost",
    help: "Cores that it wanted and waited for",
    value: lost,
    cell: (guest) => cores(lost(guest)),
  },
  {
    key: "score",
    head: "Score",
    help: "How much of the CPU time that it wanted it got, 0 to 100",
    value: score,
    cell: (guest) => scoreText(score(guest)),
  },
  {
    key: "swap",
    head: "Swap in/s",
    help: "Memory that the guest swaps in per second",
    value: (guest) => guest.swapRate,
    cell: (guest) => bytes(guest.swapRate),
  },
  {
    key: "disk",
    head: "Disk wait",
    help: "How long a request to its disks took, mean; of reads and writes the slower",
    value: (guest) => guest.diskLatency,
    cell: (guest) => seconds(guest.diskLatency),
  },
  {
    key: "drops",
    head: "Drops/s",
    help: "Packets a second that its interfaces dropped, both ways",
    value: (guest) => guest.drops,
    cell: (guest) => count(guest.drops),
  },
  {
    key: "throttled",
    head: "Limited",
    help: "%MLMTD: share of the time in which its own limit held it back; that is no contention",
    value: (guest) => guest.throttled,
    cell: (guest) => percent(guest.throttled),
  },
  {
    key: "class",
    head: "Class",
    help: "Who is first in line",
    text: true,
    value: (guest) => guest.class,
    cell: (guest) => guest.class || "-",
  },
  {
    key: "used",
    head: "Used",
    help: "%USED: cores that it used",
    value: (guest) => guest.used,
    cell: (guest) => cores(guest.used),
  },
  {
    key: "vcpus",
    head: "vCPUs",
    help: "Number of its vCPUs",
    value: (guest) => guest.vcpus,
    cell: (guest) => count(guest.vcpus),
  },
  {
    key: "working",
    head: "Working set",
    help: "Memory that the guest really uses, as far as its balloon tells",
    value: (guest) => guest.workingSet,
    cell: (guest) => bytes(guest.workingSet),
  },
  {
    key: "taken",
    head: "Balloon",
    help: "MCTLSZ: memory that its balloon has taken",
    value: (guest) => guest.taken,
    cell: (guest) => bytes(guest.taken),
  },
  {
    key: "changes",
    head: "Changes",
    help: "Its fields that Ballast holds changed",
    value: (guest) => guest.changes,
    cell: (guest) => count(guest.changes),
  },
];

/* Who suffers most. */
const FIRST: Sort = { key: "state", down: false };

export function GuestsPage(): JSX.Element {
  const { figures, lost: why } = useLive();
  const [filter, setFilter] = useState("");
  const [only, setOnly] = useState("");
  const [sort, setSort] = useState<Sort>(FIRST);
  const input = useRef<HTMLInputElement>(null);
  const all = figures?.guests ?? [];
  const classes = useMemo(() => [...new Set(all.map((guest) => guest.class))].sort(), [all]);
  const rows = useMemo(() => {
    const wanted = filter.trim().toLowerCase();
    return all.filter(
      (guest) =>
        (wanted === "" || guest.name.toLowerCase().includes(wanted)) &&
        (only === "" || (only === "suffers" ? guest.suffers === true : `class:${guest.class}` === only)),
    );
  }, [all, filter, only]);
  if (figures === null) return <p class="note">{why ?? "Waiting for the first figures."}</p>;
  return (
    <div class="fill">
      <div class="bar">
        <label>
          <span class="hidden">Filter by name</span>
          <input
            ref={input}
            type="search"
            placeholder="Filter by name"
            data-filter
            value={filter}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        </label>
        <label>
          <span class="hidden">Show</span>
          <select value={only} onChange={(event) => setOnly(event.currentTarget.value)}>
            <option value="">All guests</option>
            <option value="suffers">Who suffers</option>
            {classes.map((name) => (
              <option key={name} value={`class:${name}`}>
                Class {name}
              </option>
            ))}
          </select>
        </label>
        <span class="note" role="status">
          {rows.length === all.length
            ? plural(all.length, "guest")
            : `${rows.length} of ${plural(all.length, "guest")}`}
        </span>
      </div>
      <Grid
        label="Guests"
        columns={columns}
        rows={rows}
        rowKey={(guest) => guest.uuid}
        tie={(guest) => guest.ready}
        sort={sort}
        onSort={setSort}
        onOpen={(guest) => {
          location.hash = link("guest", guest.name);
        }}
      />
    </div>
  );
}
