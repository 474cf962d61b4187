import { describe, expect, it } from "vitest";
import { corner, isZone, shifted, splitEdge, withCorner, withoutCorner } from "./polygon";

const square = [corner(0.2, 0.2), corner(0.4, 0.2), corner(0.4, 0.4), corner(0.2, 0.4)];

describe("the polygon of a zone", () => {
  it("never leaves the picture", () => {
    expect(corner(-0.2, 1.7)).toEqual([0, 1]);
    expect(shifted(square, 0.9, -0.9)).toEqual([
      [0.8, 0],
      [1, 0],
      [1, 0.2],
      [0.8, 0.2],
    ]);
  });

  it("has at least three corners", () => {
    const three = withoutCorner(square, 1);
    expect(three).toHaveLength(3);
    expect(withoutCorner(three, 0)).toBe(three);
  });

  it("can be given another corner, and a corner another place", () => {
    expect(splitEdge(square, 3)).toEqual([...square, [0.2, 0.3]]);
    expect(withCorner(square, 0, [0, 0])[0]).toEqual([0, 0]);
  });

  it("is none where it encloses nothing", () => {
    expect(isZone(square)).toBe(true);
    expect(isZone(square.slice(0, 2))).toBe(false);
    expect(isZone([corner(0, 0), corner(0.5, 0.5), corner(1, 1)])).toBe(false);
  });
});
