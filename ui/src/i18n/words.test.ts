import { describe, expect, it } from "vitest";
import en from "./en.json";
import ko from "./ko.json";

type Words = { [key: string]: string | Words };

/** Key -> text; of the forms of a number only the one that both languages have. */
function flat(words: Words, path = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(words)) {
    const name = path ? `${path}.${key}` : key;
    if (typeof value === "string") {
      if (!name.endsWith("_one")) found.set(name, value);
    } else for (const [inner, text] of flat(value, name)) found.set(inner, text);
  }
  return found;
}

const holes = (text: string) => [...text.matchAll(/\{\{\s*(\w+)/g)].map((match) => match[1]).sort();

describe("the words of the console", () => {
  const [english, korean] = [flat(en), flat(ko)];

  it("are the same in both languages", () => {
    expect([...korean.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it("say the same numbers and names", () => {
    for (const [key, text] of english) expect([key, holes(korean.get(key) ?? "")]).toEqual([key, holes(text)]);
  });

  it("are never empty", () => {
    for (const text of [...english.values(), ...korean.values()]) expect(text.trim()).not.toBe("");
  });
});
