import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { createFileRoute, Link, useNavigate } from "@tanstack/react-router";
import { MailCheck, RotateCcw } from "lucide-react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { Button, IconButton } from "@/components/ui/button";
import { cx } from "@/components/ui/cx";
import { Segments } from "@/components/ui/page";
import { SeverityIcon } from "@/components/ui/severity";
import { Empty, Failure, Skeleton } from "@/components/ui/states";
import { done, failed } from "@/components/ui/toast";
import { typeWord } from "@/features/events/words";
import { NoticesPage } from "@/features/rules/frame";
import { dateTime, fullTime, number } from "@/i18n/format";

type State = Schemas["DeliveryState"];
const STATES = ["dead", "pending", "sent", "held", "cancelled"] as const satisfies readonly State[];

export const Route = createFileRoute("/_app/rules/deliveries")({
  validateSearch: (search: Record<string, unknown>): { state?: State } => {
    const state = STATES.find((each) => each === search.state);
    return state ? { state } : {};
  },
  component: DeliveriesPage,
});

function DeliveriesPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { state } = Route.useSearch();
  const summary = useQuery({
    queryKey: ["deliveries", "summary"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/deliveries/summary", { signal })),
    refetchInterval: 10_000,
  });
  const list = useInfiniteQuery({
    queryKey: ["deliveries", "list", state ?? null],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/deliveries", {
          params: { query: { limit: 100, ...(state ? { state } : {}), ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: 15_000,
  });
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  const again = async (work: Promise<Schemas["Retried"]>) => {
    try {
      const { retried } = await work;
      done(t("deliveries.retried", { count: retried }));
    } catch (error) {
      failed(error);
    }
    void client.invalidateQueries({ queryKey: ["deliveries"] });
  };
  const count = (each: State) => (summary.data ? ` ${number(summary.data[each])}` : "");
  return (
    <NoticesPage
      actions={
        (summary.data?.dead ?? 0) > 0 && (
          <Button
            icon={<RotateCcw className="size-4" aria-hidden />}
            onClick={() => void again(take(api.POST("/api/v1/deliveries/retry", { body: { filter: { state: "dead" } } })))}
          >
            {t("deliveries.retry_all")}
          </Button>
        )
      }
    >
      <div className="flex flex-wrap items-center justify-between gap-3">
        <div className="max-w-full overflow-x-auto">
          <Segments
            size="sm"
            label={t("deliveries.state")}
            value={state ?? "all"}
            choices={[["all", t("common.all")], ...STATES.map((each) => [each, t(`delivery.${each}`) + count(each)] as const)]}
            onChoose={(next) => void navigate({ to: "/rules/deliveries", search: next === "all" ? {} : { state: next }, replace: true })}
          />
        </div>
        <p className="text-sm text-muted">
          {summary.data?.last_sent_at ? t("deliveries.last", { time: dateTime(summary.data.last_sent_at) }) : t("deliveries.never")}
        </p>
      </div>
      {summary.data?.database_error && (
        <p className="rounded-md bg-critical-quiet px-3 py-2 text-sm text-critical">{summary.data.database_error}</p>
      )}
      {list.isError ? (
        <Failure error={list.error} retry={() => void list.refetch()} />
      ) : list.isPending ? (
        <Skeleton className="h-40" />
      ) : rows.length === 0 ? (
        <div className="panel">
          <Empty icon={<MailCheck strokeWidth={1.5} />} title={t("deliveries.none")}>
            {t("deliveries.none_text")}
          </Empty>
        </div>
      ) : (
        <ul className="panel divide-y divide-line text-sm">
          {rows.map((row) => (
            <li
              key={row.id}
              className="grid gap-x-4 gap-y-0.5 px-4 py-2.5 md:grid-cols-[8.5rem_minmax(0,1.3fr)_minmax(0,1.2fr)_8rem_2.25rem] md:items-center"
            >
              <time dateTime={row.created_at} title={fullTime(row.created_at)} className="text-muted">
                {dateTime(row.created_at)}
              </time>
              <span className="flex min-w-0 items-center gap-1.5">
                <SeverityIcon severity={row.severity} />
                {row.event_id ? (
                  <Link to="/events/$eventId" params={{ eventId: row.event_id }} className="truncate hover:underline">
                    {typeWord(t, row.event_type)} <span className="text-muted">{row.camera}</span>
                  </Link>
                ) : (
                  <span className="truncate">{typeWord(t, row.event_type)}</span>
                )}
              </span>
              <span className="min-w-0 truncate">
                {row.channel ?? t("told.channel_gone")} <span className="text-muted">{row.target}</span>
              </span>
              <span
                className={cx("font-medium", row.state === "dead" ? "text-critical" : row.state === "sent" ? "text-text" : "text-muted")}
              >
                {t(`delivery.${row.state}`)} <span className="font-normal text-muted">{t(`notice.${row.kind}`)}</span>
              </span>
              {row.state === "dead" ? (
                <IconButton
                  size="sm"
                  label={t("deliveries.retry")}
                  onClick={() =>
                    void again(take(api.POST("/api/v1/deliveries/{delivery_id}/retry", { params: { path: { delivery_id: row.id } } })))
                  }
                >
                  <RotateCcw className="size-4" aria-hidden />
                </IconButton>
              ) : (
                <span />
              )}
              {row.error && <p className="text-[0.8125rem] break-words text-muted md:col-span-4 md:col-start-2">{row.error}</p>}
            </li>
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <Button className="self-center" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t("common.more")}
        </Button>
      )}
    </NoticesPage>
  );
}
