// What is on the host right now: one stream of figures and one of decisions for the whole page, and
// the hook by which its parts follow them.
import { useEffect, useReducer } from "preact/hooks";
import { decodeDecision, decodeFigures, type Decision, type Figures } from "./api";
import { follow } from "./wire";

export interface Live {
  figures: Figures | null;
  /** Why there is no news; null while there is. */
  lost: string | null;
  /** Frozen by the person, to read in peace. */
  paused: boolean;
  /** Decisions that were made or changed since the page was opened, newest state by id. */
  decisions: Map<number, Decision>;
  /** Counts the gaps in the stream of decisions: what was loaded before one is out of date. */
  gaps: number;
}

const live: Live = {
  figures: null,
  lost: null,
  paused: false,
  decisions: new Map(),
  gaps: 0,
};
const watchers = new Set<() => void>();
/* So many decisions are remembered; older ones are the log page's to load. */
const DECISIONS_MAX = 500;

function tell(): void {
  for (const watcher of watchers) watcher();
}

function onFigures(data: unknown): void {
  live.lost = null;
  if (!live.paused) live.figures = decodeFigures(data);
  tell();
}

function onDecision(data: unknown): void {
  const decision = decodeDecision(data);
  if (decision === null) return;
  live.decisions.delete(decision.id);
  live.decisions.set(decision.id, decision);
  for (const id of live.decisions.keys()) {
    if (live.decisions.size <= DECISIONS_MAX) break;
    live.decisions.delete(id);
  }
  tell();
}

export function start(): void {
  const lost = (why: string): void => {
    live.lost = why;
    tell();
  };
  follow("/figures", { figures: onFigures }, lost);
  follow(
    "/events",
    {
      decision: onDecision,
      gap: () => {
        live.gaps++;
        tell();
      },
    },
    () => {},
  );
}

export function pause(paused: boolean): void {
  live.paused = paused;
  tell();
}

/** The state, and a new look at it whenever it changes. */
export function useLive(): Live {
  const [, look] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    const watcher = (): void => look(undefined);
    watchers.add(watcher);
    return () => {
      watchers.delete(watcher);
    };
  }, []);
  return live;
}
