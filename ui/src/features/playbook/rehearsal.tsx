import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { SeverityIcon } from "@/components/ui/severity";
import { typeWord } from "@/features/events/words";
import { dateTime, fullTime, number } from "@/i18n/format";

/** What a playbook would have planned for past events, and where that differs from what is in force. */
export function Rehearsal({ result }: { result: Schemas["DryRunRead"] }) {
  const { t } = useTranslation();
  if (result.events.length === 0) return <p className="text-sm text-muted">{t("dry.none")}</p>;
  const totals = Object.entries(result.totals).sort(([, one], [, other]) => other - one);
  return (
    <div className="flex flex-col gap-3 text-sm" role="status">
      <p className="font-semibold">{t("playbook.rehearsed", { count: result.events.length, changed: number(result.changed) })}</p>
      {totals.length > 0 && (
        <ul className="flex flex-wrap gap-1.5">
          {totals.map(([action, count]) => (
            <li key={action} className="rounded-sm bg-raised px-2 py-0.5">
              <code>{action}</code> <span className="text-muted">{number(count)}</span>
            </li>
          ))}
        </ul>
      )}
      <ul className="max-h-96 divide-y divide-line overflow-y-auto rounded-md border border-line">
        {result.events.map((event) => {
          const changed = [...event.actions].sort().join() !== [...event.in_force].sort().join();
          return (
            <li key={event.event_id} className="flex flex-col gap-0.5 px-3 py-2">
              <span className="flex items-center gap-2">
                <SeverityIcon severity={event.severity} />
                <Link
                  to="/events/$eventId"
                  params={{ eventId: event.event_id }}
                  search={{ show: "all" }}
                  className="min-w-0 flex-1 truncate font-medium hover:underline"
                >
                  {typeWord(t, event.type)} <span className="font-normal text-muted">{event.camera}</span>
                </Link>
                {changed && <span className="rounded-sm bg-medium-quiet px-1.5 text-xs text-medium">{t("playbook.changed")}</span>}
                <time dateTime={event.timestamp} title={fullTime(event.timestamp)} className="text-muted">
                  {dateTime(event.timestamp)}
                </time>
              </span>
              <span className="text-muted">
                {event.rules.length > 0 ? t("playbook.by_rules", { rules: event.rules.join(", ") }) : t("playbook.no_rule")}
              </span>
              {event.actions.length > 0 && <code className="text-[0.8125rem]">{event.actions.join(", ")}</code>}
              {event.may.length > 0 && (
                <span className="text-[0.8125rem] text-muted">
                  {t("playbook.may")} <code>{event.may.join(", ")}</code>
                </span>
              )}
              {event.refused.map((refused) => (
                <span key={refused.action} className="text-[0.8125rem] text-high">
                  {refused.action}: {refused.reason}
                </span>
              ))}
            </li>
          );
        })}
      </ul>
      {result.more && <p className="text-muted">{t("playbook.more_events")}</p>}
    </div>
  );
}
