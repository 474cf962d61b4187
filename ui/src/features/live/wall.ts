import { useState } from "react";
import { read, write } from "@/preferences";
import type { Size } from "./arrange";

type Kept = { size: Size | 0; order: string[]; heat: boolean; zones: boolean; scores: boolean; spotlight: boolean };

const key = (person: string) => `haetae.wall.${person}`;

/** How one person arranged the wall on this machine. */
export function useWall(person: string) {
  const [kept, setKept] = useState(() =>
    read<Kept>(key(person), { size: 0, order: [], heat: false, zones: false, scores: true, spotlight: false }),
  );
  const change = (next: Partial<Kept>) =>
    setKept((before) => {
      const after = { ...before, ...next };
      write(key(person), after);
      return after;
    });
  return [kept, change] as const;
}
