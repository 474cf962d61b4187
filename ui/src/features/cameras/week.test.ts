import { describe, expect, it } from "vitest";
import { armedMinutes, PRESETS, stretches } from "./week";

describe("a weekly plan", () => {
  it("goes on after midnight, from Sunday into Monday", () => {
    expect(stretches([{ days: ["sun"], start: "22:30", end: "06:00" }])).toEqual([
      { day: 6, from: 1350, to: 1440 },
      { day: 0, from: 0, to: 360 },
    ]);
  });

  it("is whole where it ends when it begins, and ends at midnight where it says so", () => {
    expect(stretches([{ days: ["mon"], start: "00:00", end: "24:00" }])).toEqual([{ day: 0, from: 0, to: 1440 }]);
    expect(stretches([{ days: ["mon"], start: "12:00", end: "12:00" }])).toEqual([
      { day: 0, from: 720, to: 1440 },
      { day: 1, from: 0, to: 720 },
    ]);
  });

  it("counts what two spans share once", () => {
    expect(armedMinutes(PRESETS.nights)).toBe(7 * 8 * 60);
    expect(armedMinutes([...PRESETS.weekends, ...PRESETS.weekends])).toBe(2 * 1440);
    expect(armedMinutes(PRESETS.closed)).toBe(5 * 14 * 60 + 2 * 1440);
  });
});
