import { describe, expect, it } from "vitest";
import { beginningInClip, curvePoints } from "./curve";

const curve = { t_s: [-2, -1, 0, 1, 2, 3], score: [0.1, 0.1, 0.6, 1.2, 0.5, 0.1] };

describe("the score of an event over its clip", () => {
  it("ends where the clip ends", () => {
    expect(beginningInClip(curve, 10)).toBe(7);
    expect(beginningInClip(curve, 2)).toBe(0);
  });

  it("is not placed where nothing is known", () => {
    expect(beginningInClip(null, 10)).toBeNull();
    expect(beginningInClip({ t_s: [], score: [] }, 10)).toBeNull();
    expect(beginningInClip(curve, 0)).toBeNull();
  });

  it("is drawn within its box", () => {
    expect(curvePoints(curve, 1, 4)).toBe("0.0,90.0 250.0,40.0 500.0,0.0 750.0,50.0 1000.0,90.0");
  });
});
