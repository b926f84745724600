// Time lines. A gap in a line is a time of which nothing is known. Lines differ in dash as well as in
// colour, and the figures stand beside their names, under the pointer or the newest ones.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Maybe } from "../api";

export interface Line {
  label: string;
  values: Maybe<number>[];
  colour: 1 | 2 | 3 | 4;
  dash?: boolean;
}

interface Props {
  title: string;
  times: number[];
  lines: Line[];
  format: (value: Maybe<number>) => string;
  /** The least that the axis reaches. */
  least: number;
  /** Round numbers are those of bytes. */
  binary?: boolean;
}

const HEIGHT = 150;
/* All charts of a page share their cursor. */
const SYNC = "time";

const BINARY = Array.from({ length: 50 }, (_, power) => 2 ** power);
const DAY_SECONDS = 86400;

/** The person's clock, or days where hours would crowd. */
function timeText(plot: uPlot, splits: number[]): string[] {
  const { min = 0, max = 0 } = plot.scales.x ?? {};
  const days = (max ?? 0) - (min ?? 0) > 2 * DAY_SECONDS;
  return splits.map((moment) => {
    const date = new Date(moment * 1000);
    return days
      ? date.toLocaleDateString("en-CA").slice(5)
      : date.toLocaleTimeString("en-GB").slice(0, 5);
  });
}

function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function lineColour(line: Line): string {
  return colourOf(`--line-${line.colour}`);
}

function options(
  props: Props,
  width: number,
  onCursor: (index: number | null) => void,
): uPlot.Options {
  const muted = colourOf("--muted");
  const rule = colourOf("--rule");
  const axis = { stroke: muted, font: "11px system-ui", grid: { stroke: rule, width: 1 } };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: SYNC }, drag: { x: false, y: false } },
    scales: { y: { range: (_, __, most) => [0, Math.max(props.least, (most ?? 0) * 1.05)] } },
    axes: [
      { ...axis, size: 28, ticks: { stroke: rule }, values: timeText },
      {
        ...axis,
        size: 62,
        ticks: { stroke: rule },
        ...(props.binary ? { incrs: BINARY } : {}),
        values: (_, splits) => splits.map((value) => props.format(value)),
      },
    ],
    series: [
      {},
      ...props.lines.map((line) => ({
        label: line.label,
        stroke: lineColour(line),
        width: 1.6,
        ...(line.dash ? { dash: [5, 4] } : {}),
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [(plot: uPlot) => onCursor(plot.cursor.idx ?? null)] },
  };
}

function newest(values: Maybe<number>[]): Maybe<number> {
  return values[values.length - 1] ?? null;
}

export function Chart(props: Props): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const [theme, setTheme] = useState(0);
  const shape = props.lines.map((line) => `${line.label}${line.dash}`).join();
  const data: uPlot.AlignedData = [props.times, ...props.lines.map((line) => line.values)];
  const latest = useRef(data);
  latest.current = data;

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const made = new uPlot(
      options(props, Math.max(120, element.clientWidth), setCursor),
      latest.current,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: Math.max(120, element.clientWidth), height: HEIGHT }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, theme, props.least]);
  useEffect(() => {
    plot.current?.setData(latest.current);
  }, [props.times, props.lines]);
  useEffect(() => {
    const changed = (): void => setTheme((n) => n + 1);
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    const observer = new MutationObserver(changed);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    system.addEventListener("change", changed);
    return () => {
      observer.disconnect();
      system.removeEventListener("change", changed);
    };
  }, []);

  const at = (line: Line): string =>
    props.format(cursor === null ? newest(line.values) : (line.values[cursor] ?? null));
  const summary = props.lines.map((line) => `${line.label} ${props.format(newest(line.values))}`);
  return (
    <figure class="chart">
      <figcaption>
        <span class="title">{props.title}</span>
        {props.lines.map((line) => (
          <span key={line.label} class="key">
            <svg width="18" height="8" aria-hidden="true">
              <path
                d="M0 4h18"
                class={`stroke-${line.colour}`}
                stroke-width="2"
                stroke-dasharray={line.dash ? "5 3" : "none"}
              />
            </svg>
            {line.label} <b>{at(line)}</b>
          </span>
        ))}
      </figcaption>
      <div
        ref={place}
        class="plot"
        role="img"
        aria-label={`${props.title} over time; newest: ${summary.join(", ")}`}
      />
    </figure>
  );
}
