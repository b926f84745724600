// How the dashboard talks to whoever served it: reads, actions and streams on the same origin.
// Pages call these and show what they throw: a Problem is written for the person who reads it.
import { decodeProblem } from "./api";

const ROOT = "/api/v1";
const PATIENCE_MSEC = 30000;

export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function send(path: string, init: RequestInit): Promise<unknown> {
  let reply: Response;
  try {
    reply = await fetch(ROOT + path, { ...init, signal: AbortSignal.timeout(PATIENCE_MSEC) });
  } catch {
    throw new Problem(0, "Nobody answers: is \"ballast dashboard\" still running?");
  }
  let body: unknown = null;
  try {
    body = await reply.json();
  } catch {
    /* A reply without JSON is judged by its status below. */
  }
  if (!reply.ok) throw new Problem(reply.status, decodeProblem(body, reply.status));
  if (body === null) throw new Problem(reply.status, "The answer was not understood.");
  return body;
}

export function get(path: string): Promise<unknown> {
  return send(path, { headers: { Accept: "application/json" } });
}

export function post(path: string, body: object): Promise<unknown> {
  return send(path, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-Ballast": "dashboard",
      "Idempotency-Key": crypto.randomUUID(),
    },
    body: JSON.stringify(body),
  });
}

/** The path of a guest: by its UUID, because a browser would resolve a guest named "..". */
export function guestPath(uuid: string, rest = ""): string {
  return `/vms/${encodeURIComponent(uuid)}${rest}`;
}

/** Follows a stream of events for as long as somebody looks. The function returned ends it. */
export function follow(
  path: string,
  events: Record<string, (data: unknown) => void>,
  lost: (why: string) => void,
): () => void {
  let source: EventSource | null = null;
  let retry = 0;

  function open(): void {
    const stream = new EventSource(ROOT + path);
    source = stream;
    for (const [name, handle] of Object.entries(events))
      stream.addEventListener(name, (event: MessageEvent<string>) => {
        let data: unknown;
        try {
          data = JSON.parse(event.data);
        } catch {
          return;
        }
        handle(data);
      });
    stream.onerror = () => {
      /* The browser tries again by itself, unless the answer was no stream. */
      if (stream.readyState !== EventSource.CLOSED) {
        lost("The connection broke; trying again.");
        return;
      }
      get("/status").then(
        () => lost("The stream was refused; trying again."),
        (problem: Error) => lost(problem.message),
      );
      close();
      retry = window.setTimeout(open, 3000);
    };
  }
  function close(): void {
    source?.close();
    source = null;
    window.clearTimeout(retry);
  }
  /* A browser has six connections for all its tabs; one that nobody sees must not hold any. */
  function onVisibility(): void {
    if (document.hidden) close();
    else if (source === null) open();
  }
  document.addEventListener("visibilitychange", onVisibility);
  if (!document.hidden) open();
  return () => {
    document.removeEventListener("visibilitychange", onVisibility);
    close();
  };
}
