import type { Target } from '#contracts/cad-targets.ts';
import { labelRoles } from '../dictionary.ts';

/** A head without one of these is a table of units, notes or people, not of the call. */
const CALL = new Set<Target>(['address', 'nature']);

/**
 * A table whose first row names its columns, as `Label: value` lines: the labels and the values then
 * stand together as everywhere else. Cells are parted by tabs.
 */
export function zipColumns(lines: readonly string[]): string[] {
  const zipped: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const head = cellsOf(line);
    const next = nextRow(lines, at + 1);
    const cells = cellsOf(lines[next] ?? '');
    if (isHead(head) && cells.length === head.length) {
      zipped.push(...head.map((label, column) => `${label}: ${cells[column] ?? ''}`));
      at = next;
    } else zipped.push(line);
  }
  return zipped;
}

function cellsOf(line: string): string[] {
  return line.split('\t').map((cell) => cell.trim());
}

/** The next line that is not blank, among the next few. */
function nextRow(lines: readonly string[], from: number): number {
  let at = from;
  while (at < from + 4 && (lines[at] ?? '').trim() === '') at += 1;
  return at;
}

function isHead(cells: readonly string[]): boolean {
  if (cells.length < 3 || cells.some((cell) => cell === '' || /[:\d]/.test(cell))) return false;
  const roles = cells.map((cell) => labelRoles(cell)?.[0]);
  const known = roles.filter((role) => role !== undefined);
  return known.length * 2 > cells.length && known.some((role) => CALL.has(role));
}
