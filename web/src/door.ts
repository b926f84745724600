// Whether this browser may ask the daemon: over TCP it shows a token, which the daemon has it keep in a
// cookie that the page itself cannot read. Whoever served the page over a socket has let it in already.
import { useEffect, useReducer } from "preact/hooks";
import { get, OVER_TCP, post, Problem, whenTurnedAway } from "./wire";

export interface Door {
  /** asking: not known yet. */
  state: "asking" | "open" | "closed";
  /** Why it is closed, where there is more to say than that nobody has logged in. */
  why: string;
}

let door: Door = { state: OVER_TCP ? "asking" : "open", why: "" };
const watchers = new Set<() => void>();

function set(next: Door): void {
  door = next;
  for (const watcher of watchers) watcher();
}

export function isOpen(): boolean {
  return door.state === "open";
}

export function watchDoor(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => {
    watchers.delete(watcher);
  };
}

export function useDoor(): Door {
  const [, look] = useReducer((n: number) => n + 1, 0);
  useEffect(() => watchDoor(() => look(undefined)), []);
  return door;
}

const OVER = "You are not logged in any more: the token was taken back, or you logged out elsewhere.";

/** Some request was answered as one of nobody. */
export function turnedAway(): void {
  if (door.state === "open") set({ state: "closed", why: OVER });
}

/** Finds out whether a cookie or a certificate of this browser lets it in. */
export async function knock(): Promise<void> {
  whenTurnedAway(turnedAway);
  if (!OVER_TCP) return;
  try {
    await get("/status");
    set({ state: "open", why: "" });
  } catch (error) {
    const { status, message } = error as Problem;
    set({ state: "closed", why: status === 401 ? "" : message });
  }
}

/* Each request with a token that is none counts as a failed attempt of this address. */
async function forget(): Promise<void> {
  await post("/session", { token: null }).catch(() => undefined);
}

/** Throws a problem for the person who gave the token. */
export async function logIn(token: string): Promise<void> {
  try {
    await post("/session", { token });
    await get("/status");
  } catch (error) {
    const { status, message } = error as Problem;
    if (status === 400)
      throw new Problem(status, "This cannot be a token: it has at least 32 letters, digits and -._~+/=.");
    await forget();
    if (status === 401) throw new Problem(status, `The host does not know this token. ${message}`);
    if (status === 429) throw new Problem(status, `Not now. ${message}`);
    throw error;
  }
  set({ state: "open", why: "" });
}

/** What is to be told when this browser may still come in. */
export async function logOut(): Promise<string | null> {
  await post("/session", { token: null });
  try {
    await get("/status");
    return "The token is forgotten. A client certificate of this browser still lets it in.";
  } catch {
    set({ state: "closed", why: "You are logged out." });
    return null;
  }
}
