import { describe, expect, it } from "vitest";
import { stripPath } from "./strip-path";

describe("the strip of a day", () => {
  it("is as high as the greatest score of each five minutes", () => {
    expect(stripPath([0.1, 0.9, null, 0.2, 0.3, 0.5], 100)).toEqual({ d: "M0 100V10.0h1V100zM1 100V50.0h1V100z", width: 2 });
  });

  it("is empty where nothing is known, and a line where all is calm", () => {
    expect(stripPath([null, null, null, null, null, 0], 100)).toEqual({ d: "M1 100V94.0h1V100z", width: 2 });
    expect(stripPath([], 100)).toEqual({ d: "", width: 0 });
  });
});
