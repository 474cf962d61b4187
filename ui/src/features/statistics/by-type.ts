import type { Severity } from "@/components/ui/severity-order";

type Counted = { kind: string; subtype: string | null; severity: Severity; events: number };
export type TypeRow = { kind: string; subtype: string | null; events: number; bySeverity: Partial<Record<Severity, number>> };

/** One row for each type, the most frequent first. */
export function byType(counts: readonly Counted[]): TypeRow[] {
  const rows = new Map<string, TypeRow>();
  for (const { kind, subtype, severity, events } of counts) {
    const key = JSON.stringify([kind, subtype]);
    const row = rows.get(key) ?? { kind, subtype, events: 0, bySeverity: {} };
    row.events += events;
    row.bySeverity[severity] = (row.bySeverity[severity] ?? 0) + events;
    rows.set(key, row);
  }
  return [...rows.values()].sort((one, other) => other.events - one.events);
}
