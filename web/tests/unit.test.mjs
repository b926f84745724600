// The parts of the dashboard that need no browser: decoders of whatever comes, words for numbers,
// orders, differences. The sources are loaded as Vite builds them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

let server;
const load = (name) => server.ssrLoadModule(`/src/${name}`);

before(async () => {
  server = await createServer({
    root: fileURLToPath(new URL("..", import.meta.url)),
    appType: "custom",
    logLevel: "error",
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
});
after(() => server.close());

function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const KEYS = [
  "host", "items", "cpu", "memory", "figures", "controls", "name", "uuid", "ready", "threads", "rows",
  "columns", "culprits", "waited", "action", "from", "to", "errors", "line", "files", "text", "mover",
  "effective", "state", "foreign", "id", "time", "sentences", "expected", "sharing", "suffers",
];

function junk(random, depth) {
  const kind = Math.floor(random() * (depth > 0 ? 9 : 7));
  switch (kind) {
    case 0: return null;
    case 1: return random() < 0.5;
    case 2: return (random() - 0.5) * 10 ** Math.floor(random() * 20);
    case 3: return "";
    case 4: return "<img src=x onerror=alert(1)>\u202e";
    case 5: return Number.MAX_VALUE;
    case 6: return "2026-01-31T12:00:00Z";
    case 7: return Array.from({ length: Math.floor(random() * 4) }, () => junk(random, depth - 1));
    default: {
      const object = {};
      for (let i = 0; i < 8; i++)
        object[KEYS[Math.floor(random() * KEYS.length)]] = junk(random, depth - 1);
      return object;
    }
  }
}

/** Numbers that are none would be shown as "NaN". */
function assertSound(value, path = "") {
  if (typeof value === "number") assert.ok(Number.isFinite(value), path);
  else if (value !== null && typeof value === "object")
    for (const [key, inner] of Object.entries(value)) assertSound(inner, `${path}.${key}`);
}

test("decoders make something sound of anything", async () => {
  const api = await load("api.ts");
  const random = generator(7);
  const decoders = Object.keys(api).filter((name) => name.startsWith("decode"));
  assert.ok(decoders.length >= 10);
  for (let i = 0; i < 3000; i++) {
    const value = junk(random, 4);
    for (const name of decoders) assertSound(api[name](value, 500), name);
  }
});

test("what is absent is unknown, not zero", async () => {
  const api = await load("api.ts");
  const guest = api.decodeGuest({ name: "a", figures: { ready: null, used: "1" } });
  assert.equal(guest.ready, null);
  assert.equal(guest.used, null);
  assert.equal(guest.suffers, null);
  assert.equal(api.score(guest), null);
  assert.equal(api.lost(guest), null);
  assert.equal(api.decodeHost({}).suffering, null);
  assert.equal(api.decodeHost(null).memory.state, "unknown");
  const told = api.decodeGuest({ suffers: false, figures: { used: 0.9, demand: 1 } });
  assert.equal(told.suffers, false);
  assert.ok(Math.abs(api.score(told) - 90) < 1e-9);
  assert.ok(Math.abs(api.lost(told) - 0.1) < 1e-9);
  assert.equal(api.score(api.decodeGuest({ figures: { used: 0, demand: 0 } })), 100);
});

test("a control that is none differs from one that is not told", async () => {
  const api = await load("api.ts");
  const { controls } = api.decodeGuest({ controls: { "cpu.quota": null, "cpu.idle": 1, bad: "x" } });
  assert.deepEqual(controls, { "cpu.quota": null, "cpu.idle": 1 });
  const decision = api.decodeDecision({ id: 4, action: { field: "cpu.quota", from: null } });
  assert.equal(decision.from, null);
  assert.equal(decision.to, undefined);
  assert.equal(api.decodeDecision({ id: "4" }), null);
  assert.deepEqual(api.decodeDecisions({ items: [{ id: 1 }, {}, null] }).map((one) => one.id), [1]);
});

test("histories are in order and keep their gaps", async () => {
  const api = await load("api.ts");
  const history = api.decodeHistory({
    step: 2,
    columns: [{ name: "ready" }, { name: "used" }],
    rows: [[10, 0.1, null], [10, 9, 9], [8, 9, 9], ["x", 1, 1], [12, null, 0.5], [14]],
  });
  assert.deepEqual(history.times, [10, 12, 14]);
  assert.deepEqual(history.values, [[0.1, null, null], [null, 0.5, null]]);
});

test("a time without rows is a gap", async () => {
  const api = await load("api.ts");
  const history = api.decodeHistory({
    step: 2, columns: [{ name: "ready" }], rows: [[10, 1], [12, 2], [16, 3], [30, 4]],
  });
  assert.deepEqual(history.times, [10, 12, 16, 18, 30]);
  assert.deepEqual(history.values, [[1, 2, 3, null, 4]]);
});

test("a problem is one sentence", async () => {
  const { decodeProblem } = await load("api.ts");
  assert.equal(decodeProblem({ title: "Conflict", detail: "not any more" }, 409), "Conflict: not any more");
  assert.match(decodeProblem("<html>", 502), /502/);
});

test("the classes of a policy, in their order", async () => {
  const { classesOf } = await load("api.ts");
  assert.deepEqual(
    classesOf("version: 1\nclasses:\n  gold:  # a:1\n    shares: 5\n  lead-2:\nassign: []\n  x:\n"),
    ["gold", "lead-2"],
  );
  assert.deepEqual(classesOf(""), []);
});

test("numbers in words", async () => {
  const f = await load("format.ts");
  assert.equal(f.percent(null), "-");
  assert.equal(f.percent(0), "0.0 %");
  assert.equal(f.percent(0.0001), "<0.1 %");
  assert.equal(f.percent(0.094), "9.4 %");
  assert.equal(f.percent(1), "100 %");
  assert.equal(f.bytes(null), "-");
  assert.equal(f.bytes(1536), "1.5 KiB");
  assert.equal(f.bytes(3 * 1024 ** 3), "3.0 GiB");
  assert.equal(f.seconds(0.4), "400 ms");
  assert.equal(f.seconds(12.34), "12.3 s");
  assert.equal(f.clock(null), "-");
  assert.equal(f.maskText(0b1001111), "0-3,6");
  assert.equal(f.maskText(2 ** 60), "?");
  assert.equal(f.controlText("cpu.quota", 150000), "1.50 cores");
  assert.equal(f.controlText("cpu.quota", null), "no limit");
  assert.equal(f.controlText("cpu.idle", undefined), "-");
  assert.equal(f.controlText("numa.nodes", 2), "node 1");
  assert.equal(f.controlText("numa.nodes", -1), "chosen by others");
});

test("unknown sorts last either way, and ties keep their order", async () => {
  const { sorted } = await load("parts/grid.tsx");
  const rows = [{ k: "c", v: 1 }, { k: "a", v: null }, { k: "b", v: 1 }, { k: "d", v: 3 }];
  const column = { value: (row) => row.v };
  const order = (down, tie = () => null) =>
    sorted(rows, column, down, tie, (row) => row.k).map((row) => row.k).join("");
  assert.equal(order(true), "dbca");
  assert.equal(order(false), "bcda");
  assert.equal(order(false, (row) => (row.k === "c" ? 1 : 0)), "cbda");
});

test("addresses of pages", async () => {
  const { link, parseRoute } = await load("route.ts");
  for (const name of ["web-1", "a/b", "..", "100 %", "ä#?&"])
    assert.deepEqual(parseRoute(link("guest", name)), { page: "guest", name });
  assert.deepEqual(parseRoute("#/guest/%E0%A4%A"), { page: "host", name: "" });
  assert.deepEqual(parseRoute("#/nonsense"), { page: "host", name: "" });
  assert.deepEqual(parseRoute("#/log/web-1"), { page: "log", name: "web-1" });
});

test("notes and decisions in one order", async () => {
  const { decodeDecision, decodeNote } = await load("api.ts");
  const { entriesOf, mergedNotes } = await load("pages/log.tsx");
  const at = (second) => `2026-01-31T12:00:0${second}.123456Z`;
  const note = (second, text, more = {}) => decodeNote({ time: at(second), kind: "guest", text, ...more });
  assert.equal(decodeNote({ time: at(1), kind: "guest" }), null);
  assert.deepEqual(decodeNote({ text: "a", time: "x" }), { time: null, kind: "unknown", vm: "", text: "a" });
  const notes = mergedNotes([note(1, "a"), note(1, "b"), note(4, "c")], [note(4, "c", { vm: "v" }), note(5, "d")]);
  assert.deepEqual(notes.map((one) => one.text).join(""), "dcba");
  const decisions = [decodeDecision({ id: 7, time: at(3) }), decodeDecision({ id: 6, time: at(2) })];
  const order = (horizon) => entriesOf(decisions, notes, horizon)
    .map((one) => ("note" in one ? one.note.text : one.decision.id)).join(" ");
  assert.equal(order(0), "d c 7 6 b a");
  assert.equal(order(Date.parse(at(3))), "d c 7");
});

test("the newest change of a field is the one in force", async () => {
  const { decodeDecision } = await load("api.ts");
  const { inForce } = await load("actions.ts");
  const made = (id, state, more = {}) =>
    decodeDecision({ id, state, uuid: "u", action: { field: "cpu.idle" }, ...more });
  const first = made(1, "effective");
  assert.ok(inForce(first, [first, made(2, "proposed"), made(3, "applied", { uuid: "v" })]));
  assert.ok(!inForce(first, [first, made(2, "applied", { isUndo: true })]));
  assert.ok(!inForce(first, [first, made(2, "conflict")]));
  assert.ok(!inForce(made(2, "applied", { isUndo: true }), []));
  assert.ok(!inForce(made(2, "proposed"), []));
});

test("blame adds up over those who suffer", async () => {
  const { decodeBlame, decodeGuest } = await load("api.ts");
  const { causes, matrixOf } = await load("blame.ts");
  const vm = (name, waited) => ({ kind: "vm", name, uuid: name, waited });
  const blame = decodeBlame({ items: [
    { name: "a", uuid: "a", waited: 5, culprits: [vm("x", 3), vm("y", 2)] },
    { name: "b", uuid: "b", waited: 4, culprits: [vm("y", 3), { kind: "ownLimit", waited: 1 }] },
    { name: "c", uuid: "c", waited: 90, culprits: [vm("z", 90)] },
    { name: "d", uuid: "d", waited: null, culprits: [vm("z", null)] },
  ] });
  const suffering = ["a", "b"].map((uuid) => decodeGuest({ uuid, suffers: true }));
  assert.deepEqual(causes(blame, suffering).map((one) => [one.culprit.name, one.waited, one.victims]), [
    ["y", 5, ["b", "a"]], ["x", 3, ["a"]],
  ]);
  assert.equal(causes(blame, [])[0].culprit.name, "z");
  const matrix = matrixOf(blame.items, 2, 2);
  assert.deepEqual(matrix.victims.map((one) => one.name), ["c", "a"]);
  assert.deepEqual(matrix.leftOut, { victims: 1, culprits: 1 });
  assert.equal(matrix.most, 90);
});

test("guests on their nodes, and where their memory is", async () => {
  const { decodeGuest, decodeHost } = await load("api.ts");
  const { nodesOf } = await load("parts/nodes.tsx");
  const on = (name, mask, where) => decodeGuest({ name, where, controls: { "numa.nodes": mask } });
  const rows = nodesOf([], [on("a", 1), on("b", 5), on("c", 0), on("d", -1), on("e", 1e300), decodeGuest({})]);
  assert.deepEqual(rows.map((row) => row.places.map((place) => place.guest.name)), [["a", "b"], [], ["b"]]);
  assert.equal(rows[0].places[0].here, null);
  const { nodes } = decodeHost({ nodes: [
    { id: 2, cpus: 4, memory: 16, available: null }, { id: 0, cpus: 4, memory: 16, available: 8 },
    { id: 2 }, { id: -1 }, { id: "0" }, { id: 99 }, null,
  ] });
  assert.equal(nodes.length, 2);
  assert.equal(nodes[0].available, null);
  const sized = nodesOf(nodes, [on("a", 1, [1, 0, 3]), on("b", 0, [9]), on("c", 4, [])]);
  assert.deepEqual(sized.map((row) => row.node), [0, 2]);
  assert.deepEqual(sized[0].places.map((place) => [place.guest.name, place.confined, place.here, place.share]),
    [["b", false, 9, 1], ["a", true, 1, 0.25]]);
  assert.deepEqual(sized[1].places.map((place) => [place.guest.name, place.confined, place.here, place.share]),
    [["a", false, 3, 0.75], ["c", true, 0, null]]);
  assert.equal(sized[1].size.cpus, 4);
});

test("what a policy would change", async () => {
  const { changesOf } = await load("difference.ts");
  const before = "version: 1\nboundaries:\n  cpu:\n    ready: 5%  # default\n    x: 1\nclasses:\n  a:\n";
  assert.deepEqual(changesOf(before, before.replace("# default", "# p.yaml:3")), []);
  assert.deepEqual(
    changesOf(before, before.replace("5%", "7%")).map((one) => `${one.kind} ${one.line.trim()}`),
    ["same boundaries:", "same cpu:", "gone ready: 5%", "new ready: 7%"],
  );
});

test("a line and column in a text", async () => {
  const { offsetOf } = await load("pages/policy.tsx");
  assert.equal(offsetOf("ab\ncd\n", 2, 2), 4);
  assert.equal(offsetOf("ab\ncd\n", 9, 1), 6);
  assert.equal(offsetOf("ab", 1, 99), 2);
});

test("a history goes on with what came since", async () => {
  const { decodeGuest } = await load("api.ts");
  const { seriesOf } = await load("pages/guest.tsx");
  const history = { step: 2, columns: [{ name: "ready", unit: "ratio" }], times: [1, 3], values: [[0.1, null]] };
  const guest = decodeGuest({ figures: { ready: 0.3 } });
  const series = seriesOf(history, [{ time: 3, guest }, { time: 5, guest }]);
  assert.deepEqual(series.times, [1, 3, 5]);
  assert.deepEqual(series.of("ready", (one) => one.ready), [0.1, null, 0.3]);
  assert.deepEqual(series.of("used", (one) => one.used), [null, null, null]);
});

test("the host in one word", async () => {
  const { decodeHost } = await load("api.ts");
  const { judge } = await load("pages/host.tsx");
  const word = (host) => judge(decodeHost(host)).word;
  assert.equal(word({}), "Unknown");
  assert.equal(word({ suffering: 0, memory: { state: "clear" } }), "Healthy");
  assert.equal(word({ suffering: 0, memory: { state: "soft" } }), "Watch");
  assert.equal(word({ suffering: 0, memory: { state: "low" } }), "Contention");
  assert.equal(word({ suffering: 1, memory: { state: "clear" } }), "Contention");
  assert.equal(word({ suffering: 0, frozen: true }), "Watch");
});
