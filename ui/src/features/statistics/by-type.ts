import type { Severity } from "@/components/ui/severity-order";

type Typed = { kind: string; subtype: string | null; corrected_type: string | null };
type Counted = Typed & { severity: Severity; events: number };
export type TypeRow = Typed & { events: number; bySeverity: Partial<Record<Severity, number>> };

/** One row for each type, the most frequent first. What people corrected counts as what they said, whatever it had been taken for. */
export function byType(counts: readonly Counted[]): TypeRow[] {
  const rows = new Map<string, TypeRow>();
  for (const { kind, subtype, corrected_type, severity, events } of counts) {
    const key = JSON.stringify(corrected_type ?? [kind, subtype]);
    const row = rows.get(key) ?? { kind, subtype, corrected_type, events: 0, bySeverity: {} };
    row.events += events;
    row.bySeverity[severity] = (row.bySeverity[severity] ?? 0) + events;
    rows.set(key, row);
  }
  return [...rows.values()].sort((one, other) => other.events - one.events);
}
