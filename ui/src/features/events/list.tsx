import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { CheckCheck, ListFilter, ShieldCheck } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Empty, Failure, Skeleton } from "@/components/ui/states";
import { done, failed } from "@/components/ui/toast";
import { useMe } from "@/features/session/use-session";
import { useNow } from "@/features/shell/use-now";
import { number } from "@/i18n/format";
import { acknowledgeMany } from "./actions";
import { conditions, type EventSearch, toFilter } from "./filters";
import { eventsQuery } from "./queries";
import { Rows, type RowsHandle } from "./rows";
import { useArrivals } from "./use-arrivals";
import { useHotkeys } from "./use-hotkeys";

export function EventList({ search }: { search: EventSearch }) {
  const { t } = useTranslation();
  const me = useMe();
  const now = useNow(15_000);
  const navigate = useNavigate();
  const { eventId } = useParams({ strict: false });
  const scroller = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [confirming, setConfirming] = useState(false);
  const anchor = useRef<number>(-1);
  const query = useInfiniteQuery(eventsQuery(search));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const total = query.data?.pages[0]?.total ?? 0;
  const looked = query.data?.pages[0]?.search;
  const exact = query.data?.pages[0]?.total_is_exact ?? true;

  // New rows come by themselves only where the list begins in sight and nobody's hand is on it.
  const still = () => {
    const element = scroller.current;
    return (
      !search.sort &&
      !search.relevance &&
      Boolean(element) &&
      element?.scrollTop === 0 &&
      !element.matches(":hover") &&
      !element.contains(document.activeElement)
    );
  };
  const { waiting, show } = useArrivals(search, still);

  const handle = useRef<RowsHandle>(null);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what was chosen belongs to the filter that it was chosen under.
  useEffect(() => setChosen(new Set()), [JSON.stringify(search)]);

  const place = rows.findIndex((row) => row.id === eventId);
  const go = (by: 1 | -1) => {
    const next = rows[place < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, place + by))];
    if (!next) return;
    handle.current?.scrollToIndex(rows.indexOf(next), { align: "auto" });
    void navigate({ to: "/events/$eventId", params: { eventId: next.id }, search: (before) => before, replace: place >= 0 });
  };
  const shown = useRef(rows);
  shown.current = rows;
  const choose = useCallback((id: string, on: boolean, range: boolean) => {
    const index = shown.current.findIndex((row) => row.id === id);
    const begin = range && anchor.current >= 0 ? anchor.current : index;
    anchor.current = index;
    setChosen((before) => {
      const after = new Set(before);
      for (const each of shown.current.slice(Math.min(begin, index), Math.max(begin, index) + 1))
        on ? after.add(each.id) : after.delete(each.id);
      return after;
    });
  }, []);
  const current = rows[place];
  useHotkeys({
    j: () => go(1),
    k: () => go(-1),
    ArrowDown: () => go(1),
    ArrowUp: () => go(-1),
    x: current && me.role !== "viewer" ? () => choose(current.id, !chosen.has(current.id), false) : undefined,
    ".": () => void show().catch(failed),
    Escape: eventId ? () => void navigate({ to: "/events", search: (before) => before }) : undefined,
  });

  const acknowledge = async (body: Parameters<typeof acknowledgeMany>[0]) => {
    const { done: count, refused } = await acknowledgeMany(body);
    setChosen(new Set());
    done(refused ? t("events.bulk_some", { count, refused }) : t("events.bulk_done", { count }));
  };

  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const unseen = search.show === undefined;

  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex min-h-11 items-center gap-2 border-b border-line px-3 text-[0.8125rem] text-muted">
        {chosen.size > 0 ? (
          <>
            <span className="flex-1 font-semibold text-text">{t("events.chosen", { count: chosen.size })}</span>
            <Button size="sm" kind="quiet" onClick={() => setChosen(new Set())}>
              {t("events.clear_choice")}
            </Button>
            <Button
              size="sm"
              kind="primary"
              icon={<CheckCheck className="size-4" aria-hidden />}
              onClick={() => void acknowledge({ ids: [...chosen] }).catch(failed)}
            >
              {t("events.acknowledge")}
            </Button>
          </>
        ) : (
          <>
            <span className="flex-1" role="status">
              {query.isPending
                ? t("common.loading")
                : t(exact ? "events.total" : "events.total_more", { count: total, shown: number(total) })}
              {looked && !looked.by_meaning && <span title={looked.cause}> · {t("events.words_alone")}</span>}
            </span>
            {unseen && me.role !== "viewer" && total > 1 && (
              <Button size="sm" kind="quiet" icon={<CheckCheck className="size-4" aria-hidden />} onClick={() => setConfirming(true)}>
                {t("events.acknowledge_all")}
              </Button>
            )}
          </>
        )}
      </div>
      {waiting > 0 && (
        <Button
          kind="on"
          className="m-2 shrink-0"
          onClick={() =>
            void show()
              .then(() => scroller.current?.scrollTo({ top: 0 }))
              .catch(failed)
          }
        >
          {t("events.new", { count: waiting })}
        </Button>
      )}
      <section ref={scroller} className="min-h-0 flex-1 overflow-y-auto focus-visible:-outline-offset-2" aria-label={t("events.list")}>
        {query.isPending ? (
          <div className="flex flex-col gap-3 p-3">
            {["a", "b", "c", "d", "e", "f"].map((key) => (
              <Skeleton key={key} className="h-14" />
            ))}
          </div>
        ) : rows.length === 0 ? (
          <Nothing search={search} />
        ) : (
          <Rows
            handle={handle}
            scroller={scroller}
            rows={rows}
            now={now}
            open={eventId}
            chosen={chosen}
            onChoose={me.role === "viewer" ? undefined : choose}
            onEnd={more}
          />
        )}
        {isFetchingNextPage && <p className="p-3 text-center text-[0.8125rem] text-muted">{t("common.loading")}</p>}
      </section>
      <Confirm
        open={confirming}
        onClose={() => setConfirming(false)}
        title={t("events.acknowledge_all_title", { count: total, shown: number(total) })}
        action={t("events.acknowledge")}
        onConfirm={() => acknowledge({ filter: toFilter(search) })}
      >
        {t(conditions(search) ? "events.acknowledge_all_filter" : "events.acknowledge_all_text")}
      </Confirm>
    </div>
  );
}

function Nothing({ search }: { search: EventSearch }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  if (conditions(search) > 0) {
    return (
      <Empty icon={<ListFilter strokeWidth={1.5} />} title={t("events.none_match")}>
        <Button onClick={() => void navigate({ to: "/events", search: { show: search.show } })}>{t("events.clear_filter")}</Button>
      </Empty>
    );
  }
  return (
    <Empty icon={<ShieldCheck strokeWidth={1.5} />} title={t(search.show ? "events.none_ever" : "events.none_new")}>
      {t(search.show ? "events.none_ever_text" : "events.none_new_text")}
    </Empty>
  );
}
