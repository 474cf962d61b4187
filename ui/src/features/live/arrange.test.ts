import { describe, expect, it } from "vitest";
import { columnsFor, fitting, moved, ordered, spotlit } from "./arrange";

describe("the wall", () => {
  it("fills a wide room as a grid, and a tall one as a column", () => {
    const wide = { width: 1600, height: 900 };
    expect([1, 2, 4, 5, 9, 16].map((count) => columnsFor(count, wide))).toEqual([1, 2, 2, 3, 3, 4]);
    expect(columnsFor(4, { width: 400, height: 1200 })).toBe(1);
  });

  it("is as large as it has to be", () => {
    expect([0, 1, 2, 4, 5, 16, 40].map(fitting)).toEqual([1, 1, 4, 4, 9, 16, 16]);
  });

  it("keeps the chosen order, with what it does not know at the end", () => {
    const cameras = ["a", "b", "c", "d"].map((id) => ({ id }));
    expect(ordered(cameras, ["c", "gone", "a"]).map(({ id }) => id)).toEqual(["c", "a", "b", "d"]);
    expect(ordered(cameras, []).map(({ id }) => id)).toEqual(["a", "b", "c", "d"]);
  });

  it("puts a camera into the place of another", () => {
    expect(moved(["a", "b", "c"], "a", "c")).toEqual(["b", "c", "a"]);
    expect(moved(["a", "b", "c"], "c", "a")).toEqual(["c", "a", "b"]);
    expect(moved(["a", "b"], "a", "nowhere")).toEqual(["a", "b"]);
  });

  it("gives the largest place to the newest of the most severe, and takes it back", () => {
    const event = (severity: "medium" | "high", timestamp: string, kind = "anomaly") => ({ kind, severity, timestamp });
    const events = new Map([
      ["a", event("medium", "2026-01-01T00:09:00Z")],
      ["b", event("high", "2026-01-01T00:01:00Z")],
      ["c", event("high", "2026-01-01T00:02:00Z")],
      ["d", event("high", "2026-01-01T00:05:00Z", "system")],
    ]);
    expect(spotlit(["a", "b", "c", "d"], events)).toBe("c");
    expect(spotlit(["a", "d"], events)).toBe("a");
    expect(spotlit(["d", "e"], events)).toBeNull();
  });
});
