// A stand-in for the daemon, for what a simulated host cannot show: any state at will, and replies of
// any shape. Speaks the API on a unix socket. The browser suite drives it in its own process; run by
// hand it serves until it is interrupted: node tests/stand-in.mjs SOCKET [GUESTS].
import { createServer } from "node:http";
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const DIST = new URL("../dist/", import.meta.url);
const FILES = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/assets/app.js": ["assets/app.js", "text/javascript; charset=utf-8"],
  "/assets/stream.js": ["assets/stream.js", "text/javascript; charset=utf-8"],
  "/assets/app.css": ["assets/app.css", "text/css; charset=utf-8"],
  "/assets/icon.svg": ["assets/icon.svg", "image/svg+xml"],
};
const GIB = 1024 ** 3;
const CLASSES = ["critical", "standard", "batch"];

function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function uuidOf(n) {
  return `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

function makeGuest(n, random) {
  const name = n < 3 ? `db-${n + 1}` : n % 3 === 0 ? `batch-${n}` : `web-${n}`;
  const className = n < 3 ? "critical" : n % 3 === 0 ? "batch" : "standard";
  const vcpus = 1 + Math.floor(random() * 8);
  return {
    name,
    uuid: uuidOf(n + 1),
    state: "running",
    stale: false,
    vcpus,
    class: className,
    classFrom: "policy",
    objective: className === "batch" ? null : className === "critical" ? 0.01 : 0.05,
    suffers: false,
    figures: {},
    controls: {
      "cpu.shares": 1000 * vcpus,
      "cpu.quota": null,
      "cpu.idle": 0,
      "memory.balloon": 4 * GIB,
      "memory.stats.period": 5,
      "numa.nodes": n % 4 === 3 ? 0 : 1 + (n % 2),
    },
    memory: { max: 8 * GIB },
    where: n % 2 === 0 ? [(n === 4 ? 1 : 3) * GIB, n === 4 ? 2 * GIB : 0] : [0, 2 * GIB],
    changesInForce: 0,
    foreign: [],
    threads: Array.from({ length: vcpus }, (_, index) => ({
      role: "vcpu",
      index,
      figures: { ready: random() * 0.02, used: random() },
    })).concat([{ role: "emulator", index: 0, figures: { ready: 0.001, used: 0.02 } }]),
  };
}

function tickGuest(guest, random) {
  const used = random() * guest.vcpus * 0.8;
  const ready = guest.suffers ? 0.06 + random() * 0.06 : random() * 0.008;
  guest.figures = {
    ready,
    "ready.mean": ready * 0.6,
    "ready.service": random() * 0.002,
    throttled: 0,
    used,
    demand: used * (1 + ready),
    "memory.working-set": Math.floor((1 + random()) * GIB),
    "memory.target": 4 * GIB,
    "memory.taken": 4 * GIB,
    "memory.swap.rate": 0,
  };
}

function makeDecision(id, state, target, victim, at) {
  return {
    id,
    time: at,
    uuid: target.uuid,
    target: target.name,
    class: target.class,
    policy: "cpu",
    rule: "triage-idle",
    victim: victim.name,
    victimClass: victim.class,
    measured: 0.094,
    limit: 0.01,
    window: 0.2,
    action: { field: "cpu.idle", from: 0, to: 1 },
    undo: 0,
    isUndo: false,
    state,
    host: "host-1",
    expected: { ready: 0.01, within: 1 },
    ...(state === "effective" ? { effect: 0.006, effectAfter: 0.4 } : {}),
    sentence:
      `${victim.name} (critical) waited 9.4 % of the last 200 ms for a core (vcpu 0), objective 1 %; ` +
      `${target.name} (batch) took 71 % of that time: ${target.name} is set to idle priority; ` +
      "expected ready time below 1 % within 1 s.",
  };
}

const POLICY = `version: 1
boundaries:
  cpu: {overcommit: 4.0, ready: 5%}
classes:
  critical: {shares: 8000, cpu: {ready: 1%}}
  standard: {shares: 1000}
  batch: {shares: 100, cpu: {idle: allowed}}
default: standard
`;
const EFFECTIVE = `version: 1
boundaries:
  cpu:
    overcommit: 4.0  # policy.yaml:3
    ready: 5%  # policy.yaml:3
classes:
  critical:  # policy.yaml:5
    shares: 8000  # policy.yaml:5
    cpu:
      ready: 1%  # policy.yaml:5
  standard:  # policy.yaml:6
    shares: 1000  # policy.yaml:6
  batch:  # policy.yaml:7
    shares: 100  # policy.yaml:7
    cpu:
      idle: allowed  # policy.yaml:7
default: standard  # policy.yaml:8
`;

export class StandIn {
  constructor({ guests = 12, seed = 1 } = {}) {
    this.random = generator(seed);
    this.guests = Array.from({ length: guests }, (_, n) => makeGuest(n, this.random));
    this.host = {
      name: "host-1",
      version: "0.1.0",
      mode: "advise",
      releasing: false,
      cpu: {
        cpus: 16, busy: 0.62, pressure: 0.11, reserved: 6,
        vcpus: 40, overcommitLimit: 4, readyBoundary: 0.05,
      },
      memory: {
        state: "clear", capacity: 64 * GIB, used: 41 * GIB, pressed: false,
        taken: 0, short: 0, mover: null,
      },
      sharing: { state: "plenty", saved: 0, cpu: null, controls: {} },
      frozen: false,
      nodes: [
        { id: 0, cpus: 8, memory: 32 * GIB, available: 11 * GIB },
        { id: 1, cpus: 8, memory: 32 * GIB, available: null },
      ],
    };
    this.notices = [];
    this.decisions = [];
    this.events = [];
    this.posts = [];
    this.blame = null;
    this.streams = new Set();
    this.every = 500;
    if (guests >= 7) this.suffer();
    this.tick();
  }

  suffer() {
    const [victim, second] = this.guests;
    const batch = this.guests.filter((guest) => guest.class === "batch");
    victim.suffers = second.suffers = true;
    const at = (ago) => new Date(Date.now() - ago * 1000).toISOString();
    this.decisions = [
      makeDecision(1, "effective", batch[0], victim, at(90)),
      makeDecision(2, "expired", batch[1], victim, at(60)),
      makeDecision(3, "proposed", batch[1], victim, at(5)),
    ];
    this.events = [
      { id: 1, time: at(600), kind: "daemon", text: 'started: mode advise, libvirt "qemu:///system"' },
      { id: 2, time: at(75), kind: "guest", vm: batch[1].name, uuid: batch[1].uuid,
        text: `${batch[1].name} is here, with ${batch[1].vcpus} vCPUs` },
    ];
    batch[0].controls["cpu.idle"] = 1;
    batch[0].changesInForce = 1;
  }

  tick() {
    for (const guest of this.guests) tickGuest(guest, this.random);
  }

  hostJson() {
    const count = (test) => this.guests.filter(test).length;
    return {
      ...this.host,
      time: new Date().toISOString(),
      domains: this.guests.length,
      running: count((guest) => guest.state === "running"),
      suffering: count((guest) => guest.suffers === true),
      changesInForce: this.guests.reduce((sum, guest) => sum + (guest.changesInForce ?? 0), 0),
      proposals: this.decisions.filter((decision) => decision.state === "proposed").length,
    };
  }

  figures() {
    const host = this.hostJson();
    return { kind: "Figures", time: host.time, host, items: this.guests };
  }

  blameJson(vm) {
    if (this.blame !== null) return this.blame;
    const batch = this.guests.filter((guest) => guest.class === "batch").slice(0, 5);
    const items = this.guests
      .filter((guest) => vm === null || guest.name === vm || guest.uuid === vm)
      .map((guest, n) => {
        const culprits = guest.class === "batch" ? [] : batch.map((one, i) => ({
          kind: "vm", name: one.name, uuid: one.uuid, self: false,
          waited: (5.7 / (i + 1)) / (n + 1), share: 0.4 / (i + 1),
        }));
        culprits.push({
          kind: "kernel", name: "", uuid: "", self: false, waited: 0.12 / (n + 1), share: 0.02,
        });
        const waited = culprits.reduce((sum, one) => sum + one.waited, 0);
        return { name: guest.name, uuid: guest.uuid, class: guest.class, window: 60, waited, culprits };
      });
    return { kind: "BlameList", time: new Date().toISOString(), lacking: null, items };
  }

  history(guest) {
    const names = guest === null
      ? ["cpu.busy", "cpu.pressure", "memory.used", "memory.capacity"]
      : ["ready", "throttled", "used", "demand", "cpu.quota", "memory.working-set",
         "memory.target", "memory.balloon"];
    const now = Math.floor(Date.now() / 1000);
    const rows = [];
    for (let time = now - 1800; time < now; time += 10) {
      const wave = (1 + Math.sin(time / 140)) / 2;
      const gap = (now - time) % 1800 > 900 && (now - time) % 1800 < 1000;
      const values = guest === null
        ? [0.4 + 0.3 * wave, 0.1 * wave, (38 + 4 * wave) * GIB, 64 * GIB]
        : [0.08 * wave * wave, 0, wave * guest.vcpus * 0.7, wave * guest.vcpus * 0.75, null,
           (1 + wave) * GIB, (3 + wave) * GIB, 4 * GIB];
      if (!gap) rows.push([time, ...values]);
    }
    return {
      kind: "History", step: 10, rows,
      columns: names.map((name) => ({ name, unit: "ratio" })),
    };
  }

  publish(decision) {
    for (const stream of this.streams)
      if (stream.kind === "events")
        stream.response.write(`id: ${decision.id}\nevent: decision\ndata: ${JSON.stringify(decision)}\n\n`);
  }

  note(kind, text, guest = null) {
    const note = { time: new Date().toISOString(), kind, text, vm: guest?.name ?? null };
    this.events.push({ id: this.events.length + 1, ...note });
    for (const stream of this.streams)
      if (stream.kind === "events")
        stream.response.write(`id: ${Date.now()}\nevent: note\ndata: ${JSON.stringify(note)}\n\n`);
  }

  stream(kind, response) {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write("retry: 1000\n\n");
    const entry = { kind, response, timer: null };
    const send = () => response.write(`event: figures\ndata: ${JSON.stringify(this.figures())}\n\n`);
    if (kind === "figures") {
      send();
      entry.timer = setInterval(() => {
        this.tick();
        send();
      }, this.every);
    }
    this.streams.add(entry);
    response.on("close", () => {
      clearInterval(entry.timer);
      this.streams.delete(entry);
    });
  }

  get(path, query) {
    const vm = /^\/vms\/([^/]+)(\/.*)?$/.exec(path);
    const guest = vm && this.guests.find((one) => [one.uuid, one.name].includes(decodeURIComponent(vm[1])));
    if (vm && !guest) return [404, { title: "No such guest", detail: "it is not here" }];
    if (vm && vm[2] === "/history") return [200, this.history(guest)];
    if (vm && vm[2] === "/explain")
      return [200, { sentences: [`${guest.name} is running; its class is ${guest.class} (from policy).`] }];
    if (vm) return [200, guest];
    switch (path) {
      case "/status":
        return [200, { ...this.hostJson(), host: "host-1", notices: this.notices, sentences: [] }];
      case "/vms":
        return [200, { kind: "VmList", items: this.guests }];
      case "/blame":
        return [200, this.blameJson(query.get("vm"))];
      case "/history":
        return [200, this.history(null)];
      case "/policy":
        return [200, {
          path: "/etc/ballast/policy.yaml",
          files: [{ name: "/etc/ballast/policy.yaml", text: POLICY }],
          effective: EFFECTIVE,
        }];
      case "/decisions": {
        const name = query.get("vm");
        const items = this.decisions.filter((one) => !name || [one.target, one.victim].includes(name));
        return [200, { kind: "DecisionList", items }];
      }
      case "/notes": {
        const name = query.get("vm");
        const until = Date.parse(query.get("until") ?? "2999-01-01");
        const items = this.events
          .filter((one) => (!name || one.vm === name) && Date.parse(one.time) < until)
          .slice(-Number(query.get("limit")));
        return [200, { kind: "EventList", items }];
      }
      default:
        return [404, { title: "Not Found", detail: "There is no such path." }];
    }
  }

  act(path, body) {
    const decision = /^\/decisions\/(\d+)\/(approve|undo)$/.exec(path);
    if (decision) {
      const found = this.decisions.find((one) => one.id === Number(decision[1]));
      const approve = decision[2] === "approve";
      if (!found || (found.state === "proposed") !== approve)
        return [409, { title: "Conflict", detail: `decision ${decision[1]} is not in force any more` }];
      found.state = approve ? "applied" : "expired";
      this.publish(found);
      return [200, { kind: "Done", message: `decision ${found.id} is ${approve ? "approved" : "undone"}` }];
    }
    const vm = /^\/vms\/([^/]+)\/class$/.exec(path);
    if (vm) {
      const guest = this.guests.find((one) => one.uuid === decodeURIComponent(vm[1]));
      if (body.class !== null && !CLASSES.includes(body.class))
        return [422, { title: "No such class", detail: "the policy declares none" }];
      guest.class = body.class ?? "standard";
      guest.classFrom = body.class === null ? "policy" : "class set";
      return [200, { kind: "Done", message: `${guest.name} is in class ${guest.class}` }];
    }
    if (path === "/mode") {
      this.host.mode = body.mode;
      return [200, { kind: "Done", message: `mode is ${body.mode}` }];
    }
    if (path === "/policy/reload")
      return [422, { title: "The policy was refused", detail: "the policy of before stays in force",
                     errors: "policy.yaml:3:1: error" }];
    if (path === "/policy/check") {
      const line = body.text.split("\n").findIndex((one) => one.includes("bogus")) + 1;
      return [200, line > 0
        ? { kind: "PolicyCheck", ok: false, effective: null,
            errors: [{ line, column: 1, message: 'unknown key "bogus"' }] }
        : { kind: "PolicyCheck", ok: true, errors: [],
            effective: EFFECTIVE.replace("ready: 5%", /ready: (\d+%)/.exec(body.text)?.[0] ?? "ready: 5%") }];
    }
    return [404, { title: "Not Found", detail: "There is no such path." }];
  }

  answer(request, response) {
    const url = new URL(request.url, "http://localhost");
    const file = FILES[url.pathname];
    if (file) {
      response.writeHead(200, {
        "Content-Type": file[1],
        "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; " +
          "form-action 'none'; frame-ancestors 'none'",
      });
      response.end(readFileSync(new URL(file[0], DIST)));
      return;
    }
    const path = url.pathname.replace(/^\/api\/v1/, "");
    if (path === "/figures" || path === "/events") {
      this.stream(path.slice(1), response);
      return;
    }
    let text = "";
    request.on("data", (part) => (text += part));
    request.on("end", () => {
      const body = request.method === "POST" ? JSON.parse(text || "{}") : null;
      if (body) this.posts.push({ path, body, key: request.headers["idempotency-key"] });
      const [status, reply] = body ? this.act(path, body) : this.get(path, url.searchParams);
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ apiVersion: "v1", ...reply }));
    });
  }

  listen(socket) {
    rmSync(socket, { force: true });
    this.server = createServer((request, response) => this.answer(request, response));
    return new Promise((resolve) => this.server.listen(socket, resolve));
  }

  close() {
    for (const stream of this.streams) stream.response.destroy();
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [socket, guests = "12"] = process.argv.slice(2);
  await new StandIn({ guests: Number(guests) }).listen(socket);
  console.log(`the stand-in listens on ${socket}`);
}
