import { describe, expect, it } from "vitest";
import { eventIdIn, found } from "./entries";

describe("what the palette finds", () => {
  const entries = [
    { words: "Statistics" },
    { words: "North gate", also: "Camera" },
    { words: "Gate", also: "Camera" },
    { words: "정문", also: "카메라" },
  ];

  it("is all of it before anything is typed", () => {
    expect(found(entries, " ")).toHaveLength(4);
  });

  it("is what begins so, then what has a word that does", () => {
    expect(found(entries, "gate").map(({ words }) => words)).toEqual(["Gate", "North gate"]);
    expect(found(entries, "camera north").map(({ words }) => words)).toEqual(["North gate"]);
    expect(found(entries, "정")).toHaveLength(1);
    expect(found(entries, "nothing of it")).toEqual([]);
  });

  it("knows an event by its id, alone or in a link", () => {
    const id = "01a221f1-94d1-731a-88f5-d09d7d61a740";
    expect(eventIdIn(id)).toBe(id);
    expect(eventIdIn(`https://haetae.example/events/${id.toUpperCase()}?show=all`)).toBe(id);
    expect(eventIdIn("01a221f1")).toBeNull();
  });
});
