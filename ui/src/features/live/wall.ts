import { useState } from "react";
import { read, write } from "@/preferences";

export const SIZES = [1, 4, 9, 16] as const;
export type Size = (typeof SIZES)[number];

type Kept = { size: Size | 0; order: string[]; heat: boolean; zones: boolean; scores: boolean };

const key = (person: string) => `haetae.wall.${person}`;

/** How one person arranged the wall on this machine. */
export function useWall(person: string) {
  const [kept, setKept] = useState(() => read<Kept>(key(person), { size: 0, order: [], heat: false, zones: false, scores: true }));
  const change = (next: Partial<Kept>) =>
    setKept((before) => {
      const after = { ...before, ...next };
      write(key(person), after);
      return after;
    });
  return [kept, change] as const;
}

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
