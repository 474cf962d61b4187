import { useQuery } from "@tanstack/react-query";
import { createFileRoute, redirect } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import { useTranslation } from "react-i18next";
import { getSession } from "@/api/session";
import { Page, Segments } from "@/components/ui/page";
import { Empty, Failure, Skeleton } from "@/components/ui/states";
import { ApprovalCard } from "@/features/response/approval-card";
import { approvalsQuery } from "@/features/response/queries";

export const Route = createFileRoute("/_app/approvals")({
  validateSearch: (search: Record<string, unknown>): { show?: "all" } => (search.show === "all" ? { show: "all" } : {}),
  beforeLoad: () => {
    const session = getSession();
    if (session.state === "in" && session.me.role === "viewer") throw redirect({ to: "/live" });
  },
  component: ApprovalsPage,
});

function ApprovalsPage() {
  const { t } = useTranslation();
  const navigate = Route.useNavigate();
  const all = Route.useSearch().show === "all";
  const { data, error, isPending, refetch } = useQuery(approvalsQuery(!all));
  return (
    <Page title={t("nav.approvals")} lead={t("approvals.lead")}>
      <Segments
        label={t("approvals.show")}
        value={all ? "all" : "open"}
        choices={[
          ["open", t("approvals.show_open")],
          ["all", t("approvals.show_all")],
        ]}
        onChoose={(show) => void navigate({ search: show === "all" ? { show } : {} })}
      />
      {isPending ? (
        <Skeleton className="h-40" />
      ) : error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : data.items.length === 0 ? (
        <Empty icon={<ShieldCheck strokeWidth={1.5} />} title={t(all ? "approvals.none_ever" : "approvals.none")}>
          {t("approvals.none_text")}
        </Empty>
      ) : (
        <div className="flex flex-col gap-3">
          {data.items.map((approval) => (
            <ApprovalCard key={approval.id} approval={approval} />
          ))}
        </div>
      )}
    </Page>
  );
}
