// States as an icon and a word: colour only repeats what they say.
import type { ComponentChildren, JSX } from "preact";

export type Tone = "good" | "warn" | "bad" | "calm" | "unknown";

const SHAPES: Record<Tone, string> = {
  good: "M3 8.5l3.2 3.2L13 5",
  warn: "M8 2l6.5 12h-13zM8 6.5v3.5M8 12v.6",
  bad: "M5 1.5h6l3.5 3.5v6L11 14.5H5L1.5 11V5zM8 4.5v4.5M8 11v.7",
  calm: "M8 3.5a4.5 4.5 0 1 0 .01 0z",
  unknown: "M3.5 8h9",
};

export function Mark(props: { tone: Tone; children: ComponentChildren }): JSX.Element {
  return (
    <span class={`mark ${props.tone}`}>
      <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
        <path d={SHAPES[props.tone]} fill="none" stroke="currentColor" stroke-width="1.8" />
      </svg>
      {props.children}
    </span>
  );
}

export function memoryTone(state: string): Tone {
  switch (state) {
    case "clear":
      return "good";
    case "soft":
      return "warn";
    case "hard":
    case "low":
      return "bad";
    default:
      return "unknown";
  }
}

export function decisionTone(state: string): Tone {
  switch (state) {
    case "effective":
    case "applied":
      return "good";
    case "proposed":
      return "warn";
    case "failed":
    case "conflict":
      return "bad";
    case "unknown":
      return "unknown";
    default:
      return "calm";
  }
}
