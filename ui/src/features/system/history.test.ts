import { describe, expect, it, vi } from "vitest";

vi.mock("@/api/session", () => ({ onSession: () => () => undefined, getSession: () => ({ state: "in" }) }));
const { rates } = await import("./history");

describe("rates of counters", () => {
  const point = (at: number, scored: number) => ({ at, memory: 1, threads: 1, scored, dropped: 0, waiting: 0, accepted: 0 });

  it("are differences by time, and never negative", () => {
    expect(rates([point(0, 0), point(10, 50), point(20, 50), point(30, 20)], "scored")).toEqual([5, 0, 0]);
  });

  it("need two points", () => {
    expect(rates([point(0, 7)], "scored")).toEqual([]);
  });
});
