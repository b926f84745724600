// One guest: why it is as fast or slow as it is, its time lines, who took its time, what was done.
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { askClass } from "../actions";
import {
  classesOf,
  decodeBlame,
  decodeDecisions,
  decodeExplanation,
  decodeHistory,
  decodePolicy,
  decodeThreads,
  type Guest,
  type History,
  type Maybe,
} from "../api";
import { culpritName } from "../blame";
import { bytes, controlText, cores, count, fieldName, percent, plural, seconds } from "../format";
import { useLive } from "../live";
import { useLoad } from "../load";
import { Chart } from "../parts/chart";
import { Decisions, merged } from "../parts/decisions";
import { Mark } from "../parts/mark";
import { link } from "../route";
import { guestPath } from "../wire";
import { stateOf } from "./guests";

const WINDOWS = [
  { label: "30 minutes", seconds: 0 },
  { label: "6 hours", seconds: 6 * 3600 },
  { label: "7 days", seconds: 7 * 86400 },
];
/* The finest that there is. */
const STEP_SECONDS = 2;
const QUOTA_PERIOD_USEC = 100000;

/** One guest's figures at one time, as a row of its history. */
interface Point {
  time: number;
  guest: Guest;
}

interface Series {
  times: number[];
  of: (column: string, live: (guest: Guest) => Maybe<number>) => Maybe<number>[];
}

/** The history with what came since it was loaded. */
export function seriesOf(history: History | null, tail: Point[]): Series {
  const times = history?.times ?? [];
  const last = times[times.length - 1] ?? 0;
  const since = tail.filter((point) => point.time > last);
  return {
    times: [...times, ...since.map((point) => point.time)],
    of: (column, live) => {
      const index = history?.columns.findIndex((one) => one.name === column) ?? -1;
      const values = history?.values[index] ?? times.map(() => null);
      return [...values, ...since.map((point) => live(point.guest))];
    },
  };
}

/** Cores that it may use: its quota, else its vCPUs. */
function cpuLimit(quota: Maybe<number> | undefined, vcpus: Maybe<number>): Maybe<number> {
  return quota === undefined || quota === null || quota < 0 ? vcpus : quota / QUOTA_PERIOD_USEC;
}

function useTail(guest: Guest, time: Maybe<number>): Point[] {
  const tail = useRef<{ uuid: string; points: Point[] }>({ uuid: "", points: [] });
  if (tail.current.uuid !== guest.uuid) tail.current = { uuid: guest.uuid, points: [] };
  const { points } = tail.current;
  const now = time === null ? null : time / 1000;
  if (now !== null && now > (points[points.length - 1]?.time ?? 0))
    tail.current.points = [...points.slice(-900), { time: now, guest }];
  return tail.current.points;
}

function TimeLines(props: { guest: Guest; time: Maybe<number> }): JSX.Element {
  const { guest } = props;
  const [window, setWindow] = useState(0);
  const path = useMemo(() => {
    const ago = WINDOWS[window]?.seconds ?? 0;
    const since = new Date(Date.now() - ago * 1000).toISOString();
    return guestPath(guest.uuid, ago === 0 ? "/history" : `/history?since=${since}`);
  }, [guest.uuid, window]);
  const loaded = useLoad(path, decodeHistory, 60000);
  const tail = useTail(guest, props.time);
  const series = useMemo(() => seriesOf(loaded.data, window === 0 ? tail : []), [loaded.data, tail, window]);
  /* A row of a longer step is a mean: it hides what was short. */
  const peaks = (loaded.data?.step ?? 0) > STEP_SECONDS;
  const lines = useMemo(() => {
    const { objective } = guest;
    const same = (value: Maybe<number>): Maybe<number>[] => series.times.map(() => value);
    return {
      contention: [
        { label: "ready", values: series.of("ready", (one) => one.ready), colour: 2 as const },
        ...(peaks
          ? [{ label: "peak", values: series.of("ready.peak", () => null), colour: 1 as const }]
          : []),
        {
          label: "own limit",
          values: series.of("throttled", (one) => one.throttled),
          colour: 3 as const,
          dash: true,
        },
        ...(objective === null
          ? []
          : [{ label: "objective", values: same(objective), colour: 4 as const, dash: true }]),
      ],
      cpu: [
        { label: "demand", values: series.of("demand", (one) => one.demand), colour: 2 as const },
        { label: "used", values: series.of("used", (one) => one.used), colour: 1 as const },
        {
          label: "limit",
          values: series
            .of("cpu.quota", (one) => one.controls["cpu.quota"] ?? null)
            .map((quota) => cpuLimit(quota, guest.vcpus)),
          colour: 4 as const,
          dash: true,
        },
      ],
      memory: [
        {
          label: "working set",
          values: series.of("memory.working-set", (one) => one.workingSet),
          colour: 2 as const,
        },
        {
          label: "allocation",
          values: series.of("memory.balloon", (one) => one.controls["memory.balloon"] ?? null),
          colour: 1 as const,
        },
        {
          label: "target",
          values: series.of("memory.target", (one) => one.target),
          colour: 3 as const,
          dash: true,
        },
        { label: "most", values: same(guest.memoryMax), colour: 4 as const, dash: true },
      ],
      disk: [
        { label: "read", values: series.of("disk.read.rate", (one) => one.diskRead), colour: 1 as const },
        { label: "written", values: series.of("disk.write.rate", (one) => one.diskWrite), colour: 2 as const },
      ],
      network: [
        { label: "received", values: series.of("network.receive.rate", (one) => one.received), colour: 1 as const },
        { label: "sent", values: series.of("network.send.rate", (one) => one.sent), colour: 2 as const },
      ],
    };
  }, [series, peaks, guest.objective, guest.memoryMax, guest.vcpus]);
  return (
    <section aria-labelledby="lines" class="wide">
      <h2 id="lines">Time lines</h2>
      <div class="bar" role="group" aria-label="How far back">
        {WINDOWS.map((one, i) => (
          <button
            key={one.label}
            type="button"
            class="small"
            aria-pressed={i === window}
            onClick={() => setWindow(i)}
          >
            {one.label}
          </button>
        ))}
        {loaded.problem !== null && (
          <span class="problem">History is not to be had: {loaded.problem}</span>
        )}
      </div>
      <div class="charts">
        <Chart
          title="Contention"
          times={series.times}
          lines={lines.contention}
          format={percent}
          least={0.02}
        />
        <Chart title="CPU, cores" times={series.times} lines={lines.cpu} format={cores} least={0.1} />
        <Chart title="Memory" times={series.times} lines={lines.memory} format={bytes} least={1} binary />
        <Chart title="Disks, a second" times={series.times} lines={lines.disk} format={bytes} least={1} binary />
        <Chart title="Network, a second" times={series.times} lines={lines.network} format={bytes} least={1} binary />
      </div>
    </section>
  );
}

function Threads(props: { guest: Guest }): JSX.Element {
  const { data, problem } = useLoad(guestPath(props.guest.uuid), decodeThreads, 2000);
  const threads = data ?? [];
  return (
    <section aria-labelledby="threads">
      <h2 id="threads">vCPUs and threads</h2>
      {threads.length === 0 ? (
        <p class="note">{problem ?? (data === null ? "Loading." : "Nothing is known of its threads.")}</p>
      ) : (
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Thread</th>
              <th scope="col" class="number">Ready</th>
              <th scope="col" class="number">Used, cores</th>
            </tr>
          </thead>
          <tbody>
            {threads.map((thread) => (
              <tr key={`${thread.role} ${thread.index}`}>
                <th scope="row">
                  {thread.role} {thread.role === "emulator" ? "" : count(thread.index)}
                </th>
                <td class="number">{percent(thread.ready)}</td>
                <td class="number">{cores(thread.used)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function ControlsTable(props: { guest: Guest }): JSX.Element {
  const { guest } = props;
  return (
    <section aria-labelledby="controls">
      <h2 id="controls">Allocation and limits</h2>
      <table class="plain">
        <tbody>
          {Object.entries(guest.controls).map(([field, value]) => (
            <tr key={field}>
              <th scope="row">{fieldName(field)}</th>
              <td>
                {controlText(field, value)}
                {guest.foreign.includes(field) && (
                  <>
                    {" "}
                    <Mark tone="warn">set by somebody else</Mark>
                  </>
                )}
              </td>
            </tr>
          ))}
          <tr>
            <th scope="row">Memory target</th>
            <td>{bytes(guest.target)}</td>
          </tr>
          <tr>
            <th scope="row">Memory saved by sharing</th>
            <td>{bytes(guest.saved)}</td>
          </tr>
        </tbody>
      </table>
      {guest.memoryNote !== "" && <p class="note">Memory: {guest.memoryNote}</p>}
    </section>
  );
}

function Took(props: { guest: Guest }): JSX.Element {
  const query = `/blame?vm=${encodeURIComponent(props.guest.uuid)}`;
  const { data, problem } = useLoad(query, decodeBlame, 5000);
  const item = data?.items[0];
  return (
    <section aria-labelledby="took">
      <h2 id="took">Who took its time</h2>
      {problem !== null && <p class="problem">{problem}</p>}
      {item === undefined || item.culprits.length === 0 ? (
        <p class="note">
          {data?.lacking ? `Not measured: ${data.lacking}` : "It waited for nobody in the last minute."}
        </p>
      ) : (
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Ran meanwhile</th>
              <th scope="col" class="number">Time</th>
              <th scope="col" class="number">Share</th>
            </tr>
          </thead>
          <tbody>
            {item.culprits.slice(0, 10).map((culprit) => (
              <tr key={`${culprit.kind}${culprit.uuid}${culprit.name}${culprit.self}`}>
                <th scope="row">
                  {culprit.kind === "vm" && !culprit.self && culprit.name !== "" ? (
                    <a href={link("guest", culprit.name)}>{culprit.name}</a>
                  ) : (
                    culpritName(culprit)
                  )}
                </th>
                <td class="number">{seconds(culprit.waited)}</td>
                <td class="number">{percent(culprit.share)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function About(props: { guest: Guest }): JSX.Element {
  const { guest } = props;
  const live = useLive();
  const query = `/decisions?limit=20&vm=${encodeURIComponent(guest.name)}`;
  const loaded = useLoad(query, decodeDecisions, 0, live.gaps);
  const since = [...live.decisions.values()].filter(
    (decision) => decision.uuid === guest.uuid || decision.victim === guest.name,
  );
  const all = merged(loaded.data ?? [], since);
  return (
    <section aria-labelledby="about" class="wide">
      <h2 id="about">Decisions about it and for it</h2>
      {loaded.problem !== null && <p class="problem">{loaded.problem}</p>}
      {all.length === 0 && <p class="note">None.</p>}
      <Decisions shown={all.slice(0, 20)} all={all} />
      <p class="note">
        <a href={link("log", guest.name)}>All of them</a>
      </p>
    </section>
  );
}

function Why(props: { guest: Guest }): JSX.Element {
  const { data, problem, again } = useLoad(
    guestPath(props.guest.uuid, "/explain"),
    decodeExplanation,
    5000,
  );
  useEffect(again, [props.guest.suffers, props.guest.class]);
  return (
    <section aria-labelledby="why" class="wide">
      <h2 id="why">Why it is as fast as it is</h2>
      {problem !== null && <p class="problem">{problem}</p>}
      <ul class="sentences">
        {(data?.sentences ?? []).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </section>
  );
}

export function GuestPage(props: { name: string }): JSX.Element {
  const { figures, lost } = useLive();
  const policy = useLoad("/policy", decodePolicy);
  if (figures === null) return <p class="note">{lost ?? "Waiting for the first figures."}</p>;
  const guest = figures.guests.find((one) => one.name === props.name || one.uuid === props.name);
  if (guest === undefined)
    return (
      <p class="note">
        No running guest has the name "{props.name}". <a href={link("guests")}>All guests</a>
      </p>
    );
  const state = stateOf(guest);
  const known = classesOf(policy.data?.effective ?? "");
  const classes = known.length > 0 ? known : [...new Set(figures.guests.map((one) => one.class))];
  return (
    <div class="guest">
      <p class={`verdict ${state.tone}`}>
        <Mark tone={state.tone}>
          <strong>{state.word}</strong>
        </Mark>
        <span>
          ready {percent(guest.ready)}
          {guest.objective !== null && ` of at most ${percent(guest.objective)}`}; used{" "}
          {cores(guest.used)} of {guest.vcpus === null ? "-" : plural(guest.vcpus, "vCPU")}
        </span>
        <span>
          class <b>{guest.class || "-"}</b> <span class="note">(from {guest.classFrom || "-"})</span>
        </span>
        <button type="button" class="small" onClick={() => askClass(guest, classes)}>
          Change class
        </button>
      </p>
      <div class="panels">
        <Why guest={guest} />
        <TimeLines guest={guest} time={figures.time} />
        <Took guest={guest} />
        <Threads guest={guest} />
        <ControlsTable guest={guest} />
        <About guest={guest} />
      </div>
    </div>
  );
}
