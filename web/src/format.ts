// Numbers and values as people read them. Unknown is "-" everywhere, and never zero.
import type { Control, Maybe } from "./api";

export const UNKNOWN = "-";

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits);
}

/** A ratio as "9.4 %". Small ones keep a digit, so that 0.04 % is not shown as nothing. */
export function percent(ratio: Maybe<number>): string {
  if (ratio === null) return UNKNOWN;
  const value = ratio * 100;
  if (value > 0 && value < 0.05) return "<0.1 %";
  return `${trimmed(value, Math.abs(value) < 99.95 ? 1 : 0)} %`;
}

export function cores(value: Maybe<number>): string {
  return value === null ? UNKNOWN : trimmed(value, value < 99.995 ? 2 : 0);
}

export function count(value: Maybe<number>): string {
  return value === null ? UNKNOWN : String(Math.round(value));
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function bytes(value: Maybe<number>): string {
  if (value === null) return UNKNOWN;
  let amount = value;
  let unit = 0;
  while (Math.abs(amount) >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit++;
  }
  const digits = unit === 0 || Math.abs(amount) >= 100 ? 0 : 1;
  return `${trimmed(amount, digits)} ${UNITS[unit]}`;
}

export function seconds(value: Maybe<number>): string {
  if (value === null) return UNKNOWN;
  if (value >= 100) return `${trimmed(value, 0)} s`;
  if (value >= 1) return `${trimmed(value, 1)} s`;
  return `${trimmed(value * 1000, value > 0 && value < 0.01 ? 2 : 0)} ms`;
}

/** A moment (milliseconds) as the person's clock shows it; with its day when that is not today. */
export function clock(moment: Maybe<number>, now = Date.now()): string {
  if (moment === null) return UNKNOWN;
  const date = new Date(moment);
  const time = date.toLocaleTimeString("en-GB");
  const sameDay = new Date(now).toDateString() === date.toDateString();
  return sameDay ? time : `${date.toLocaleDateString("en-CA")} ${time}`;
}

/** "0-3,6" of a mask of CPUs or nodes. Masks beyond what a number holds exactly are not guessed. */
export function maskText(mask: number): string {
  if (!Number.isSafeInteger(mask) || mask < 0) return "?";
  const bits: number[] = [];
  for (let bit = 0, rest = mask; rest > 0; bit++, rest = Math.floor(rest / 2))
    if (rest % 2 === 1) bits.push(bit);
  const ranges: string[] = [];
  for (let i = 0; i < bits.length; i++) {
    const first = bits[i] ?? 0;
    while (bits[i + 1] === (bits[i] ?? 0) + 1) i++;
    const last = bits[i] ?? first;
    ranges.push(first === last ? `${first}` : `${first}-${last}`);
  }
  return ranges.join(",");
}

/* The domain's quota is for 100 ms. */
const QUOTA_PERIOD_USEC = 100000;

/** A value of a control as words: what "ballast explain" would say of it. */
export function controlText(field: string, value: Control | undefined): string {
  if (value === undefined) return UNKNOWN;
  switch (field) {
    case "cpu.quota":
      return value === null ? "no limit" : `${cores(value / QUOTA_PERIOD_USEC)} cores`;
    case "cpu.idle":
      return value === 1 ? "idle priority" : "normal priority";
    case "cpu.realtime":
      return value === 1 ? "real-time priority" : "ordinary priority";
    case "paused":
      return value === 1 ? "paused" : "running";
    case "vcpu.pin":
      return value === null ? "all CPUs" : `CPUs ${maskText(value)}`;
    case "numa.nodes":
      if (value === -1) return "chosen by others";
      return value === null || value === 0 ? "all nodes" : `node ${maskText(value)}`;
    case "memory.balloon":
    case "memory.soft_limit":
      return value === null ? "no limit" : bytes(value);
    case "memory.stats.period":
      return value === 0 ? "never" : `every ${count(value)} s`;
    default:
      return value === null ? "none" : String(value);
  }
}

const FIELD_NAMES: Record<string, string> = {
  "cpu.shares": "CPU shares",
  "cpu.quota": "CPU limit",
  "cpu.idle": "CPU priority",
  "cpu.realtime": "Real-time priority",
  "vcpu.pin": "CPUs it may run on",
  "numa.nodes": "NUMA nodes",
  "memory.balloon": "Memory by balloon",
  "memory.soft_limit": "Soft memory limit",
  "memory.stats.period": "Balloon statistics",
  paused: "vCPUs",
};

export function fieldName(field: string): string {
  return FIELD_NAMES[field] ?? field;
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
