// Who asks? Shown by the daemon over TCP to whoever has shown no token yet.
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { logIn, type Door } from "../door";
import { Mark } from "../parts/mark";

export function LoginPage(props: { door: Door }): JSX.Element {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem("");
    try {
      await logIn(token.trim());
    } catch (error) {
      setProblem((error as Error).message);
      field.current?.focus();
    }
    setBusy(false);
  }

  return (
    <main class="login">
      <h1>Ballast on {location.host}</h1>
      {props.door.why !== "" && problem === "" && (
        <p role="status">
          <Mark tone="warn">{props.door.why}</Mark>
        </p>
      )}
      <form onSubmit={(event) => void submit(event)}>
        <label class="field" for="token">
          Token
        </label>
        <input
          id="token"
          ref={field}
          type="password"
          autocomplete="current-password"
          spellcheck={false}
          required
          aria-describedby="token-note"
          aria-invalid={problem !== ""}
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <button type="submit" class="main" disabled={busy}>
          Log in
        </button>
      </form>
      {problem !== "" && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <div id="token-note" class="note">
        <p>
          A token says who you are and what you may do here. Whoever runs this host makes one with{" "}
          <code>ballast token NAME ROLE</code>: it is printed once, with the line for{" "}
          <code>/etc/ballast/access</code> by which the host knows it.
        </p>
        <p>
          This browser keeps it in a cookie, for this host alone, until you log out or close the browser.
        </p>
      </div>
    </main>
  );
}
