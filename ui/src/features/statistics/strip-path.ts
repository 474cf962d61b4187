/** Steps of a strip: about as many as it has pixels. A day has steps of five minutes then. */
const STEPS = 288;

/** The outline of the greatest score of each few minutes, in [0, 1], from the bottom up; it is open where nothing is known. */
export function stripPath(peaks: readonly (number | null)[], height: number): { d: string; width: number } {
  const steps: (number | null)[] = [];
  const together = Math.max(1, Math.ceil(peaks.length / STEPS));
  for (let first = 0; first < peaks.length; first += together) {
    const known = peaks.slice(first, first + together).filter((peak) => peak !== null);
    steps.push(known.length > 0 ? Math.max(...known) : null);
  }
  // A calm minute is a line still, so that it is told from one of which nothing is known.
  const top = (peak: number) => height * (1 - Math.max(0.06, peak));
  const drawn = steps.map((peak, at) => (peak === null ? "" : `M${at} ${height}V${top(peak).toFixed(1)}h1V${height}z`));
  return { d: drawn.join(""), width: steps.length };
}
