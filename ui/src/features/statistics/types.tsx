import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { cx } from "@/components/ui/cx";
import { SEVERITIES, SEVERITY_BAR, SeverityIcon } from "@/components/ui/severity";
import { eventTitle } from "@/features/events/words";
import { number } from "@/i18n/format";
import { byType } from "./by-type";

const MOST = 10;

/** What happened how often: a row for each type, in it how much of it was how severe. */
export function Types({ types }: { types: Schemas["TypesRead"]["types"] }) {
  const { t } = useTranslation();
  if (types.length === 0) return <p className="text-sm text-muted">{t("statistics.no_events")}</p>;
  const rows = byType(types).slice(0, MOST);
  const most = Math.max(...rows.map((row) => row.events));
  return (
    <ul className="flex flex-col gap-3 text-sm">
      {rows.map((row) => {
        const there = SEVERITIES.filter((severity) => row.bySeverity[severity]);
        return (
          <li key={row.corrected_type ?? `${row.kind}${row.subtype}`} className="flex flex-col gap-1">
            <span className="flex items-baseline justify-between gap-3">
              <span className="truncate">{eventTitle(t, row)}</span>
              <span className="font-semibold">{number(row.events)}</span>
            </span>
            <span className="flex h-2 gap-px overflow-hidden rounded-sm bg-raised" aria-hidden>
              {there.map((severity) => (
                <span
                  key={severity}
                  className={cx("h-full", SEVERITY_BAR[severity])}
                  style={{ width: `${(100 * (row.bySeverity[severity] ?? 0)) / most}%` }}
                />
              ))}
            </span>
            <span className="flex flex-wrap gap-x-3 text-[0.8125rem] text-muted">
              {there.map((severity) => (
                <span key={severity} className="inline-flex items-center gap-1">
                  <SeverityIcon severity={severity} className="size-3.5" />
                  {number(row.bySeverity[severity] ?? 0)}
                </span>
              ))}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
