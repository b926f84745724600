// The policy in force with where each value is from, and a place to try a change: it is checked by the
// daemon while it is typed, and shown by what it would change. Nothing is written from here.
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { askReload } from "../actions";
import { decodePolicy, decodePolicyCheck, type PolicyCheck, type PolicyError } from "../api";
import { changesOf } from "../difference";
import { plural } from "../format";
import { useLoad } from "../load";
import { Mark } from "../parts/mark";
import { post } from "../wire";

const TYPING_MSEC = 400;

interface Checked {
  check: PolicyCheck | null;
  problem: string;
  /** The text that it is about. */
  text: string;
}

function useCheck(text: string | null): Checked | null {
  const [checked, set] = useState<Checked | null>(null);
  useEffect(() => {
    if (text === null) return;
    let ended = false;
    const timer = window.setTimeout(() => {
      post("/policy/check", { text })
        .then((reply) => !ended && set({ check: decodePolicyCheck(reply), problem: "", text }))
        .catch((error: Error) => !ended && set({ check: null, problem: error.message, text }));
    }, TYPING_MSEC);
    return () => {
      ended = true;
      window.clearTimeout(timer);
    };
  }, [text]);
  return checked;
}

/** Where a line and column are in a text. Columns count characters from 1. */
export function offsetOf(text: string, line: number, column: number): number {
  let at = 0;
  for (let n = 1; n < line; n++) {
    const end = text.indexOf("\n", at);
    if (end < 0) return text.length;
    at = end + 1;
  }
  return Math.min(text.length, at + Math.max(0, column - 1));
}

function Errors(props: { errors: PolicyError[]; go: (error: PolicyError) => void }): JSX.Element {
  return (
    <ul class="errors">
      {props.errors.map((error) => (
        <li key={`${error.line}:${error.column}:${error.message}`}>
          {error.line !== null && (
            <button type="button" class="small" onClick={() => props.go(error)}>
              Line {error.line}
              {error.column !== null && `, column ${error.column}`}
            </button>
          )}{" "}
          {error.message}
          {error.hint !== "" && <span class="note">; {error.hint}</span>}
        </li>
      ))}
    </ul>
  );
}

function Effects(props: { before: string; after: string }): JSX.Element {
  const changes = useMemo(() => changesOf(props.before, props.after), [props.before, props.after]);
  if (changes.length === 0) return <p class="note">It changes nothing that is in force.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="What would change">
      <pre class="difference">
        {changes.map((change, i) => (
          <span key={i} class={change.kind}>
            {change.kind === "gone" ? "- " : change.kind === "new" ? "+ " : "  "}
            {change.line}
            {"\n"}
          </span>
        ))}
      </pre>
    </div>
  );
}

function Try(props: { text: string; name: string; effective: string }): JSX.Element {
  const [text, setText] = useState(props.text);
  const area = useRef<HTMLTextAreaElement>(null);
  const changed = text !== props.text;
  const checked = useCheck(changed ? text : null);
  const current = checked !== null && checked.text === text ? checked : null;
  const check = current?.check ?? null;
  return (
    <section aria-labelledby="try" class="wide">
      <h2 id="try">Try a change</h2>
      <label for="text" class="note">
        {props.name}, as it is loaded. Checked as you type; to put it in force, save it to that file on
        the host and reload.
      </label>
      <textarea
        id="text"
        ref={area}
        spellcheck={false}
        rows={16}
        value={text}
        aria-describedby="verdict"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <div id="verdict" role="status">
        {!changed && <p class="note">Unchanged.</p>}
        {changed && current === null && <p class="note">Checking.</p>}
        {current !== null && current.problem !== "" && <p class="problem">{current.problem}</p>}
        {check !== null && (
          <p>
            <Mark tone={check.ok ? "good" : "bad"}>
              {check.ok ? "This policy is good" : plural(check.errors.length, "error")}
            </Mark>
          </p>
        )}
      </div>
      {check !== null && check.errors.length > 0 && (
        <Errors
          errors={check.errors}
          go={(error) => {
            const at = offsetOf(text, error.line ?? 1, error.column ?? 1);
            area.current?.focus();
            area.current?.setSelectionRange(at, at);
          }}
        />
      )}
      {check?.effective != null && check.ok && (
        <>
          <h3>What would change</h3>
          <Effects before={props.effective} after={check.effective} />
        </>
      )}
    </section>
  );
}

export function PolicyPage(): JSX.Element {
  const { data, problem, again } = useLoad("/policy", decodePolicy);
  if (data === null) return <p class="note">{problem ?? "Loading."}</p>;
  /* The main file comes first; those of policy.d follow it. */
  const file = data.files[0];
  return (
    <div class="panels">
      {problem !== null && <p class="problem">{problem}</p>}
      {file !== undefined && (
        <Try key={file.text} text={file.text} name={data.path || file.name} effective={data.effective} />
      )}
      <section aria-labelledby="effective" class="wide">
        <h2 id="effective">In force</h2>
        <div class="bar">
          <button type="button" class="small" onClick={again}>
            Refresh
          </button>
          <button type="button" class="small" onClick={askReload}>
            Reload the files
          </button>
          <span class="note">Each value with the place that it is from.</span>
        </div>
        <div class="scroll" tabIndex={0} role="region" aria-label="Policy in force">
          <pre>{data.effective}</pre>
        </div>
      </section>
    </div>
  );
}
