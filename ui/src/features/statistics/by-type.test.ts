import { describe, expect, it } from "vitest";
import { byType } from "./by-type";

describe("what happened", () => {
  it("is one row for each type, whatever its severities, the most frequent first", () => {
    const rows = byType([
      { kind: "tamper", subtype: "covered", severity: "high", events: 4 },
      { kind: "anomaly", subtype: null, severity: "medium", events: 3 },
      { kind: "anomaly", subtype: null, severity: "high", events: 2 },
    ]);
    expect(rows).toEqual([
      { kind: "anomaly", subtype: null, events: 5, bySeverity: { medium: 3, high: 2 } },
      { kind: "tamper", subtype: "covered", events: 4, bySeverity: { high: 4 } },
    ]);
  });
});
