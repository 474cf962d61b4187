import { useQuery } from "@tanstack/react-query";
import { createFileRoute, Link } from "@tanstack/react-router";
import { BellRing, Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { buttonClass } from "@/components/ui/button";
import { SeverityBadge } from "@/components/ui/severity";
import { Empty, Failure, Skeleton } from "@/components/ui/states";
import { useCameraNames } from "@/features/cameras/queries";
import { NoticesPage } from "@/features/rules/frame";
import { asInput, channelsQuery, rulesQuery } from "@/features/rules/queries";
import { ruleSentence } from "@/features/rules/sentence";

export const Route = createFileRoute("/_app/rules/")({ component: RulesPage });

function RulesPage() {
  const { t, i18n } = useTranslation();
  const rules = useQuery(rulesQuery);
  const channels = useQuery(channelsQuery);
  const cameras = useCameraNames();
  const names = { cameras, channels: new Map((channels.data?.channels ?? []).map((channel) => [channel.id, channel.name])) };
  const noChannels = channels.data?.channels.length === 0;
  return (
    <NoticesPage
      actions={
        (rules.data?.rules.length ?? 0) > 0 && (
          <Link to="/rules/$ruleId" params={{ ruleId: "new" }} className={buttonClass("primary")}>
            <Plus className="size-4" aria-hidden />
            {t("rules.add")}
          </Link>
        )
      }
    >
      {rules.isError ? (
        <Failure error={rules.error} retry={() => void rules.refetch()} />
      ) : rules.isPending ? (
        <Skeleton className="h-32" />
      ) : rules.data.rules.length === 0 ? (
        <div className="panel">
          <Empty icon={<BellRing strokeWidth={1.5} />} title={t("rules.none")}>
            {t(noChannels ? "rules.none_channels" : "rules.none_text")}
            <Link to={noChannels ? "/rules/channels" : "/rules/$ruleId"} params={{ ruleId: "new" }} className={buttonClass("primary")}>
              {t(noChannels ? "channels.add" : "rules.add")}
            </Link>
          </Empty>
        </div>
      ) : (
        <ul className="flex flex-col gap-3">
          {rules.data.rules.map((rule) => (
            <li key={rule.id}>
              <Link
                to="/rules/$ruleId"
                params={{ ruleId: rule.id }}
                className="panel flex flex-col gap-1.5 p-4 transition-colors duration-100 hover:border-line-strong"
              >
                <span className="flex flex-wrap items-center gap-2">
                  <span className="font-semibold">{rule.name}</span>
                  <SeverityBadge severity={rule.min_severity ?? "medium"} />
                  {!rule.enabled && <span className="rounded-sm bg-raised px-1.5 py-0.5 text-xs text-muted">{t("rules.off")}</span>}
                </span>
                <span className="text-sm text-muted">{ruleSentence(t, i18n.language, asInput(rule), names)}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
      {rules.data?.unreadable.map((row) => (
        <p key={row.id} className="rounded-md bg-high-quiet px-3 py-2 text-sm text-high">
          {row.name}: {row.error}
        </p>
      ))}
    </NoticesPage>
  );
}
