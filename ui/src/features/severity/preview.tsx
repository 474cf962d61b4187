import { ArrowRight, TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { SEVERITIES, SeverityBadge } from "@/components/ui/severity";
import { number } from "@/i18n/format";

/** What the policy would have made of past events: what changes, in which way, and what is probably not meant. */
export function Preview({ check }: { check: Schemas["SeverityCheck"] }) {
  const { t } = useTranslation();
  const rank = (change: Schemas["SeverityChange"]) => SEVERITIES.indexOf(change.now) * SEVERITIES.length + SEVERITIES.indexOf(change.then);
  const changed = check.changes.filter((change) => change.then !== change.now).sort((one, other) => rank(one) - rank(other));
  const sum = changed.reduce((total, change) => total + change.events, 0);
  return (
    <div className="flex flex-col gap-3 text-sm" role="status">
      {check.remarks.map((remark) => (
        <p key={remark} className="flex gap-2 rounded-md bg-medium-quiet px-3 py-2">
          <TriangleAlert className="mt-0.5 size-4 shrink-0 text-medium" aria-hidden />
          {remark}
        </p>
      ))}
      <p className="font-semibold">
        {check.events === 0 ? t("dry.none") : t("severities.changed", { count: check.events, changed: number(sum) })}
      </p>
      {changed.length > 0 && (
        <ul className="flex flex-col gap-1.5">
          {changed.map(({ then, now, events }) => (
            <li key={`${then}${now}`} className="flex flex-wrap items-center gap-2">
              <span className="w-12 text-right font-semibold tabular-nums">{number(events)}</span>
              <SeverityBadge severity={then} />
              <ArrowRight className="size-4 text-muted" aria-label={t("severities.becomes")} />
              <SeverityBadge severity={now} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
