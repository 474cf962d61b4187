import { describe, expect, it } from "vitest";
import { columnsFor, fitting, moved, ordered } from "./arrange";

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
});
