export type Corner = readonly [number, number];
export type Polygon = readonly Corner[];

const clamp = (value: number) => Math.min(1, Math.max(0, value));

/** A place in the picture, four digits of it, never outside. */
export const corner = (x: number, y: number): Corner => [Number(clamp(x).toFixed(4)), Number(clamp(y).toFixed(4))];

export const withCorner = (polygon: Polygon, index: number, next: Corner): Polygon =>
  polygon.map((each, place) => (place === index ? next : each));

export const withoutCorner = (polygon: Polygon, index: number): Polygon =>
  polygon.length > 3 ? polygon.filter((_, place) => place !== index) : polygon;

/** A corner more in the middle of the edge after `index`. */
export function splitEdge(polygon: Polygon, index: number): Polygon {
  const from = polygon[index];
  const to = polygon[(index + 1) % polygon.length];
  if (!from || !to) return polygon;
  return [...polygon.slice(0, index + 1), corner((from[0] + to[0]) / 2, (from[1] + to[1]) / 2), ...polygon.slice(index + 1)];
}

/** The whole polygon moved, as far as it stays in the picture. */
export function shifted(polygon: Polygon, dx: number, dy: number): Polygon {
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  const x = Math.min(1 - Math.max(...xs), Math.max(-Math.min(...xs), dx));
  const y = Math.min(1 - Math.max(...ys), Math.max(-Math.min(...ys), dy));
  return polygon.map((each) => corner(each[0] + x, each[1] + y));
}

/** Twice the area, whichever way round. */
const area = (polygon: Polygon) =>
  Math.abs(
    polygon.reduce((sum, [x, y], index) => {
      const [nextX, nextY] = polygon[(index + 1) % polygon.length] ?? [0, 0];
      return sum + x * nextY - nextX * y;
    }, 0),
  );

/** Whether it is a zone at all, and not a line or a point. */
export const isZone = (polygon: Polygon): boolean => polygon.length >= 3 && area(polygon) > 0.0004;
