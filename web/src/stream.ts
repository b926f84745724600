// The worker that follows the daemon's streams: of figures, a megabyte every two seconds where there are
// a thousand guests, and of decisions. Reading and decoding them here leaves the page free to scroll.
// Started by live.ts; follows while it is told that somebody looks.
import {
  decodeDecision,
  decodeFigures,
  decodeNote,
  type Decision,
  type Figures,
  type Note,
} from "./api";
import { get, ROOT, whenTurnedAway } from "./wire";

export type News =
  | { kind: "figures"; figures: Figures }
  | { kind: "decision"; decision: Decision }
  | { kind: "note"; note: Note }
  | { kind: "gap" }
  | { kind: "lost"; why: string }
  | { kind: "turned-away" };

/** What the page says: whether to follow. */
export type Order = "open" | "close";

const RETRY_MSEC = 3000;

function tell(news: News): void {
  postMessage(news);
}

interface Stream {
  path: string;
  events: Record<string, (data: unknown) => void>;
  source: EventSource | null;
  retry: number;
  /** It broke, and what was loaded is to be loaded anew when it is back. */
  missed: boolean;
}

const streams: Stream[] = [
  {
    path: "/figures",
    events: { figures: (data) => tell({ kind: "figures", figures: decodeFigures(data) }) },
    source: null,
    retry: 0,
    missed: false,
  },
  {
    path: "/events",
    events: {
      decision: (data) => {
        const decision = decodeDecision(data);
        if (decision !== null) tell({ kind: "decision", decision });
      },
      note: (data) => {
        const note = decodeNote(data);
        if (note !== null) tell({ kind: "note", note });
      },
      gap: () => tell({ kind: "gap" }),
    },
    source: null,
    retry: 0,
    missed: false,
  },
];

function close(stream: Stream): void {
  stream.source?.close();
  stream.source = null;
  clearTimeout(stream.retry);
}

/* The browser tries again by itself, unless the answer was no stream. The daemon then tells what a stream
 * missed; what was asked for meanwhile in vain nobody tells. */
function onError(stream: Stream, source: EventSource): void {
  if (source !== stream.source) return;
  stream.missed = true;
  if (source.readyState !== EventSource.CLOSED) {
    tell({ kind: "lost", why: "The connection broke; trying again." });
    return;
  }
  close(stream);
  stream.retry = self.setTimeout(() => open(stream), RETRY_MSEC);
  get("/status").then(
    () => tell({ kind: "lost", why: "The stream was refused; trying again." }),
    (problem: Error) => tell({ kind: "lost", why: problem.message }),
  );
}

function open(stream: Stream): void {
  close(stream);
  const source = new EventSource(ROOT + stream.path);
  stream.source = source;
  for (const [name, handle] of Object.entries(stream.events))
    source.addEventListener(name, (event: MessageEvent<string>) => {
      let data: unknown;
      try {
        data = JSON.parse(event.data);
      } catch {
        return;
      }
      handle(data);
    });
  source.onopen = () => {
    if (stream.missed) tell({ kind: "gap" });
    stream.missed = false;
  };
  source.onerror = () => onError(stream, source);
}

whenTurnedAway(() => tell({ kind: "turned-away" }));

self.onmessage = (event: MessageEvent<Order>): void => {
  for (const stream of streams) {
    if (event.data === "close") close(stream);
    else if (stream.source === null) open(stream);
  }
};
