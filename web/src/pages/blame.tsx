// The blame matrix: who waited for a CPU, and who ran meanwhile, in the last minute.
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { decodeBlame, type Blame } from "../api";
import { culpritName, matrixOf } from "../blame";
import { plural, seconds } from "../format";
import { useLive } from "../live";
import { useLoad } from "../load";
import { Mark } from "../parts/mark";
import { link } from "../route";

const ROWS = 30;
const COLUMNS = 12;

function MatrixTable(props: { items: Blame[]; suffering: Set<string> }): JSX.Element {
  const matrix = useMemo(() => matrixOf(props.items, ROWS, COLUMNS), [props.items]);
  if (matrix.victims.length === 0)
    return <p class="note">No wait of the last minute to show.</p>;
  return (
    <>
      <p class="note">
        Rows waited for a CPU, columns ran meanwhile: time of the last minute, all threads together.
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Blame matrix">
        <table class="matrix">
          <thead>
            <tr>
              <th scope="col">Waited</th>
              <th scope="col" class="number">All</th>
              {matrix.culprits.map(({ key, culprit }) => (
                <th key={key} scope="col" class="number" title={culpritName(culprit)}>
                  {culprit.kind === "vm" && !culprit.self && culprit.name !== "" ? (
                    <a href={link("guest", culprit.name)}>{culprit.name}</a>
                  ) : (
                    culpritName(culprit)
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {matrix.victims.map((victim) => (
              <tr key={victim.uuid}>
                <th scope="row">
                  <a href={link("guest", victim.name)}>{victim.name}</a>
                  {props.suffering.has(victim.uuid) && (
                    <>
                      {" "}
                      <Mark tone="bad">suffers</Mark>
                    </>
                  )}
                </th>
                <td class="number">{seconds(victim.waited)}</td>
                {matrix.culprits.map(({ key }) => {
                  const value = matrix.cells.get(victim.uuid)?.get(key);
                  const heat = value === undefined ? 0 : Math.ceil((5 * value) / matrix.most);
                  return (
                    <td key={key} class={`number heat-${heat}`}>
                      {value === undefined ? "" : seconds(value)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {(matrix.leftOut.victims > 0 || matrix.leftOut.culprits > 0) && (
        <p class="note">
          The largest are shown; left out: {plural(matrix.leftOut.victims, "guest")} that waited less,{" "}
          {plural(matrix.leftOut.culprits, "other")} that ran.
        </p>
      )}
    </>
  );
}

export function BlamePage(): JSX.Element {
  const live = useLive();
  const [filter, setFilter] = useState("");
  const { data, problem } = useLoad("/blame", decodeBlame, 5000);
  const suffering = useMemo(
    () =>
      new Set(
        (live.figures?.guests ?? [])
          .filter((guest) => guest.suffers === true)
          .map((guest) => guest.uuid),
      ),
    [live.figures],
  );
  const items = useMemo(() => {
    const wanted = filter.trim().toLowerCase();
    return (data?.items ?? []).filter((item) => item.name.toLowerCase().includes(wanted));
  }, [data, filter]);
  return (
    <>
      <div class="bar">
        <label>
          <span class="hidden">Who waited</span>
          <input
            type="search"
            placeholder="Who waited"
            data-filter
            value={filter}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        </label>
      </div>
      {problem !== null && <p class="problem">{problem}</p>}
      {data !== null && data.lacking !== null && (
        <p class="notice">
          <Mark tone="unknown">Who ran while guests waited is not measured: {data.lacking}</Mark>
        </p>
      )}
      {data !== null && <MatrixTable items={items} suffering={suffering} />}
    </>
  );
}
