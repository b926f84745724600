// Guests on the NUMA nodes that they are confined to; nothing on a host whose guests are not.
import type { JSX } from "preact";
import type { Guest } from "../api";
import { plural } from "../format";
import { link } from "../route";

/* More than the largest hosts have; a mask beyond it is not understood. */
const NODES_MAX = 52;
const NAMED = 8;

export interface NodeRow {
  node: number;
  guests: Guest[];
}

/** By node; a guest on several stands with each. */
export function nodesOf(guests: Guest[]): NodeRow[] {
  const rows: NodeRow[] = [];
  for (const guest of guests) {
    const mask = guest.controls["numa.nodes"];
    if (mask === undefined || mask === null || mask <= 0 || !Number.isSafeInteger(mask)) continue;
    for (let node = 0; node < NODES_MAX; node++) {
      if (Math.floor(mask / 2 ** node) % 2 === 0) continue;
      while (rows.length <= node) rows.push({ node: rows.length, guests: [] });
      rows[node]?.guests.push(guest);
    }
  }
  return rows;
}

export function NodeMap(props: { guests: Guest[] }): JSX.Element | null {
  const rows = nodesOf(props.guests);
  if (rows.length === 0) return null;
  const free = props.guests.filter((guest) => guest.controls["numa.nodes"] === 0).length;
  const own = props.guests.filter((guest) => guest.controls["numa.nodes"] === -1).length;
  return (
    <section aria-labelledby="nodes" class="wide">
      <h2 id="nodes">NUMA nodes</h2>
      <div class="nodes">
        {rows.map((row) => (
          <div key={row.node} class="node">
            <h3>Node {row.node}</h3>
            <p class="note">{plural(row.guests.length, "guest")}</p>
            <ul>
              {row.guests.slice(0, NAMED).map((guest) => (
                <li key={guest.uuid}>
                  <a href={link("guest", guest.name)}>{guest.name}</a>{" "}
                  <span class="note">{plural(guest.vcpus ?? 0, "vCPU")}</span>
                </li>
              ))}
            </ul>
            {row.guests.length > NAMED && <p class="note">and {row.guests.length - NAMED} more</p>}
          </div>
        ))}
      </div>
      <p class="note">
        {plural(free, "guest")} on any node, {own} placed by somebody else.
      </p>
    </section>
  );
}
