// What the person chose for this browser. Storage that is not to be had is no reason to fail.
import { useEffect, useState } from "preact/hooks";

export function useSetting<T extends string>(
  key: string,
  choices: readonly T[],
): [T, (value: T) => void] {
  const [value, set] = useState<T>(() => {
    const first = choices[0] as T;
    try {
      const stored = localStorage.getItem(`ballast.${key}`);
      return choices.find((choice) => choice === stored) ?? first;
    } catch {
      return first;
    }
  });
  useEffect(() => {
    try {
      localStorage.setItem(`ballast.${key}`, value);
    } catch {
      /* It is then chosen for this page alone. */
    }
  }, [key, value]);
  return [value, set];
}
