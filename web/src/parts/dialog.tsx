// Every action asks first: what changes, from what to what, and why. One dialog for all of them, and
// one line that tells what came of it.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export interface Change {
  what: string;
  from: string;
  to: string;
}

export interface Question {
  title: string;
  changes: Change[];
  reason: string;
  /** A choice to be made in the dialog; the question is then made anew for each. */
  choice?: { label: string; options: string[]; value: string; chosen: (value: string) => Question };
  confirm: string;
  /** Nothing to be done as it stands, such as a class that the guest has already. */
  idle?: boolean;
  /** Does it; what it returns is told. */
  run: () => Promise<string>;
}

let asked: ((question: Question) => void) | null = null;
let told: ((text: string, failed: boolean) => void) | null = null;

export function ask(question: Question): void {
  asked?.(question);
}

export function tell(message: string, failed = false): void {
  told?.(message, failed);
}

function Changes(props: { changes: Change[] }): JSX.Element {
  return (
    <table class="changes">
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">From</th>
          <th scope="col">To</th>
        </tr>
      </thead>
      <tbody>
        {props.changes.map((change) => (
          <tr key={change.what}>
            <th scope="row">{change.what}</th>
            <td>{change.from}</td>
            <td>
              <span aria-hidden="true">→ </span>
              {change.to}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Dialogs(): JSX.Element {
  const [question, setQuestion] = useState<Question | null>(null);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const [notice, setNotice] = useState<{ text: string; failed: boolean } | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    asked = (next) => {
      setProblem("");
      setQuestion(next);
    };
    told = (text, failed) => setNotice({ text, failed });
    return () => {
      asked = told = null;
    };
  }, []);
  const open = question !== null;
  useEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  useEffect(() => {
    if (notice === null || notice.failed) return;
    const timer = window.setTimeout(() => setNotice(null), 8000);
    return () => window.clearTimeout(timer);
  }, [notice]);

  async function confirm(event: Event): Promise<void> {
    event.preventDefault();
    if (question === null || busy || question.idle) return;
    setBusy(true);
    try {
      const message = await question.run();
      dialog.current?.close();
      tell(message);
    } catch (error) {
      setProblem((error as Error).message);
    }
    setBusy(false);
  }

  return (
    <>
      <div class="toast" role="status">
        {notice !== null && (
          <p class={notice.failed ? "failed" : ""}>
            {notice.text}{" "}
            <button type="button" class="plain" onClick={() => setNotice(null)}>
              Close
            </button>
          </p>
        )}
      </div>
      {question !== null && (
        <dialog ref={dialog} aria-labelledby="asked" onClose={() => setQuestion(null)}>
          <form onSubmit={(event) => void confirm(event)}>
            <h2 id="asked">{question.title}</h2>
            {question.choice !== undefined && (
              <label class="field">
                {question.choice.label}{" "}
                <select
                  value={question.choice.value}
                  onChange={(event) =>
                    setQuestion(question.choice?.chosen(event.currentTarget.value) ?? question)
                  }
                >
                  {question.choice.options.map((option) => (
                    <option key={option} value={option}>
                      {option}
                    </option>
                  ))}
                </select>
              </label>
            )}
            <Changes changes={question.changes} />
            {question.reason !== "" && <p class="reason">{question.reason}</p>}
            {problem !== "" && (
              <p class="problem" role="alert">
                {problem}
              </p>
            )}
            <div class="buttons">
              <button type="button" onClick={() => dialog.current?.close()}>
                Cancel
              </button>
              <button type="submit" class="main" disabled={busy || question.idle === true}>
                {question.confirm}
              </button>
            </div>
          </form>
        </dialog>
      )}
    </>
  );
}
