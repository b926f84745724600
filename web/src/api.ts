// The contract with the daemon's API: what it sends, as types, and decoders that make them of
// anything at all. Nothing that comes over the wire is trusted to have the shape that it should;
// what is absent, null or of another type is unknown (null) or empty, and never zero.

export type Maybe<T> = T | null;
type Fields = Record<string, unknown>;

const none: Fields = Object.freeze({});

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : none;
}
function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
function number(value: unknown): Maybe<number> {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
function textOrNull(value: unknown): Maybe<string> {
  return typeof value === "string" ? value : null;
}
function texts(value: unknown): string[] {
  return list(value).filter((item): item is string => typeof item === "string");
}
/** A moment as milliseconds, or null. */
function moment(value: unknown): Maybe<number> {
  return typeof value === "string" ? number(Date.parse(value)) : null;
}
/** Null when nothing says so: "not suffering" and "not known to suffer" differ. */
function flag(value: unknown): Maybe<boolean> {
  return typeof value === "boolean" ? value : null;
}

export interface HostNode {
  id: number;
  cpus: Maybe<number>;
  memory: Maybe<number>;
  available: Maybe<number>;
}

export interface Host {
  time: Maybe<number>;
  name: string;
  version: string;
  mode: string;
  releasing: boolean;
  frozen: boolean;
  cpu: {
    cpus: Maybe<number>;
    busy: Maybe<number>;
    pressure: Maybe<number>;
    reserved: Maybe<number>;
    vcpus: Maybe<number>;
    overcommitLimit: Maybe<number>;
    readyBoundary: Maybe<number>;
  };
  memory: {
    state: string;
    capacity: Maybe<number>;
    used: Maybe<number>;
    pressed: boolean;
    taken: Maybe<number>;
    short: Maybe<number>;
    mover: Maybe<{ name: string; bytes: Maybe<number> }>;
  };
  /** Empty: one, or not known. */
  nodes: HostNode[];
  sharing: { state: string; saved: Maybe<number>; cpu: Maybe<number>; owner: string };
  domains: Maybe<number>;
  running: Maybe<number>;
  suffering: Maybe<number>;
  changes: Maybe<number>;
  proposals: Maybe<number>;
}

/** More than the largest hosts have; what is beyond is not understood. */
export const NODES_MAX = 52;

function decodeNodes(value: unknown): HostNode[] {
  const nodes: HostNode[] = [];
  for (const item of list(value)) {
    const node = fields(item);
    const id = number(node.id);
    if (id === null || !Number.isInteger(id) || id < 0 || id >= NODES_MAX) continue;
    if (nodes.some((one) => one.id === id)) continue;
    nodes.push({
      id,
      cpus: number(node.cpus),
      memory: number(node.memory),
      available: number(node.available),
    });
  }
  return nodes;
}

/** Names are those of the policy's levels; "" is unknown. */
export function decodeHost(value: unknown): Host {
  const host = fields(value);
  const cpu = fields(host.cpu);
  const memory = fields(host.memory);
  const sharing = fields(host.sharing);
  const mover = fields(memory.mover);
  return {
    time: moment(host.time),
    name: text(host.name) || text(host.host),
    version: text(host.version),
    mode: text(host.mode),
    releasing: host.releasing === true,
    frozen: host.frozen === true,
    cpu: {
      cpus: number(cpu.cpus),
      busy: number(cpu.busy),
      pressure: number(cpu.pressure),
      reserved: number(cpu.reserved),
      vcpus: number(cpu.vcpus),
      overcommitLimit: number(cpu.overcommitLimit),
      readyBoundary: number(cpu.readyBoundary),
    },
    memory: {
      state: text(memory.state) || "unknown",
      capacity: number(memory.capacity),
      used: number(memory.used),
      pressed: memory.pressed === true,
      taken: number(memory.taken),
      short: number(memory.short),
      mover: text(mover.name) ? { name: text(mover.name), bytes: number(mover.bytes) } : null,
    },
    nodes: decodeNodes(host.nodes),
    sharing: {
      state: text(sharing.state) || "unknown",
      saved: number(sharing.saved),
      cpu: number(sharing.cpu),
      owner: text(sharing.owner) || text(sharing.blocker),
    },
    domains: number(host.domains),
    running: number(host.running),
    suffering: number(host.suffering),
    changes: number(host.changesInForce),
    proposals: number(host.proposals),
  };
}

export type Control = Maybe<number>;
/** Keys are field names such as "cpu.shares"; null is "none", an absent key is unknown. */
export type Controls = Record<string, Control>;

export interface Thread {
  role: string;
  index: Maybe<number>;
  ready: Maybe<number>;
  used: Maybe<number>;
}

export interface Guest {
  name: string;
  uuid: string;
  state: string;
  stale: boolean;
  vcpus: Maybe<number>;
  class: string;
  classFrom: string;
  objective: Maybe<number>;
  suffers: Maybe<boolean>;
  ready: Maybe<number>;
  readyMean: Maybe<number>;
  readyService: Maybe<number>;
  throttled: Maybe<number>;
  used: Maybe<number>;
  demand: Maybe<number>;
  workingSet: Maybe<number>;
  target: Maybe<number>;
  taken: Maybe<number>;
  swapRate: Maybe<number>;
  saved: Maybe<number>;
  memoryMax: Maybe<number>;
  memoryNote: string;
  /** Bytes of its memory by node; null where that is not known, or there is one. */
  where: Maybe<number[]>;
  controls: Controls;
  changes: Maybe<number>;
  foreign: string[];
}

function decodeControls(value: unknown): Controls {
  const controls: Controls = {};
  for (const [name, control] of Object.entries(fields(value)))
    if (control === null || typeof control === "number") controls[name] = control;
  return controls;
}

/** Of one guest as GET /vms/{name} tells it; a page of many guests needs none. */
export function decodeThreads(value: unknown): Thread[] {
  return list(fields(value).threads).map((item) => {
    const thread = fields(item);
    const figures = fields(thread.figures);
    return {
      role: text(thread.role) || "unknown",
      index: number(thread.index),
      ready: number(figures.ready),
      used: number(figures.used),
    };
  });
}

export function decodeGuest(value: unknown): Guest {
  const guest = fields(value);
  const figures = fields(guest.figures);
  return {
    name: text(guest.name),
    uuid: text(guest.uuid),
    state: text(guest.state) || "unknown",
    stale: guest.stale === true,
    vcpus: number(guest.vcpus),
    class: text(guest.class),
    classFrom: text(guest.classFrom),
    objective: number(guest.objective),
    suffers: flag(guest.suffers),
    ready: number(figures.ready),
    readyMean: number(figures["ready.mean"]),
    readyService: number(figures["ready.service"]),
    throttled: number(figures.throttled),
    used: number(figures.used),
    demand: number(figures.demand),
    workingSet: number(figures["memory.working-set"]),
    target: number(figures["memory.target"]),
    taken: number(figures["memory.taken"]),
    swapRate: number(figures["memory.swap.rate"]),
    saved: number(figures["memory.saved"]),
    memoryMax: number(fields(guest.memory).max),
    memoryNote: text(guest.memoryNote),
    where: Array.isArray(guest.where)
      ? guest.where.slice(0, NODES_MAX).map((bytes) => number(bytes) ?? 0)
      : null,
    controls: decodeControls(guest.controls),
    changes: number(guest.changesInForce),
    foreign: texts(guest.foreign),
  };
}

export interface Figures {
  time: Maybe<number>;
  host: Host;
  guests: Guest[];
}

export function decodeFigures(value: unknown): Figures {
  const figures = fields(value);
  return {
    time: moment(figures.time),
    host: decodeHost(figures.host),
    guests: list(figures.items).map(decodeGuest),
  };
}

/** How much of the CPU time that it wanted a guest got, 0 to 100. One that wanted nothing lost
 * nothing. Its own limit is not contention and does not count. */
export function score(guest: Guest): Maybe<number> {
  if (guest.used === null || guest.demand === null) return null;
  if (guest.demand <= 0) return 100;
  return Math.max(0, Math.min(100, (100 * guest.used) / guest.demand));
}

/** Cores that a guest wanted and waited for. */
export function lost(guest: Guest): Maybe<number> {
  return guest.used === null || guest.demand === null
    ? null
    : Math.max(0, guest.demand - guest.used);
}

export interface Status {
  notices: string[];
  sentences: string[];
  policyError: string;
  policyPath: string;
}

export function decodeStatus(value: unknown): Status {
  const status = fields(value);
  const policy = fields(status.policy);
  return {
    notices: texts(status.notices),
    sentences: texts(status.sentences),
    policyError: text(policy.error),
    policyPath: text(policy.path),
  };
}

export interface Decision {
  id: number;
  time: Maybe<number>;
  uuid: string;
  target: string;
  class: string;
  victim: string;
  policy: string;
  rule: string;
  measured: Maybe<number>;
  limit: Maybe<number>;
  field: string;
  /** undefined: not told. */
  from: Control | undefined;
  to: Control | undefined;
  undo: Control | undefined;
  isUndo: boolean;
  state: string;
  expected: Maybe<number>;
  within: Maybe<number>;
  effect: Maybe<number>;
  effectAfter: Maybe<number>;
  message: string;
  sentence: string;
}

function control(value: unknown): Control | undefined {
  return value === null || typeof value === "number" ? value : undefined;
}

export function decodeDecision(value: unknown): Maybe<Decision> {
  const decision = fields(value);
  const action = fields(decision.action);
  const expected = fields(decision.expected);
  const id = number(decision.id);
  if (id === null || !Number.isSafeInteger(id)) return null;
  return {
    id,
    time: moment(decision.time),
    uuid: text(decision.uuid),
    target: text(decision.target),
    class: text(decision.class),
    victim: text(decision.victim),
    policy: text(decision.policy),
    rule: text(decision.rule),
    measured: number(decision.measured),
    limit: number(decision.limit),
    field: text(action.field),
    from: control(action.from),
    to: control(action.to),
    undo: control(decision.undo),
    isUndo: decision.isUndo === true,
    state: text(decision.state) || "unknown",
    expected: number(expected.ready),
    within: number(expected.within),
    effect: number(decision.effect),
    effectAfter: number(decision.effectAfter),
    message: text(decision.message),
    sentence: text(decision.sentence),
  };
}

export function decodeDecisions(value: unknown): Decision[] {
  return list(fields(value).items)
    .map(decodeDecision)
    .filter((decision) => decision !== null);
}

/** What happened besides decisions: to a guest, or (vm "") to the host or the daemon. */
export interface Note {
  time: Maybe<number>;
  kind: string;
  vm: string;
  text: string;
}

export function decodeNote(value: unknown): Maybe<Note> {
  const note = fields(value);
  if (text(note.text) === "") return null;
  return {
    time: moment(note.time),
    kind: text(note.kind) || "unknown",
    vm: text(note.vm),
    text: text(note.text),
  };
}

export function decodeNotes(value: unknown): Note[] {
  return list(fields(value).items)
    .map(decodeNote)
    .filter((note) => note !== null);
}

export interface Culprit {
  kind: string;
  name: string;
  uuid: string;
  self: boolean;
  waited: Maybe<number>;
  share: Maybe<number>;
}

export interface Blame {
  name: string;
  uuid: string;
  class: string;
  window: Maybe<number>;
  waited: Maybe<number>;
  culprits: Culprit[];
}

export interface BlameList {
  lacking: Maybe<string>;
  items: Blame[];
}

export function decodeBlame(value: unknown): BlameList {
  const blame = fields(value);
  return {
    lacking: textOrNull(blame.lacking),
    items: list(blame.items).map((entry) => {
      const item = fields(entry);
      return {
        name: text(item.name),
        uuid: text(item.uuid),
        class: text(item.class),
        window: number(item.window),
        waited: number(item.waited),
        culprits: list(item.culprits).map((one) => {
          const culprit = fields(one);
          return {
            kind: text(culprit.kind) || "unseen",
            name: text(culprit.name),
            uuid: text(culprit.uuid),
            self: culprit.self === true,
            waited: number(culprit.waited),
            share: number(culprit.share),
          };
        }),
      };
    }),
  };
}

export interface History {
  step: Maybe<number>;
  columns: { name: string; unit: string }[];
  /** Per column of `columns`; `times` in seconds since the epoch, growing. */
  times: number[];
  values: Maybe<number>[][];
}

export function decodeHistory(value: unknown): History {
  const history = fields(value);
  const columns = list(history.columns).map((item) => {
    const column = fields(item);
    return { name: text(column.name), unit: text(column.unit) };
  });
  const times: number[] = [];
  const values: Maybe<number>[][] = columns.map(() => []);
  const step = number(history.step);
  const add = (time: number, row: unknown[]): void => {
    times.push(time);
    values.forEach((column, i) => column.push(number(row[i + 1])));
  };
  for (const item of list(history.rows)) {
    const row = list(item);
    const time = number(row[0]);
    const last = times[times.length - 1];
    if (time === null || (last !== undefined && time <= last)) continue;
    /* Nothing was noted in between: a gap, and no line across it. */
    if (step !== null && step > 0 && last !== undefined && time - last > 2 * step)
      add(last + step, []);
    add(time, row);
  }
  return { step, columns, times, values };
}

export interface Explanation {
  sentences: string[];
}

export function decodeExplanation(value: unknown): Explanation {
  return { sentences: texts(fields(value).sentences) };
}

export interface Policy {
  path: string;
  files: { name: string; text: string }[];
  effective: string;
}

export function decodePolicy(value: unknown): Policy {
  const policy = fields(value);
  return {
    path: text(policy.path),
    files: list(policy.files).map((item) => {
      const file = fields(item);
      return { name: text(file.name), text: text(file.text) };
    }),
    effective: text(policy.effective),
  };
}

/** The classes of a policy as its effective text lists them, highest rank first. */
export function classesOf(effective: string): string[] {
  const lines = effective.split("\n");
  const start = lines.indexOf("classes:");
  const names: string[] = [];
  for (let i = start + 1; start >= 0 && i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (/^\S/.test(line)) break;
    const name = /^ {2}([^\s:]+):/.exec(line)?.[1];
    if (name !== undefined) names.push(name);
  }
  return names;
}

export interface PolicyError {
  file: string;
  hint: string;
  line: Maybe<number>;
  column: Maybe<number>;
  message: string;
}

export interface PolicyCheck {
  ok: boolean;
  errors: PolicyError[];
  effective: Maybe<string>;
}

export function decodePolicyCheck(value: unknown): PolicyCheck {
  const check = fields(value);
  return {
    ok: check.ok === true,
    errors: list(check.errors).map((item) => {
      const error = fields(item);
      return {
        file: text(error.file),
        hint: text(error.hint),
        line: number(error.line),
        column: number(error.column),
        message: text(error.message),
      };
    }),
    effective: textOrNull(check.effective),
  };
}

export function decodeMessage(value: unknown): string {
  return text(fields(value).message);
}

/** A problem of the API (RFC 9457) in one sentence. */
export function decodeProblem(value: unknown, status: number): string {
  const problem = fields(value);
  const told = [text(problem.title), text(problem.detail), text(problem.errors)].filter(Boolean);
  return told.length > 0 ? told.join(": ") : `the daemon answered with status ${status}`;
}
