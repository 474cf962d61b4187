import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { createFileRoute, redirect } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take, takeWithTag } from "@/api/client";
import { getSession } from "@/api/session";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import { Section } from "@/components/ui/page";
import { SEVERITIES, type Severity } from "@/components/ui/severity";
import { Failure, Fault, Skeleton } from "@/components/ui/states";
import { done } from "@/components/ui/toast";
import { useSettled } from "@/components/ui/use-settled";
import { NoticesPage } from "@/features/rules/frame";
import { Preview } from "@/features/severity/preview";
import { type Kept, RowList } from "@/features/severity/row-list";
import { dateTime } from "@/i18n/format";

export const Route = createFileRoute("/_app/rules/severity")({
  beforeLoad: () => {
    const session = getSession();
    if (session.state === "in" && session.me.role !== "admin") throw redirect({ to: "/live" });
  },
  component: SeverityPage,
});

type Policy = Schemas["SeverityPolicyInput"];

const CHANGED_MS = 500;
const QUERY = ["severity-policy"];

function SeverityPage() {
  const { data, error, refetch } = useQuery({
    queryKey: QUERY,
    queryFn: ({ signal }) => takeWithTag(api.GET("/api/v1/severity-policy", { signal })),
    refetchOnWindowFocus: false,
  });
  return (
    <NoticesPage>
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : data ? (
        <Editing key={data.tag} stored={data.value} tag={data.tag} onAgain={() => void refetch()} />
      ) : (
        <Skeleton className="h-96" />
      )}
    </NoticesPage>
  );
}

type EditingProps = { stored: Schemas["SeverityPolicyRead"]; tag: string; onAgain: () => void };

function Editing({ stored, tag, onAgain }: EditingProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [rows, setRows] = useState<Kept[]>(() => stored.rows.map((row, id) => ({ id, row })));
  const [otherwise, setOtherwise] = useState<Severity>(stored.otherwise ?? "low");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [added, setAdded] = useState<number | null>(null);
  const next = useRef(stored.rows.length);
  const policy: Policy = { rows: rows.map(({ row }) => row), otherwise };
  const text = JSON.stringify(policy);
  const before = JSON.stringify({ rows: stored.rows, otherwise: stored.otherwise ?? "low" });
  const settled = useSettled(text, CHANGED_MS);
  const check = useQuery({
    queryKey: [...QUERY, "check", settled],
    queryFn: ({ signal }) => take(api.POST("/api/v1/severity-policy/check", { body: JSON.parse(settled) as Policy, signal })),
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
  });
  const add = () => {
    const id = next.current;
    next.current += 1;
    setAdded(id);
    setRows([{ id, row: { severity: "high", kinds: [], types: [], zones: [], schedule: null, least_score: 0.5, facts: [] } }, ...rows]);
  };
  const put = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const params = { header: { "if-match": tag } };
      client.setQueryData(QUERY, await takeWithTag(api.PUT("/api/v1/severity-policy", { params, body: policy })));
      done(t("severities.stored"));
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <>
      <Section
        title={t("severities.title")}
        lead={stored.updated_at ? t("severities.lead", { time: dateTime(stored.updated_at) }) : t("severities.lead_default")}
        actions={
          <Button size="sm" icon={<Plus className="size-4" aria-hidden />} onClick={add}>
            {t("severities.add")}
          </Button>
        }
      >
        <p className="mb-3 max-w-3xl text-sm text-muted">{t("severities.order")}</p>
        <RowList key={added} rows={rows} onChange={setRows} opened={added} />
        <Select
          className="mt-4 w-64 max-w-full"
          label={t("severities.otherwise")}
          value={otherwise}
          onChange={(event) => setOtherwise(event.target.value as Severity)}
        >
          {SEVERITIES.map((each) => (
            <option key={each} value={each}>
              {t(`severity.${each}`)}
            </option>
          ))}
        </Select>
      </Section>
      <Section title={t("severities.preview")} lead={t("severities.preview_lead")}>
        {check.isError ? <Fault error={check.error} /> : check.data ? <Preview check={check.data} /> : <Skeleton className="h-10" />}
      </Section>
      <Fault error={problem} again={onAgain} />
      <div className="flex justify-end">
        <Button kind="primary" busy={busy} disabled={text === before || text !== settled || !check.isSuccess} onClick={() => void put()}>
          {t("severities.put")}
        </Button>
      </div>
    </>
  );
}
