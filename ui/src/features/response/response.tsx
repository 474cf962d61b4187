import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { isApiError } from "@/api/problem";
import { Fault, Skeleton } from "@/components/ui/states";
import { useMe } from "@/features/session/use-session";
import { clockSeconds, fullTime } from "@/i18n/format";
import { ApprovalCard } from "./approval-card";
import { Plans } from "./plan";
import { actionsQuery, approvalsQuery } from "./queries";
import { ActionState, actionWords, resultWords } from "./words";

/** What was planned about an event, what waits for a person, and what really came of it. */
export function Response({ event }: { event: string }) {
  const { t } = useTranslation();
  const me = useMe();
  const { data, error, isPending } = useQuery(actionsQuery(event));
  const approvals = useQuery({ ...approvalsQuery(true), enabled: me.role !== "viewer" });
  if (isPending) return <Skeleton className="h-10" />;
  if (error)
    return isApiError(error) && error.status === 404 ? <p className="text-sm text-muted">{t("response.none")}</p> : <Fault error={error} />;
  const asked = approvals.data?.items.filter((approval) => approval.event_id === event) ?? [];
  return (
    <div className="flex flex-col gap-3">
      {asked.map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} inEvent />
      ))}
      <Plans event={event} />
      {data.items.length === 0 && <p className="text-sm text-muted">{t("response.none")}</p>}
      <ol className="flex flex-col divide-y divide-line text-sm">
        {data.items.map((action) => {
          const result = resultWords(action.result);
          const at = action.finished_at ?? action.started_at ?? action.created_at;
          return (
            <li key={action.id} className="flex flex-wrap items-baseline gap-x-3 gap-y-0.5 py-2 first:pt-0 last:pb-0">
              <span className="min-w-0 flex-1 font-medium">{actionWords(t, action)}</span>
              <ActionState state={action.state} />
              <time dateTime={at} title={fullTime(at)} className="text-muted">
                {clockSeconds(at)}
              </time>
              {action.text && <q className="w-full text-muted">{action.text}</q>}
              <span className="w-full text-[0.8125rem] text-muted">
                {[
                  t(`planned_by.${action.planned_by}`),
                  action.mandatory && t("response.mandatory"),
                  action.disputed && t("response.disputed"),
                  action.reason,
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
              {result && (
                <span className={`w-full text-[0.8125rem] ${action.state === "failed" ? "text-critical" : "text-muted"}`}>{result}</span>
              )}
            </li>
          );
        })}
      </ol>
    </div>
  );
}
