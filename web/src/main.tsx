// The shell around every page: what host this is, whether it is well, how far Ballast may go, and the
// way to the pages. Started once by index.html.
import { render, type JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { askMode } from "./actions";
import type { Host } from "./api";
import { knock, logOut, useDoor } from "./door";
import { clock, count } from "./format";
import { pause, start, useLive, type Live } from "./live";
import { BlamePage } from "./pages/blame";
import { GuestPage } from "./pages/guest";
import { GuestsPage } from "./pages/guests";
import { HostPage, judge } from "./pages/host";
import { LogPage } from "./pages/log";
import { LoginPage } from "./pages/login";
import { PolicyPage } from "./pages/policy";
import { Dialogs, tell } from "./parts/dialog";
import { Mark, memoryTone } from "./parts/mark";
import { link, PAGES, useRoute, type Page, type Route } from "./route";
import { useSetting } from "./settings";
import { OVER_TCP } from "./wire";
import "./style.css";

const TITLES: Record<Page, string> = {
  host: "Host",
  guests: "Guests",
  guest: "Guest",
  blame: "Blame",
  log: "Log",
  policy: "Policy",
};

function Summary(props: { host: Host }): JSX.Element {
  const { host } = props;
  const verdict = judge(host);
  return (
    <>
      <Mark tone={verdict.tone}>{verdict.word}</Mark>
      <span>
        suffering <b>{count(host.suffering)}</b> of {count(host.running)}
      </span>
      <span class="roomy">
        memory <Mark tone={memoryTone(host.memory.state)}>{host.memory.state}</Mark>
      </span>
      <span class="roomy">
        changes <b>{count(host.changes)}</b>
      </span>
      {host.proposals !== null && host.proposals > 0 && (
        <a href={link("log")}>
          <Mark tone="warn">{host.proposals} to approve</Mark>
        </a>
      )}
    </>
  );
}

function Connection(props: { live: Live }): JSX.Element {
  const { live } = props;
  if (live.lost !== null)
    return (
      <span class="connection" role="alert">
        <Mark tone="bad">no news</Mark> {live.lost}
      </span>
    );
  if (live.figures === null) return <span class="connection">connecting</span>;
  return (
    <span class="connection">
      <Mark tone={live.paused ? "warn" : "good"}>{live.paused ? "held" : "live"}</Mark>{" "}
      {clock(live.figures.time)}
    </span>
  );
}

const THEMES = ["system", "dark", "light"] as const;

function Top(props: { route: Route; keys: string; onKeys: (keys: "on" | "off") => void }): JSX.Element {
  const live = useLive();
  const host = live.figures?.host ?? null;
  const [theme, setTheme] = useSetting("theme", THEMES);
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  return (
    <header>
      <div class="top">
        <a class="brand" href={link("host")}>
          Ballast
        </a>
        <b class="name">{host?.name || "-"}</b>
        {host !== null && (
          <button type="button" class="small" onClick={() => askMode(host)}>
            mode: <b>{host.mode || "-"}</b>
          </button>
        )}
        <div class="summary">{host !== null && <Summary host={host} />}</div>
        <Connection live={live} />
      </div>
      <div class="under">
        <nav aria-label="Pages">
          {PAGES.map((page, i) => (
            <a
              key={page}
              href={link(page)}
              aria-current={
                props.route.page === page || (page === "guests" && props.route.page === "guest")
                  ? "page"
                  : undefined
              }
            >
              {TITLES[page]}
              {props.keys === "on" && <kbd aria-hidden="true">{i + 1}</kbd>}
            </a>
          ))}
        </nav>
        <div class="choices">
          <button
            type="button"
            class="small"
            aria-pressed={live.paused}
            onClick={() => pause(!live.paused)}
          >
            Hold
          </button>
          <label>
            <span class="hidden">Colours</span>
            <select
              value={theme}
              onChange={(event) =>
                setTheme(THEMES.find((one) => one === event.currentTarget.value) ?? "system")
              }
            >
              {THEMES.map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          </label>
          <label class="wide-only">
            <input
              type="checkbox"
              checked={props.keys === "on"}
              onChange={(event) => props.onKeys(event.currentTarget.checked ? "on" : "off")}
            />{" "}
            keys 1-5 and /
          </label>
          {OVER_TCP && <LogOut />}
        </div>
      </div>
    </header>
  );
}

/** Single letters act only outside of fields, without modifiers, and when the person wants them. */
function useKeys(on: boolean): void {
  useEffect(() => {
    if (!on) return;
    const pressed = (event: KeyboardEvent): void => {
      const { target } = event;
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (document.querySelector("dialog[open]") !== null) return;
      if (
        target instanceof HTMLInputElement ||
        target instanceof HTMLSelectElement ||
        target instanceof HTMLTextAreaElement
      )
        return;
      const page = PAGES[Number(event.key) - 1];
      if (page !== undefined) location.hash = link(page);
      if (event.key === "/") {
        const filter = document.querySelector<HTMLElement>("[data-filter]");
        filter?.focus();
        if (filter !== null) event.preventDefault();
      }
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [on]);
}

function Body(props: { route: Route }): JSX.Element {
  const { page, name } = props.route;
  switch (page) {
    case "guests":
      return <GuestsPage />;
    case "guest":
      return <GuestPage key={name} name={name} />;
    case "blame":
      return <BlamePage />;
    case "log":
      return <LogPage name={name} />;
    case "policy":
      return <PolicyPage />;
    case "host":
      return <HostPage />;
  }
}

/** Only where somebody logs in. */
function LogOut(): JSX.Element {
  const leave = (): void =>
    void logOut().then(
      (still) => still !== null && tell(still),
      (problem: Error) => tell(problem.message, true),
    );
  return (
    <button type="button" class="small" onClick={leave}>
      Log out
    </button>
  );
}

function App(): JSX.Element {
  const door = useDoor();
  useEffect(() => {
    if (door.state === "closed") document.title = "Log in - Ballast";
  }, [door.state]);
  if (door.state === "asking") return <main class="login" />;
  return door.state === "open" ? <Inside /> : <LoginPage door={door} />;
}

function Inside(): JSX.Element {
  const route = useRoute();
  const [keys, setKeys] = useSetting("keys", ["on", "off"]);
  const main = useRef<HTMLElement>(null);
  const [first, setFirst] = useState(true);
  useKeys(keys === "on");
  const title = route.page === "guest" ? route.name : TITLES[route.page];
  useEffect(() => {
    document.title = `${title} - Ballast`;
    if (!first) main.current?.focus();
    setFirst(false);
  }, [route.page, route.name]);
  return (
    <>
      <a
        class="skip"
        href={location.hash || "#/host"}
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        To the content
      </a>
      <Top route={route} keys={keys} onKeys={setKeys} />
      <main ref={main} tabIndex={-1} class={route.page}>
        <h1>{title}</h1>
        <Body route={route} />
      </main>
      <Dialogs />
    </>
  );
}

void knock();
start();
const place = document.getElementById("app");
if (place !== null) render(<App />, place);
