// The host's NUMA nodes: how large they are, which guests are confined to them, and whose memory is on
// them. Nothing on a host that has one, and of which no guest is confined to any.
import type { JSX } from "preact";
import { NODES_MAX, type Guest, type HostNode, type Maybe } from "../api";
import { bytes, count, maskText, percent, plural } from "../format";
import { link } from "../route";
import { Mark } from "./mark";

const NAMED = 8;

interface Place {
  guest: Guest;
  /** It may run here; else it may run elsewhere alone, or anywhere. */
  confined: boolean;
  /** Of its memory, on this node. */
  here: Maybe<number>;
  share: Maybe<number>;
}

export interface NodeRow {
  node: number;
  size: HostNode | null;
  places: Place[];
}

function maskOf(guest: Guest): number {
  const mask = guest.controls["numa.nodes"];
  return mask !== undefined && mask !== null && mask > 0 && Number.isSafeInteger(mask) ? mask : 0;
}

function has(mask: number, node: number): boolean {
  return Math.floor(mask / 2 ** node) % 2 === 1;
}

function placeOf(guest: Guest, node: number): Place {
  const sum = guest.where?.reduce((all, one) => all + one, 0) ?? 0;
  const here = guest.where === null ? null : (guest.where[node] ?? 0);
  return {
    guest,
    confined: has(maskOf(guest), node),
    here,
    share: here === null || sum <= 0 ? null : here / sum,
  };
}

/** By node; those with most memory there first. A guest on several stands with each. */
export function nodesOf(nodes: HostNode[], guests: Guest[]): NodeRow[] {
  const most = guests.reduce((mask, guest) => Math.max(mask, maskOf(guest)), 0);
  const ids = new Set(nodes.map((node) => node.id));
  for (let node = 0; node < NODES_MAX && 2 ** node <= most; node++)
    if (nodes.length === 0 || guests.some((guest) => has(maskOf(guest), node))) ids.add(node);
  return [...ids]
    .sort((a, b) => a - b)
    .map((node) => ({
      node,
      size: nodes.find((one) => one.id === node) ?? null,
      places: guests
        .map((guest) => placeOf(guest, node))
        .filter((place) => place.confined || (place.here ?? 0) > 0)
        .sort((a, b) => (b.here ?? 0) - (a.here ?? 0) || (a.guest.name < b.guest.name ? -1 : 1)),
    }));
}

function Row(props: { place: Place }): JSX.Element {
  const { guest, confined, here, share } = props.place;
  const mask = maskOf(guest);
  return (
    <tr>
      <th scope="row">
        <a href={link("guest", guest.name)}>{guest.name}</a>
      </th>
      <td class="number">{count(guest.vcpus)}</td>
      <td class="number">
        {bytes(here)}
        {share !== null && share < 0.995 && <span class="note"> {percent(share)}</span>}
      </td>
      <td>
        {confined ? (
          "here"
        ) : mask > 0 ? (
          <Mark tone="warn">node {maskText(mask)}</Mark>
        ) : (
          <span class="note">anywhere</span>
        )}
      </td>
    </tr>
  );
}

export function NodeMap(props: { nodes: HostNode[]; guests: Guest[] }): JSX.Element | null {
  const rows = nodesOf(props.nodes, props.guests);
  if (rows.length === 0) return null;
  const free = props.guests.filter((guest) => guest.controls["numa.nodes"] === 0).length;
  const own = props.guests.filter((guest) => guest.controls["numa.nodes"] === -1).length;
  return (
    <section aria-labelledby="nodes" class="wide">
      <h2 id="nodes">NUMA nodes</h2>
      <div class="nodes">
        {rows.map(({ node, size, places }) => (
          <div key={node} class="node">
            <h3>Node {node}</h3>
            <p class="note">
              {size !== null &&
                `CPUs ${count(size.cpus)}, memory ${bytes(size.memory)}, ${bytes(size.available)} available; `}
              {plural(places.length, "guest")}
            </p>
            {places.length > 0 && (
              <table class="plain">
                <thead>
                  <tr>
                    <th scope="col">Guest</th>
                    <th scope="col" class="number">vCPUs</th>
                    <th scope="col" class="number">Memory here</th>
                    <th scope="col">May run</th>
                  </tr>
                </thead>
                <tbody>
                  {places.slice(0, NAMED).map((place) => (
                    <Row key={place.guest.uuid} place={place} />
                  ))}
                </tbody>
              </table>
            )}
            {places.length > NAMED && <p class="note">and {places.length - NAMED} more</p>}
          </div>
        ))}
      </div>
      <p class="note">
        {plural(free, "guest")} on any node, {own} placed by somebody else.
      </p>
    </section>
  );
}
