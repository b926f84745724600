// The difference of two texts by lines, with the lines around it that say what it is in.

export interface DifferentLine {
  kind: "gone" | "new" | "same";
  line: string;
}

/* Where a value is from is no part of what it is. */
function bare(line: string): string {
  return line.replace(/ {2}#.*$/, "");
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** The longest common subsequence, by dynamic programming: policies have some hundred lines. */
function walk(a: string[], b: string[]): DifferentLine[] {
  const width = b.length + 1;
  const best = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => best[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      best[i * width + j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: DifferentLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const gone = a[i];
    const fresh = b[j];
    if (gone !== undefined && gone === fresh) {
      lines.push({ kind: "same", line: gone });
      i++;
      j++;
    } else if (gone !== undefined && (fresh === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: "gone", line: gone });
      i++;
    } else {
      lines.push({ kind: "new", line: fresh ?? "" });
      j++;
    }
  }
  return lines;
}

/** Changed lines, each below the headings that it belongs to. Empty when nothing changes. */
export function changesOf(before: string, after: string): DifferentLine[] {
  const lines = walk(
    before.trimEnd().split("\n").map(bare),
    after.trimEnd().split("\n").map(bare),
  );
  const shown: DifferentLine[] = [];
  let headings: { line: DifferentLine; shown: boolean }[] = [];
  for (const line of lines) {
    const depth = indentOf(line.line);
    headings = headings.filter((heading) => indentOf(heading.line.line) < depth);
    if (line.kind !== "same") {
      for (const heading of headings) {
        if (!heading.shown) shown.push(heading.line);
        heading.shown = true;
      }
      shown.push(line);
    }
    headings.push({ line, shown: line.kind !== "same" });
  }
  return shown;
}
