// A table of any length: only the rows in sight are in the page, so that a thousand guests cost as
// much as fifty, and each row is a box of its own, so that the browser need not lay out the others when
// it comes or goes (a table element would have it do so). Sorts by any column; the arrow keys, Page, Home and End walk its rows.
import { Component, type ComponentChildren, type JSX } from "preact";
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

export interface Column<T> {
  key: string;
  head: string;
  /** What it means, for the head's tooltip and the reader of screens. */
  help: string;
  text?: boolean;
  /** What it sorts by; null is unknown and stands last either way. */
  value: (row: T) => number | string | null;
  cell: (row: T) => ComponentChildren;
}

export interface Sort {
  key: string;
  down: boolean;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  tie: (row: T) => number | null;
  sort: Sort;
  onSort: (sort: Sort) => void;
  onOpen: (row: T) => void;
}

const ROW = 28;
const BEYOND = 4;

function compare(a: number | string | null, b: number | string | null, down: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order =
    typeof a === "number" && typeof b === "number"
      ? a - b
      : String(a) < String(b)
        ? -1
        : String(a) > String(b)
          ? 1
          : 0;
  return down ? -order : order;
}

/** Of rows that are alike the one with more of `tie` stands first, then by their keys, so that rows do
 * not jump while nothing changes. */
export function sorted<T>(
  rows: T[],
  column: Column<T> | undefined,
  down: boolean,
  tie: (row: T) => number | null,
  rowKey: (row: T) => string,
): T[] {
  if (column === undefined) return rows;
  const keyed = rows.map((row) => ({
    row,
    value: column.value(row),
    tie: tie(row),
    key: rowKey(row),
  }));
  keyed.sort(
    (a, b) =>
      compare(a.value, b.value, down) || compare(a.tie, b.tie, true) || (a.key < b.key ? -1 : 1),
  );
  return keyed.map((item) => item.row);
}

/* The style sheet has the width of each. */
function cellClass<T>(column: Column<T>): string {
  return `cell cell-${column.key}${column.text ? " text" : ""}`;
}

function Head<T>(props: {
  column: Column<T>;
  sort: Sort;
  onSort: (sort: Sort) => void;
}): JSX.Element {
  const { column, sort } = props;
  const active = sort.key === column.key;
  return (
    <div
      role="columnheader"
      class={cellClass(column)}
      aria-sort={active ? (sort.down ? "descending" : "ascending") : "none"}
    >
      <button
        type="button"
        title={column.help}
        onClick={() =>
          props.onSort({ key: column.key, down: active ? !sort.down : column.text !== true })
        }
      >
        {column.head}
        <span aria-hidden="true">{active ? (sort.down ? " ▼" : " ▲") : ""}</span>
      </button>
    </div>
  );
}

interface RowProps<T> {
  row: T;
  index: number;
  columns: Column<T>[];
  marked: boolean;
  onFocus: (key: string) => void;
  rowKey: (row: T) => string;
}

/** Scrolling brings few new rows; the others need not be looked at again. */
class Row<T> extends Component<RowProps<T>> {
  override shouldComponentUpdate(next: RowProps<T>): boolean {
    const { row, index, marked, columns } = this.props;
    return (
      next.row !== row || next.index !== index || next.marked !== marked || next.columns !== columns
    );
  }

  override render(): JSX.Element {
    const { row, index, columns, marked, onFocus, rowKey } = this.props;
    return (
      <div
        role="row"
        class="row"
        aria-rowindex={index + 2}
        tabIndex={-1}
        data-cursor={marked ? "" : undefined}
        style={{ transform: `translateY(${index * ROW}px)` }}
        onFocusIn={() => onFocus(rowKey(row))}
      >
        {columns.map((column) => (
          <div role="cell" key={column.key} class={cellClass(column)}>
            {column.cell(row)}
          </div>
        ))}
      </div>
    );
  }
}

export function Grid<T>(props: Props<T>): JSX.Element {
  const { columns, rowKey, sort } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const [cursor, showCursor] = useState<string | null>(null);
  /* Keys may come faster than the page is drawn. */
  const at = useRef<string | null>(null);
  const wantsFocus = useRef(false);
  const column = columns.find((one) => one.key === sort.key);
  const rows = useMemo(
    () => sorted(props.rows, column, sort.down, props.tie, rowKey),
    [props.rows, column, sort.down],
  );
  const first = Math.max(0, Math.min(top - BEYOND, rows.length - 1));
  const last = Math.min(rows.length, top + Math.ceil(height / ROW) + BEYOND);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  /* At once, and not after painting: a key may come between. */
  useLayoutEffect(() => {
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    scroller.current?.querySelector<HTMLElement>("[data-cursor]")?.focus({ preventScroll: true });
  });

  const setCursor = useCallback((key: string) => {
    at.current = key;
    showCursor(key);
  }, []);

  function move(to: number): void {
    const element = scroller.current;
    const index = Math.max(0, Math.min(rows.length - 1, to));
    const row = rows[index];
    if (element === null || row === undefined) return;
    const room = element.clientHeight - 2 * ROW;
    if (index * ROW < element.scrollTop) element.scrollTop = index * ROW;
    else if (index * ROW > element.scrollTop + room) element.scrollTop = index * ROW - room;
    setTop(Math.floor(element.scrollTop / ROW));
    setCursor(rowKey(row));
    wantsFocus.current = true;
  }

  function onKey(event: KeyboardEvent): void {
    const index = rows.findIndex((row) => rowKey(row) === at.current);
    const page = Math.max(1, Math.floor(height / ROW) - 2);
    const steps: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: Math.max(0, index - 1),
      PageDown: index + page,
      PageUp: index - page,
      Home: 0,
      End: rows.length - 1,
    };
    const to = steps[event.key];
    if (event.target instanceof HTMLButtonElement || event.ctrlKey || event.altKey) return;
    if (to !== undefined) {
      event.preventDefault();
      move(to);
    } else if (event.key === "Enter" && index >= 0 && !(event.target instanceof HTMLAnchorElement)) {
      const row = rows[index];
      if (row !== undefined) props.onOpen(row);
    }
  }

  return (
    <div
      class="grid"
      ref={scroller}
      tabIndex={0}
      role="region"
      aria-label={props.label}
      onKeyDown={onKey}
      onScroll={(event) => setTop(Math.floor(event.currentTarget.scrollTop / ROW))}
    >
      <div
        role="table"
        class="table"
        aria-label={props.label}
        aria-rowcount={rows.length + 1}
      >
        <div role="rowgroup" class="head">
          <div role="row" class="line-up" aria-rowindex={1}>
            {columns.map((one) => (
              <Head key={one.key} column={one} sort={sort} onSort={props.onSort} />
            ))}
          </div>
        </div>
        <div role="rowgroup" class="body" style={{ height: `${rows.length * ROW}px` }}>
          {rows.slice(first, last).map((row, i) => {
            const key = rowKey(row);
            return (
              <Row
                key={key}
                row={row}
                index={first + i}
                columns={columns}
                marked={key === cursor}
                onFocus={setCursor}
                rowKey={rowKey}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}
