// The host in five seconds: is it healthy, who suffers, who causes it, what did Ballast do about it.
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import {
  decodeBlame,
  decodeDecisions,
  decodeHistory,
  decodeStatus,
  type BlameList,
  type Figures,
  type Guest,
  type Host,
  type Maybe,
} from "../api";
import { bytes, cores, count, percent, plural, seconds } from "../format";
import { useLive } from "../live";
import { useLoad } from "../load";
import { Chart } from "../parts/chart";
import { Decisions, merged } from "../parts/decisions";
import { Mark, memoryTone, type Tone } from "../parts/mark";
import { NodeMap } from "../parts/nodes";
import { link } from "../route";
import { causes, culpritName } from "../blame";

interface Verdict {
  tone: Tone;
  word: string;
  why: string[];
}

export function judge(host: Host): Verdict {
  const bad: string[] = [];
  const warn: string[] = [];
  if (host.suffering !== null && host.suffering > 0)
    bad.push(`${plural(host.suffering, "guest")} ${host.suffering === 1 ? "misses its" : "miss their"} objective`);
  const memory = `memory is ${host.memory.state}`;
  const tone = memoryTone(host.memory.state);
  if (tone === "bad") bad.push(memory);
  if (tone === "warn") warn.push(memory);
  if (host.memory.short !== null && host.memory.short > 0)
    bad.push(`${bytes(host.memory.short)} of memory cannot be found by balloons`);
  if (host.frozen) warn.push("Ballast takes no new steps for a while, because some made things worse");
  if (host.releasing) warn.push("Ballast gives everything back and stops");
  if (bad.length > 0) return { tone: "bad", word: "Contention", why: [...bad, ...warn] };
  if (warn.length > 0) return { tone: "warn", word: "Watch", why: warn };
  if (host.suffering === null) return { tone: "unknown", word: "Unknown", why: [] };
  const unknown = tone === "unknown" ? ["the state of its memory is not known"] : [];
  return { tone: "good", word: "Healthy", why: ["every guest meets its objective", ...unknown] };
}

/* What becomes of page sharing, for people who do not know its parts. */
const SHARING: Record<string, string> = { others: "left to others", plenty: "not needed" };

function sharingNote(sharing: Host["sharing"]): string {
  if (sharing.owner === "") return "";
  if (sharing.state === "others") return ` Page sharing is left to ${sharing.owner}.`;
  return ` Pages are not shared, because ${sharing.owner} may not and could.`;
}

interface Boundary {
  name: string;
  now: string;
  limit: string;
  tone: Tone;
  word: string;
}

function against(now: Maybe<number>, limit: Maybe<number>): { tone: Tone; word: string } {
  if (now === null || limit === null) return { tone: "unknown", word: "unknown" };
  return now > limit ? { tone: "bad", word: "over" } : { tone: "good", word: "within" };
}

function worstReady(guests: Guest[]): Maybe<number> {
  let worst: Maybe<number> = null;
  for (const guest of guests)
    if (guest.ready !== null && (worst === null || guest.ready > worst)) worst = guest.ready;
  return worst;
}

function boundaries(figures: Figures): Boundary[] {
  const { host } = figures;
  const { cpu, memory, sharing } = host;
  const ready = worstReady(figures.guests);
  const ratio = cpu.vcpus === null || !cpu.cpus ? null : cpu.vcpus / cpu.cpus;
  return [
    {
      name: "CPU ready, worst vCPU",
      now: percent(ready),
      limit: percent(cpu.readyBoundary),
      ...against(ready, cpu.readyBoundary),
    },
    {
      name: "vCPUs per CPU",
      now: cores(ratio),
      limit: cores(cpu.overcommitLimit),
      ...against(ratio, cpu.overcommitLimit),
    },
    {
      name: "Cores reserved",
      now: cores(cpu.reserved),
      limit: count(cpu.cpus),
      ...against(cpu.reserved, cpu.cpus),
    },
    {
      name: "Memory used",
      now: bytes(memory.used),
      limit: bytes(memory.capacity),
      tone: memoryTone(memory.state),
      word: memory.state,
    },
    {
      name: "Page sharing",
      now: sharing.saved === null ? "-" : `saves ${bytes(sharing.saved)}`,
      limit: "",
      tone: sharing.state === "unknown" ? "unknown" : "calm",
      word: SHARING[sharing.state] ?? sharing.state,
    },
  ];
}

function Boundaries(props: { figures: Figures }): JSX.Element {
  const { cpu, memory, sharing } = props.figures.host;
  return (
    <section aria-labelledby="boundaries">
      <h2 id="boundaries">Boundaries</h2>
      <table class="plain words">
        <thead>
          <tr>
            <th scope="col">Boundary</th>
            <th scope="col" class="number">Now</th>
            <th scope="col" class="number">Limit</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {boundaries(props.figures).map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th>
              <td class="number">{row.now}</td>
              <td class="number">{row.limit}</td>
              <td>
                <Mark tone={row.tone}>{row.word}</Mark>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="note">
        CPUs {count(cpu.cpus)}, busy {percent(cpu.busy)}; tasks waited {percent(cpu.pressure)} of the
        time. Balloons hold {bytes(memory.taken)} back.
        {memory.mover !== null &&
          ` Moving ${memory.mover.name} to another host would give ${bytes(memory.mover.bytes)}.`}
        {sharingNote(sharing)}
      </p>
    </section>
  );
}

const SHOWN = 5;
const NAMED = 2;

function Sufferers(props: { guests: Guest[] }): JSX.Element {
  const all = props.guests
    .filter((guest) => guest.suffers === true)
    .sort((a, b) => (b.ready ?? 0) - (a.ready ?? 0) || (a.name < b.name ? -1 : 1));
  return (
    <section aria-labelledby="sufferers">
      <h2 id="sufferers">Who suffers</h2>
      {all.length === 0 ? (
        <p class="note">No guest misses its objective.</p>
      ) : (
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Guest</th>
              <th scope="col">Class</th>
              <th scope="col" class="number">Ready</th>
              <th scope="col" class="number">Objective</th>
            </tr>
          </thead>
          <tbody>
            {all.slice(0, SHOWN).map((guest) => (
              <tr key={guest.uuid}>
                <th scope="row">
                  <a href={link("guest", guest.name)}>{guest.name}</a>
                </th>
                <td>{guest.class}</td>
                <td class="number">
                  <Mark tone="bad">{percent(guest.ready)}</Mark>
                </td>
                <td class="number">{percent(guest.objective)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {all.length > SHOWN && (
        <p class="note">
          and <a href={link("guests")}>{plural(all.length - SHOWN, "more guest")}</a>
        </p>
      )}
    </section>
  );
}

function Causes(props: { blame: BlameList | null; guests: Guest[] }): JSX.Element {
  const rows = useMemo(
    () => (props.blame === null ? [] : causes(props.blame, props.guests).slice(0, SHOWN)),
    [props.blame],
  );
  const lacking = props.blame?.lacking ?? null;
  return (
    <section aria-labelledby="causes">
      <h2 id="causes">
        {props.guests.some((guest) => guest.suffers === true)
          ? "Who causes it"
          : "Who ran while others waited"}
      </h2>
      {rows.length === 0 ? (
        <p class="note">
          {lacking !== null
            ? `Who ran while guests waited is not measured: ${lacking}`
            : props.blame === null
              ? "Loading."
              : "No guest waited for a CPU in the last minute."}
        </p>
      ) : (
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Ran meanwhile</th>
              <th scope="col" class="number">Time</th>
              <th scope="col">While these waited</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.key}>
                <th scope="row">
                  {row.culprit.kind === "vm" && row.culprit.name && !row.culprit.self ? (
                    <a href={link("guest", row.culprit.name)}>{row.culprit.name}</a>
                  ) : (
                    culpritName(row.culprit)
                  )}
                </th>
                <td class="number">{seconds(row.waited)}</td>
                <td>
                  {row.victims.slice(0, NAMED).join(", ")}
                  {row.victims.length > NAMED && ` and ${row.victims.length - NAMED} more`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="note">
        <a href={link("blame")}>Everybody's waits of the last minute</a>
      </p>
    </section>
  );
}

function Acts(props: { host: Host }): JSX.Element {
  const live = useLive();
  const loaded = useLoad("/decisions?limit=50", decodeDecisions, 0, live.gaps);
  const all = merged(loaded.data ?? [], live.decisions.values());
  const proposed = all.filter((decision) => decision.state === "proposed");
  const shown = [...proposed, ...all.filter((decision) => decision.state !== "proposed")];
  const { changes, proposals } = props.host;
  return (
    <section aria-labelledby="acts" class="wide">
      <h2 id="acts">What Ballast did</h2>
      <p class="note">
        {changes === null ? "-" : plural(changes, "change")} in force
        {proposals !== null && proposals > 0 && `, ${plural(proposals, "proposal")} to approve`}.{" "}
        <a href={link("log")}>All decisions</a>
      </p>
      {loaded.problem !== null && <p class="problem">{loaded.problem}</p>}
      <Decisions shown={shown.slice(0, SHOWN)} all={all} />
    </section>
  );
}

function Lines(): JSX.Element | null {
  const { data } = useLoad("/history", decodeHistory, 10000);
  if (data === null || data.times.length < 2) return null;
  const column = (name: string): Maybe<number>[] =>
    data.values[data.columns.findIndex((one) => one.name === name)] ?? [];
  const busy = column("cpu.busy");
  const pressure = column("cpu.pressure");
  const used = column("memory.used");
  const capacity = column("memory.capacity");
  return (
    <section aria-labelledby="lines" class="wide">
      <h2 id="lines">The last half hour</h2>
      <div class="charts">
        <Chart
          title="CPU"
          times={data.times}
          lines={[
            { label: "busy", values: busy, colour: 1 },
            { label: "tasks waiting", values: pressure, colour: 2, dash: true },
          ]}
          format={percent}
          least={0.1}
        />
        {used.some((value) => value !== null) && (
          <Chart
            title="Memory"
            times={data.times}
            lines={[
              { label: "used", values: used, colour: 1 },
              { label: "capacity", values: capacity, colour: 3, dash: true },
            ]}
            format={bytes}
            least={1}
            binary
          />
        )}
      </div>
    </section>
  );
}

export function HostPage(): JSX.Element {
  const live = useLive();
  const status = useLoad("/status", decodeStatus, 10000);
  const blame = useLoad("/blame", decodeBlame, 10000);
  const { figures } = live;
  if (figures === null) return <p class="note">{live.lost ?? "Waiting for the first figures."}</p>;
  const verdict = judge(figures.host);
  return (
    <div class="host">
      <p class={`verdict ${verdict.tone}`}>
        <Mark tone={verdict.tone}>
          <strong>{verdict.word}</strong>
        </Mark>{" "}
        <span>{verdict.why.join("; ")}</span>
      </p>
      {(status.data?.notices ?? []).map((notice) => (
        <p key={notice} class="notice">
          <Mark tone="warn">{notice}</Mark>
        </p>
      ))}
      <div class="panels">
        <Sufferers guests={figures.guests} />
        <Causes blame={blame.data} guests={figures.guests} />
        <Boundaries figures={figures} />
        <Acts host={figures.host} />
        <Lines />
        <NodeMap nodes={figures.host.nodes} guests={figures.guests} />
      </div>
    </div>
  );
}
