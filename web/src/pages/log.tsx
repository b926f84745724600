// Every decision with its reason, what was expected of it and what came of it; approve and undo.
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { decodeDecisions, type Decision } from "../api";
import { plural } from "../format";
import { useLive } from "../live";
import { useLoad } from "../load";
import { Decisions, merged } from "../parts/decisions";
import { link } from "../route";
import { get } from "../wire";

const PAGE = 100;

function concerns(decision: Decision, name: string): boolean {
  return name === "" || [decision.target, decision.victim, decision.uuid].includes(name);
}

export function LogPage(props: { name: string }): JSX.Element {
  const { name } = props;
  const live = useLive();
  const [state, setState] = useState("");
  const [older, setOlder] = useState<Decision[]>([]);
  const [ended, setEnded] = useState(false);
  const [problem, setProblem] = useState("");
  const vm = name === "" ? "" : `&vm=${encodeURIComponent(name)}`;
  const loaded = useLoad(`/decisions?limit=${PAGE}${vm}`, decodeDecisions, 0, live.gaps);
  useEffect(() => {
    setOlder([]);
    setEnded(false);
  }, [name]);
  const all = merged(
    [...older, ...(loaded.data ?? [])],
    [...live.decisions.values()].filter((decision) => concerns(decision, name)),
  );
  const states = useMemo(() => [...new Set(all.map((one) => one.state))].sort(), [all.length]);
  const shown = state === "" ? all : all.filter((decision) => decision.state === state);

  async function loadOlder(): Promise<void> {
    const oldest = all[all.length - 1];
    if (oldest === undefined || oldest.time === null) return;
    const until = encodeURIComponent(new Date(oldest.time).toISOString());
    try {
      const more = decodeDecisions(await get(`/decisions?limit=${PAGE}${vm}&until=${until}`));
      const fresh = more.filter((decision) => decision.id < oldest.id);
      setEnded(fresh.length === 0);
      setOlder([...fresh, ...older]);
      setProblem("");
    } catch (error) {
      setProblem((error as Error).message);
    }
  }

  return (
    <>
      <div class="bar">
        <label>
          <span class="hidden">State</span>
          <select value={state} onChange={(event) => setState(event.currentTarget.value)}>
            <option value="">All states</option>
            {states.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        {name !== "" && (
          <span>
            about <b>{name}</b> <a href={link("log")}>show all</a>
          </span>
        )}
        <span class="note" role="status">
          {plural(shown.length, "decision")}
        </span>
      </div>
      {loaded.problem !== null && <p class="problem">{loaded.problem}</p>}
      {shown.length === 0 && loaded.data !== null && <p class="note">None.</p>}
      <Decisions shown={shown} all={all} />
      {problem !== "" && <p class="problem">{problem}</p>}
      {all.length >= PAGE && !ended && (
        <p>
          <button type="button" onClick={() => void loadOlder()}>
            Older
          </button>
        </p>
      )}
    </>
  );
}
