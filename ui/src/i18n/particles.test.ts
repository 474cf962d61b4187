import { describe, expect, it } from "vitest";
import { withParticle } from "./particles";

describe("Korean particles", () => {
  it.each([
    ["정문", "을", "정문을"],
    ["카메라", "을", "카메라를"],
    ["주차장 3", "이", "주차장 3이"],
    ["주차장 2", "이", "주차장 2가"],
    ["Hall", "은", "Hall은"],
    ["Gate", "과", "Gate와"],
    ["후문(북)", "을", "후문(북)을"],
  ] as const)("%s + %s", (word, particle, whole) => expect(withParticle(word, particle)).toBe(whole));
});
