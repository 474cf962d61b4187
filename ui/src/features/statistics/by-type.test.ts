import { describe, expect, it } from "vitest";
import { byType } from "./by-type";

describe("what happened", () => {
  it("is one row for each type, whatever its severities, the most frequent first", () => {
    const rows = byType([
      { kind: "tamper", subtype: "covered", corrected_type: null, severity: "high", events: 4 },
      { kind: "anomaly", subtype: null, corrected_type: null, severity: "medium", events: 3 },
      { kind: "anomaly", subtype: null, corrected_type: null, severity: "high", events: 2 },
    ]);
    expect(rows).toEqual([
      { kind: "anomaly", subtype: null, corrected_type: null, events: 5, bySeverity: { medium: 3, high: 2 } },
      { kind: "tamper", subtype: "covered", corrected_type: null, events: 4, bySeverity: { high: 4 } },
    ]);
  });

  it("is what people said that it was, whatever it had been taken for", () => {
    const rows = byType([
      { kind: "anomaly", subtype: "possible_fire", corrected_type: "Falling", severity: "high", events: 1 },
      { kind: "anomaly", subtype: null, corrected_type: "Falling", severity: "high", events: 2 },
      { kind: "anomaly", subtype: "possible_fire", corrected_type: null, severity: "high", events: 1 },
    ]);
    expect(rows.map(({ corrected_type, events }) => [corrected_type, events])).toEqual([
      ["Falling", 3],
      [null, 1],
    ]);
  });
});
