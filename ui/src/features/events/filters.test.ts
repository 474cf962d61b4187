import { describe, expect, it } from "vitest";
import { conditions, mayMatch, readSearch, toFilter } from "./filters";

const CAMERA = "0199c0de-0000-7000-8000-000000000000";
const NOW = Date.parse("2026-11-28T12:00:00Z");

describe("the filter in the address", () => {
  it("keeps what means something, and nothing else", () => {
    expect(readSearch({ camera: CAMERA, severity: ["high", "loud"], q: "  ", span: "7d", sort: "time", since: "soon", page: 3 })).toEqual({
      camera: [CAMERA],
      severity: ["high"],
      span: "7d",
    });
    expect(readSearch({ relevance: true })).toEqual({});
    expect(readSearch({ relevance: true, q: "fell" })).toEqual({ relevance: true, q: "fell" });
    expect(readSearch({ camera: "../../etc", show: "none", locked: "yes" })).toEqual({});
  });

  it("asks for what nobody has acknowledged, unless told otherwise", () => {
    expect(toFilter({})).toEqual({ acknowledged: false });
    expect(toFilter({ show: "all" })).toEqual({});
    expect(toFilter({ show: "acknowledged" })).toEqual({ acknowledged: true });
  });

  it("counts a span back from now", () => {
    expect(toFilter({ show: "all", span: "24h", since: "2020-01-01T00:00:00Z" }, NOW)).toEqual({ since: "2026-11-27T12:00:00.000Z" });
  });

  it("counts its conditions, not the choice of the list", () => {
    expect(conditions({ show: "all", sort: "score", relevance: true })).toBe(0);
    expect(conditions({ show: "all", camera: [CAMERA], q: "fire" })).toBe(2);
  });

  it("knows whether a new event may belong to the list", () => {
    const event = { camera_id: CAMERA, severity: "high", kind: "anomaly" } as Parameters<typeof mayMatch>[1];
    expect(mayMatch({}, event)).toBe(true);
    expect(mayMatch({ severity: ["critical"] }, event)).toBe(false);
    expect(mayMatch({ camera: [CAMERA], kind: ["anomaly"] }, event)).toBe(true);
    expect(mayMatch({ show: "acknowledged" }, event)).toBe(false);
    expect(mayMatch({ until: "2020-01-01T00:00:00Z" }, event)).toBe(false);
  });
});
