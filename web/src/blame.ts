// Blame, added up for people: by culprit over those who suffer, and as a matrix.
import type { Blame, BlameList, Culprit, Guest } from "./api";

const NAMELESS: Record<string, string> = {
  vm: "a guest",
  service: "other tasks of the host",
  kernel: "the kernel",
  ownLimit: "its own limit",
  wakeup: "a CPU waking up",
  unseen: "not known any more",
};

export function culpritName(culprit: Culprit): string {
  if (culprit.self) return "its own threads";
  return culprit.name || (NAMELESS[culprit.kind] ?? culprit.kind);
}

function culpritKey(culprit: Culprit): string {
  if (culprit.self) return "self";
  return `${culprit.kind}:${culprit.uuid || culprit.name}`;
}

export interface Cause {
  key: string;
  culprit: Culprit;
  waited: number;
  /** Names, most first. */
  victims: string[];
}

/** Who took the time of those who suffer, or of everybody when nobody does. Waits before one's own
 * limit are no contention. */
export function causes(blame: BlameList, guests: Guest[]): Cause[] {
  const suffering = new Set(
    guests.filter((guest) => guest.suffers === true).map((guest) => guest.uuid),
  );
  const by = new Map<string, { culprit: Culprit; waited: number; by: Map<string, number> }>();
  for (const item of blame.items) {
    if (suffering.size > 0 && !suffering.has(item.uuid)) continue;
    for (const culprit of item.culprits) {
      if (culprit.waited === null || culprit.waited <= 0 || culprit.kind === "ownLimit") continue;
      const key = culpritKey(culprit);
      const sum = by.get(key) ?? { culprit, waited: 0, by: new Map<string, number>() };
      sum.waited += culprit.waited;
      sum.by.set(item.name, (sum.by.get(item.name) ?? 0) + culprit.waited);
      by.set(key, sum);
    }
  }
  return [...by.entries()]
    .map(([key, sum]) => ({
      key,
      culprit: sum.culprit,
      waited: sum.waited,
      victims: [...sum.by.entries()].sort((a, b) => b[1] - a[1]).map(([name]) => name),
    }))
    .sort((a, b) => b.waited - a.waited || (a.key < b.key ? -1 : 1));
}

export interface Matrix {
  victims: Blame[];
  culprits: { key: string; culprit: Culprit }[];
  /** By victim's UUID, then culprit's key. */
  cells: Map<string, Map<string, number>>;
  most: number;
  /** How many victims and culprits found no room. */
  leftOut: { victims: number; culprits: number };
}

/** The largest waits: who waited in rows, who ran meanwhile in columns. */
export function matrixOf(items: Blame[], rows: number, columns: number): Matrix {
  const waiting = items
    .filter((item) => item.waited !== null && item.waited > 0)
    .sort((a, b) => (b.waited ?? 0) - (a.waited ?? 0) || (a.name < b.name ? -1 : 1));
  const victims = waiting.slice(0, rows);
  const sums = new Map<string, { culprit: Culprit; sum: number }>();
  const cells = new Map<string, Map<string, number>>();
  for (const item of victims) {
    const row = new Map<string, number>();
    for (const culprit of item.culprits) {
      if (culprit.waited === null || culprit.waited <= 0) continue;
      const key = culpritKey(culprit);
      row.set(key, (row.get(key) ?? 0) + culprit.waited);
      const sum = sums.get(key) ?? { culprit, sum: 0 };
      sum.sum += culprit.waited;
      sums.set(key, sum);
    }
    cells.set(item.uuid, row);
  }
  const all = [...sums.entries()].sort((a, b) => b[1].sum - a[1].sum || (a[0] < b[0] ? -1 : 1));
  const culprits = all
    .slice(0, columns)
    .map(([key, { culprit }]) => ({ key, culprit }));
  let most = 0;
  for (const row of cells.values())
    for (const { key } of culprits) most = Math.max(most, row.get(key) ?? 0);
  return {
    victims,
    culprits,
    cells,
    most,
    leftOut: { victims: waiting.length - victims.length, culprits: all.length - culprits.length },
  };
}
