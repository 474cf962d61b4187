import { describe, expect, it } from "vitest";
import { stripPath } from "./strip-path";

describe("the strip of a day", () => {
  it("is as high as the greatest score of each five minutes of a day, and of each minute of less", () => {
    const day = Array.from({ length: 1440 }, (_, minute) => (minute === 7 ? 0.9 : null));
    expect(stripPath(day, 100)).toEqual({ d: "M1 100V10.0h1V100z", width: 288 });
    expect(stripPath([0.1, 0.9], 100)).toEqual({ d: "M0 100V90.0h1V100zM1 100V10.0h1V100z", width: 2 });
  });

  it("is empty where nothing is known, and a line where all is calm", () => {
    expect(stripPath([null, 0], 100)).toEqual({ d: "M1 100V94.0h1V100z", width: 2 });
    expect(stripPath([], 100)).toEqual({ d: "", width: 0 });
  });
});
