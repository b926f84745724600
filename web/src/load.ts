// A read of the API as a hook: loads when its path changes and again at intervals, and keeps what it
// had while it does.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get } from "./wire";

export interface Loaded<T> {
  data: T | null;
  problem: string | null;
  again: () => void;
}

export function useLoad<T>(
  path: string | null,
  decode: (value: unknown) => T,
  everyMsec = 0,
  /** Another number: what was loaded is out of date. */
  version = 0,
): Loaded<T> {
  const [state, set] = useState<{ path: string | null; data: T | null; problem: string | null }>({
    path: null,
    data: null,
    problem: null,
  });
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((n) => n + 1), []);
  const current = useRef(path);
  current.current = path;

  useEffect(() => {
    if (path === null) return;
    let timer = 0;
    let ended = false;
    const load = async (): Promise<void> => {
      try {
        const data = decode(await get(path));
        if (!ended) set({ path, data, problem: null });
      } catch (error) {
        if (!ended)
          set((had) => ({
            path,
            data: had.path === path ? had.data : null,
            problem: (error as Error).message,
          }));
      }
      if (!ended && everyMsec > 0)
        timer = window.setTimeout(() => (document.hidden ? wait() : void load()), everyMsec);
    };
    /* Nobody looks: ask again when somebody does. */
    const wait = (): void =>
      document.addEventListener("visibilitychange", () => !ended && void load(), { once: true });
    void load();
    return () => {
      ended = true;
      window.clearTimeout(timer);
    };
  }, [path, everyMsec, turn, version]);

  return state.path === path
    ? { data: state.data, problem: state.problem, again }
    : { data: null, problem: null, again };
}
