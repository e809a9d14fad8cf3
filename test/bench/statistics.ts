/** Medians of what was measured, and ratios to the floor with their spread. */

/** A middle and half the distance between the least and the greatest. */
export interface Figure {
  readonly median: number;
  readonly spread: number;
}

/** Sums up what the rounds gave; `undefined` where none gave anything. */
export function figure(values: readonly number[]): Figure | undefined {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const [least, greatest] = [sorted[0], sorted.at(-1)];
  if (least === undefined || greatest === undefined) return undefined;
  return { median: median(sorted), spread: (greatest - least) / 2 };
}

/**
 * Combines each round's value with the same round's reference: neighbours in time share the machine's noise, so the
 * median of such ratios holds still where the values do not. Rounds in which either is missing are left out.
 */
export function against(
  values: readonly (number | undefined)[],
  references: readonly (number | undefined)[],
  combine: (value: number, reference: number) => number,
): Figure | undefined {
  const pairs = values.flatMap((value, round) => {
    const reference = references[round];
    return value === undefined || reference === undefined ? [] : [combine(value, reference)];
  });
  return figure(pairs);
}

export function ratio(value: number, reference: number): number {
  return value / reference;
}

export function difference(value: number, reference: number): number {
  return value - reference;
}

function median(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
