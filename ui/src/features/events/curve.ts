import type { Schemas } from "@/api/client";

export type Curve = Schemas["ScoreCurveRead"];

/**
 * Where the event's beginning lies in its clip, in seconds.
 *
 * Clips begin at a keyframe, so nobody knows beforehand how long they are before the event; but clip and curve end together.
 */
export const beginningInClip = (curve: Curve | null, clipSeconds: number): number | null => {
  const last = curve?.t_s.at(-1);
  return last === undefined || clipSeconds <= 0 ? null : Math.max(0, clipSeconds - last);
};

/** The curve as the points of an SVG polyline in a box of 1000 x 100; times outside of the clip are left out. */
export function curvePoints(curve: Curve, beginning: number, clipSeconds: number): string {
  const points: string[] = [];
  for (let index = 0; index < curve.t_s.length; index += 1) {
    const at = (curve.t_s[index] ?? 0) + beginning;
    if (at < 0 || at > clipSeconds) continue;
    const value = Math.min(1, Math.max(0, curve.score[index] ?? 0));
    points.push(`${((1000 * at) / clipSeconds).toFixed(1)},${(100 * (1 - value)).toFixed(1)}`);
  }
  return points.join(" ");
}
