// Decisions, newest first: what was done or proposed, why, what was expected, what came of it.
import type { JSX } from "preact";
import { askApprove, askUndo, canApprove, inForce } from "../actions";
import type { Decision } from "../api";
import { clock, controlText, fieldName, percent, seconds } from "../format";
import { link } from "../route";
import { decisionTone, Mark } from "./mark";

const DONE = ["planned", "applied", "effective"];

function Effect(props: { decision: Decision }): JSX.Element | null {
  const { expected, within, effect, effectAfter, state } = props.decision;
  if (expected === null && effect === null) return null;
  return (
    <p class="effect">
      {expected !== null && (
        <span>
          expected: ready below {percent(expected)} within {seconds(within)}
        </span>
      )}
      {DONE.includes(state) && (
        <span>
          actual:{" "}
          {effect === null ? "not measured yet" : `${percent(effect)} after ${seconds(effectAfter)}`}
        </span>
      )}
    </p>
  );
}

export function DecisionItem(props: { decision: Decision; undoable: boolean }): JSX.Element {
  const { decision } = props;
  return (
    <li>
      <p class="line">
        <time dateTime={decision.time === null ? "" : new Date(decision.time).toISOString()}>
          {clock(decision.time)}
        </time>
        <Mark tone={decisionTone(decision.state)}>{decision.state}</Mark>
        {decision.uuid === "" || decision.target === "host" ? (
          <b>{decision.target}</b>
        ) : (
          <a href={link("guest", decision.target)}>{decision.target}</a>
        )}
        <span class="change">
          {fieldName(decision.field)}: {controlText(decision.field, decision.from)} →{" "}
          {controlText(decision.field, decision.to)}
        </span>
        <span class="id">#{decision.id}</span>
        {canApprove(decision) && (
          <button type="button" class="small main" onClick={() => askApprove(decision)}>
            Approve<span class="hidden"> decision {decision.id}</span>
          </button>
        )}
        {props.undoable && (
          <button type="button" class="small" onClick={() => askUndo(decision)}>
            Undo<span class="hidden"> decision {decision.id}</span>
          </button>
        )}
      </p>
      <p class="sentence">{decision.sentence}</p>
      <Effect decision={decision} />
    </li>
  );
}

/** `all`: every decision known, by which one tells whether it is still in force. */
export function Decisions(props: { shown: Decision[]; all: Decision[] }): JSX.Element {
  return (
    <ol class="decisions">
      {props.shown.map((decision) => (
        <DecisionItem key={decision.id} decision={decision} undoable={inForce(decision, props.all)} />
      ))}
    </ol>
  );
}

/** What was loaded, with what came since; newest first. */
export function merged(loaded: Decision[], since: Iterable<Decision>): Decision[] {
  const by = new Map(loaded.map((decision) => [decision.id, decision]));
  for (const decision of since) by.set(decision.id, decision);
  return [...by.values()].sort((a, b) => b.id - a.id);
}
