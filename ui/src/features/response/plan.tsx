import { useQuery } from "@tanstack/react-query";
import { UserSearch } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { isApiError } from "@/api/problem";
import { Fault } from "@/components/ui/states";
import { dateTime, number } from "@/i18n/format";
import { planQuery } from "./queries";
import { actionWords } from "./words";

type Plan = Schemas["PlanRead"];

/** Who planned, why so, and what was not let through; what was done is told by the actions themselves. */
export function Plans({ event }: { event: string }) {
  const { t } = useTranslation();
  const { data, error } = useQuery(planQuery(event));
  if (error && !(isApiError(error) && error.status === 404)) return <Fault error={error} />;
  if (!data) return null;
  return (
    <>
      {data.waits && (
        <p role="status" className="text-sm text-muted">
          {t("response.waits")}
        </p>
      )}
      {data.plans.map((plan) => (
        <PlanView key={plan.id} plan={plan} />
      ))}
    </>
  );
}

function PlanView({ plan }: { plan: Plan }) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col gap-1.5 text-sm">
      {plan.summary && <p>{plan.summary}</p>}
      {plan.review && (
        <p className="flex gap-2 rounded-md bg-medium-quiet px-2.5 py-1.5">
          <UserSearch className="mt-0.5 size-4 shrink-0 text-medium" aria-hidden />
          {plan.review}
        </p>
      )}
      <details className="text-[0.8125rem] text-muted">
        <summary>
          {t("response.plan", { number: plan.number, by: t(`planned_by.${plan.planned_by}`), time: dateTime(plan.created_at) })}
        </summary>
        <ul className="mt-1.5 flex flex-col gap-1 border-l-2 border-line pl-3">
          {plan.playbook_version > 0 && <li>{t("response.playbook", { version: plan.playbook_version })}</li>}
          {plan.fallback && <li>{t("response.fallback", { reason: plan.fallback })}</li>}
          {plan.refused.map(({ action, reason }) => (
            <li key={`${action.kind}:${action.target}`}>
              {t("response.refused", { what: actionWords(t, action) })} {reason}
            </li>
          ))}
          {plan.steps.map((step) => (
            <li key={step.name}>
              {step.name} ({step.model}, {t("looked.took", { time: number(step.took_s, 1) })})
              {step.raw && (
                <pre className="mt-1 max-h-40 overflow-auto rounded-sm bg-sunken p-2 text-xs whitespace-pre-wrap">{step.raw}</pre>
              )}
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}
