// What is on the host right now: one stream of figures and one of decisions for the whole page, and
// the hook by which its parts follow them.
import { useEffect, useReducer } from "preact/hooks";
import type { Decision, Figures, Note } from "./api";
import { isOpen, turnedAway, watchDoor } from "./door";
import type { News, Order } from "./stream";

export interface Live {
  figures: Figures | null;
  /** Why there is no news; null while there is. */
  lost: string | null;
  /** Frozen by the person, to read in peace. */
  paused: boolean;
  /** Decisions that were made or changed since the page was opened, newest state by id. */
  decisions: Map<number, Decision>;
  /** What else happened since then, oldest first. */
  notes: Note[];
  /** Counts the gaps in the stream of what happens: what was loaded before one is out of date. */
  gaps: number;
}

const live: Live = {
  figures: null,
  lost: null,
  paused: false,
  decisions: new Map(),
  notes: [],
  gaps: 0,
};
const watchers = new Set<() => void>();
/* So many of each are remembered; older ones are the log page's to load. */
const DECISIONS_MAX = 500;
const NOTES_MAX = 500;

function tell(): void {
  for (const watcher of watchers) watcher();
}

function onDecision(decision: Decision): void {
  live.decisions.delete(decision.id);
  live.decisions.set(decision.id, decision);
  for (const id of live.decisions.keys()) {
    if (live.decisions.size <= DECISIONS_MAX) break;
    live.decisions.delete(id);
  }
}

function onNews(news: News): void {
  switch (news.kind) {
    case "figures":
      live.lost = null;
      if (!live.paused) live.figures = news.figures;
      break;
    case "decision":
      onDecision(news.decision);
      break;
    case "note":
      live.notes = [...live.notes.slice(1 - NOTES_MAX), news.note];
      break;
    case "gap":
      live.gaps++;
      break;
    case "lost":
      live.lost = news.why;
      break;
    case "turned-away":
      turnedAway();
      break;
  }
  tell();
}

export function start(): void {
  const worker = new Worker(new URL("./stream.ts", import.meta.url), { type: "module" });
  const order = (what: Order): void => worker.postMessage(what);
  worker.onmessage = (event: MessageEvent<News>) => onNews(event.data);
  /* A browser has six connections for all its tabs; one that nobody sees must not hold any. */
  let following = false;
  const look = (): void => {
    const follow = !document.hidden && isOpen();
    if (follow === following) return;
    following = follow;
    if (!follow) order("close");
    if (!isOpen()) Object.assign(live, { figures: null, lost: null, decisions: new Map(), notes: [] });
    if (follow) {
      live.gaps++;
      order("open");
    }
    tell();
  };
  document.addEventListener("visibilitychange", look);
  watchDoor(look);
  look();
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
