import { useEffect, useSyncExternalStore } from "react";
import type { Schemas } from "@/api/client";
import { getSession, onSession } from "@/api/session";

type System = Schemas["SystemRead"];
export type Point = { at: number; memory: number; threads: number; scored: number; dropped: number; waiting: number; accepted: number };

const MOST = 720;
let points: readonly Point[] = [];
const listeners = new Set<() => void>();

// What one admin saw is not for whoever comes next.
onSession(() => {
  if (getSession().state === "out") become([]);
});

function become(next: readonly Point[]) {
  points = next;
  for (const listener of listeners) listener();
}

const pointOf = (system: System): Point => {
  const sum = (of: (model: System["models"][number]) => number) => system.models.reduce((total, model) => total + of(model), 0);
  return {
    at: Date.parse(system.now) / 1000,
    memory: system.rss_mb,
    threads: system.threads,
    scored: sum((model) => model.scored),
    dropped: sum((model) => Object.values(model.dropped).reduce((total, count) => total + count, 0)),
    waiting: sum((model) => model.waiting),
    accepted: system.log.accepted,
  };
};

/** What the site said of itself since the console was opened here, oldest first; a restart of the site begins anew. */
export function useHistory(system: System | undefined): readonly Point[] {
  useEffect(() => {
    if (!system) return;
    const last = points.at(-1);
    const next = pointOf(system);
    if (last && next.at <= last.at) return;
    become(last && next.scored < last.scored ? [next] : [...points, next].slice(-MOST));
  }, [system]);
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => points,
  );
}

/** By how much a counter grew each second, between every two points; one value fewer than points, and none before there are two. */
export function rates(of: readonly Point[], counter: "scored" | "dropped" | "accepted"): number[] {
  return of.slice(1).map((point, index) => {
    const before = of[index];
    return before ? Math.max(0, point[counter] - before[counter]) / Math.max(1, point.at - before.at) : 0;
  });
}
