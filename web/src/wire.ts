// How the dashboard talks to whoever served it: reads and actions on the same origin
// (streams: stream.ts).
// Pages call these and show what they throw: a Problem is written for the person who reads it.
import { decodeProblem } from "./api";

export const ROOT = "/api/v1";
const PATIENCE_MSEC = 30000;

/** The daemon's own port, where everybody shows a token; there is no TLS on a socket, nor before it. */
export const OVER_TCP = globalThis.location?.protocol === "https:";

export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

let onTurnedAway: (() => void) | null = null;

/** What is done when a request was answered as one of nobody. */
export function whenTurnedAway(act: () => void): void {
  onTurnedAway = act;
}

function told(body: unknown, status: number): string {
  return OVER_TCP && status === 403
    ? decodeProblem({ ...(body as object), title: "Your role does not allow this" }, status)
    : decodeProblem(body, status);
}

async function send(path: string, init: RequestInit): Promise<unknown> {
  let reply: Response;
  try {
    reply = await fetch(ROOT + path, { ...init, signal: AbortSignal.timeout(PATIENCE_MSEC) });
  } catch {
    throw new Problem(
      0,
      `Nobody answers: is ${OVER_TCP ? "ballastd on the host" : '"ballast dashboard"'} still running?`,
    );
  }
  let body: unknown = null;
  try {
    body = await reply.json();
  } catch {
    /* A reply without JSON is judged by its status below. */
  }
  if (reply.status === 401) onTurnedAway?.();
  if (!reply.ok) throw new Problem(reply.status, told(body, reply.status));
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
