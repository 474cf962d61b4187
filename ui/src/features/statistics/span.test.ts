import { describe, expect, it } from "vitest";
import { lastDay, overlaps, part, placed } from "./span";

const day = lastDay(86_400_000);

describe("a part of the day", () => {
  it("is what was drawn over, in either direction", () => {
    expect(part(day, 0.5, 0.25)).toEqual({ from: 21_600_000, to: 43_200_000 });
    expect(part(part(day, 0.25, 0.5), 0.5, 1)).toEqual({ from: 32_400_000, to: 43_200_000 });
  });

  it("is ten minutes long at least, and stays inside", () => {
    expect(part(day, 0.5, 0.5)).toEqual({ from: 42_900_000, to: 43_500_000 });
    expect(part(day, 1, 1.4)).toEqual({ from: 85_800_000, to: 86_400_000 });
    expect(part(day, 0, -1)).toEqual({ from: 0, to: 600_000 });
    expect(part({ from: 0, to: 60_000 }, 0.2, 0.4)).toEqual({ from: 0, to: 60_000 });
  });

  it("places what happened in it", () => {
    expect([placed(day, 43_200_000), placed(day, -5), placed(day, 1e12)]).toEqual([50, 0, 100]);
    expect([overlaps(day, -10, -1), overlaps(day, -10, 5), overlaps(day, 86_400_001, 1e9)]).toEqual([false, true, false]);
  });
});
