import { useInfiniteQuery } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { ShieldCheck, ShieldX } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/field";
import { Failure, Fault, Skeleton } from "@/components/ui/states";
import { SystemFrame } from "@/features/system/frame";
import { clockSeconds, fullTime, number, shortDate } from "@/i18n/format";

export const Route = createFileRoute("/_app/system/audit")({ component: AuditPage });

function AuditPage() {
  const { t } = useTranslation();
  const [actor, setActor] = useState("");
  const [action, setAction] = useState("");
  const query = useInfiniteQuery({
    queryKey: ["audit", actor, action],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/audit", {
          params: {
            query: {
              limit: 100,
              ...(actor ? { actor } : {}),
              ...(/^[a-z_]+(\.[a-z_]*)?$/.test(action) ? { action } : {}),
              ...(pageParam ? { before: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
  });
  const entries = query.data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <SystemFrame>
      <div className="flex flex-wrap items-end gap-3">
        <Input className="w-48" label={t("audit.who")} value={actor} onChange={(event) => setActor(event.target.value)} />
        <Input
          className="w-56"
          label={t("audit.action")}
          placeholder="event.acknowledge"
          value={action}
          onChange={(event) => setAction(event.target.value.trim())}
        />
        <Verify />
      </div>
      {query.isError ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : query.isPending ? (
        <Skeleton className="h-60" />
      ) : entries.length === 0 ? (
        <p className="text-sm text-muted">{t("audit.none")}</p>
      ) : (
        <ol className="panel divide-y divide-line text-sm">
          {entries.map((entry) => (
            <Entry key={entry.number} entry={entry} />
          ))}
        </ol>
      )}
      {query.hasNextPage && (
        <Button className="self-center" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t("common.more")}
        </Button>
      )}
    </SystemFrame>
  );
}

function Entry({ entry }: { entry: Schemas["AuditEntryRead"] }) {
  const { t } = useTranslation();
  const changes = [entry.before && `− ${JSON.stringify(entry.before)}`, entry.after && `+ ${JSON.stringify(entry.after)}`].filter(
    Boolean,
  ) as string[];
  return (
    <li className="grid gap-x-4 gap-y-0.5 px-4 py-2 md:grid-cols-[9.5rem_8rem_12rem_minmax(0,1fr)] md:items-baseline">
      <time dateTime={entry.at} title={fullTime(entry.at)} className="text-muted">
        {shortDate(entry.at)} {clockSeconds(entry.at)}
      </time>
      <span className="truncate font-medium" title={entry.address}>
        {entry.actor_name}
      </span>
      <code className="text-[0.8125rem]">{entry.action}</code>
      <span className="min-w-0 truncate text-muted">
        {entry.note} {entry.target_type && `${entry.target_type} ${entry.target_id ?? ""}`} {entry.address && `(${entry.address})`}
      </span>
      {changes.length > 0 && (
        <details className="md:col-span-4">
          <summary className="text-[0.8125rem] text-muted">{t("audit.changes")}</summary>
          {changes.map((change) => (
            <code key={change} className="block text-xs break-all">
              {change}
            </code>
          ))}
        </details>
      )}
    </li>
  );
}

/** Walks along the chain of hashes, as far as it goes. */
function Verify() {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<{ entries: number; fault: string } | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const verify = async () => {
    setBusy(true);
    setProblem(null);
    try {
      let first = 1;
      let entries = 0;
      for (;;) {
        const report = await take(api.GET("/api/v1/audit/verify", { params: { query: { first } } }));
        entries += report.entries;
        if (report.fault || report.complete || report.entries === 0) {
          setResult({ entries, fault: report.fault ? report.detail : "" });
          break;
        }
        first = report.head_number + 1;
      }
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button busy={busy} icon={<ShieldCheck className="size-4" aria-hidden />} onClick={() => void verify()}>
        {t("audit.verify")}
      </Button>
      {result && (
        <p
          role="status"
          className={result.fault ? "flex items-center gap-2 pb-2 text-sm text-critical" : "flex items-center gap-2 pb-2 text-sm"}
        >
          {result.fault ? <ShieldX className="size-4" aria-hidden /> : <ShieldCheck className="size-4 text-accent" aria-hidden />}
          {result.fault || t("audit.intact", { count: result.entries, shown: number(result.entries) })}
        </p>
      )}
      <Fault error={problem} />
    </>
  );
}
