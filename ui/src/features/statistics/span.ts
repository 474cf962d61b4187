/** From when to when, in milliseconds since 1970. */
export interface Span {
  from: number;
  to: number;
}

export const DAY_MS = 86_400_000;
const LEAST_MS = 10 * 60_000;

export const lastDay = (now: number): Span => ({ from: now - DAY_MS, to: now });

/** Part of a span, by two shares of it in any order; never less than ten minutes, and never beyond it. */
export function part(span: Span, one: number, other: number): Span {
  const length = span.to - span.from;
  const [first, last] = [Math.min(one, other), Math.max(one, other)].map(
    (share) => span.from + Math.min(1, Math.max(0, share)) * length,
  ) as [number, number];
  const missing = Math.max(0, Math.min(LEAST_MS, length) - (last - first));
  const from = Math.min(Math.max(span.from, first - missing / 2), span.to - (last - first + missing));
  return { from, to: from + last - first + missing };
}

/** Where a moment lies in a span, in percent. */
export const placed = (span: Span, moment: number): number =>
  Math.min(100, Math.max(0, (100 * (moment - span.from)) / (span.to - span.from)));

export const overlaps = (span: Span, from: number, to: number): boolean => to >= span.from && from <= span.to;
