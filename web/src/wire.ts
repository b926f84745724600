// How the dashboard talks to whoever served it: reads and actions on the same origin
// (streams: stream.ts).
// Pages call these and show what they throw: a Problem is written for the person who reads it.
import { decodeProblem } from "./api";

export const ROOT = "/api/v1";
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
