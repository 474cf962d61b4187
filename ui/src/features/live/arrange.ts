export const SIZES = [1, 4, 9, 16] as const;
export type Size = (typeof SIZES)[number];

/** The smallest wall that shows them all. */
export const fitting = (count: number): Size => SIZES.find((size) => size >= count) ?? 16;

/** In the order that was chosen; cameras that it does not know come last, as they are. */
export function ordered<T extends { id: string }>(cameras: readonly T[], order: readonly string[]): T[] {
  const place = new Map(order.map((id, index) => [id, index]));
  return cameras
    .map((camera, index) => ({ camera, index, place: place.get(camera.id) ?? Number.POSITIVE_INFINITY }))
    .sort((one, two) => (one.place === two.place ? one.index - two.index : one.place - two.place))
    .map(({ camera }) => camera);
}

/** The order with one camera put into the place of another. */
export function moved(ids: readonly string[], from: string, to: string): string[] {
  const target = ids.indexOf(to);
  if (target < 0 || from === to) return [...ids];
  const rest = ids.filter((id) => id !== from);
  rest.splice(target, 0, from);
  return rest;
}

type Incident = { kind: string; severity: "low" | "medium" | "high" | "critical"; timestamp: string };
const RANK = { low: 0, medium: 1, high: 2, critical: 3 } as const;

/** The tile that is to be largest while something goes on there: of the most severe the newest; null where nothing does. */
export function spotlit(ids: readonly string[], events: ReadonlyMap<string, Incident>): string | null {
  let best: { id: string; incident: Incident } | null = null;
  for (const id of ids) {
    const incident = events.get(id);
    if (!incident || incident.kind === "system") continue;
    const by = best ? RANK[incident.severity] - RANK[best.incident.severity] : 1;
    if (by > 0 || (by === 0 && best && incident.timestamp > best.incident.timestamp)) best = { id, incident };
  }
  return best?.id ?? null;
}

/** The number of columns with which so many pictures of 16:9 are largest in this room. */
export function columnsFor(count: number, { width, height }: { width: number; height: number }): number {
  let best = 1;
  let largest = 0;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const shown = Math.min(width / columns, ((height / rows) * 16) / 9);
    if (shown >= largest * 0.999) {
      largest = shown;
      best = columns;
    }
  }
  return best;
}
