import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type PointerEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/api/client";
import { Button } from "@/components/ui/button";
import { cx } from "@/components/ui/cx";
import { SEVERITY_BAR } from "@/components/ui/severity";
import { Fault, Skeleton } from "@/components/ui/states";
import { useCameras } from "@/features/cameras/queries";
import { eventTitle } from "@/features/events/words";
import { useNow } from "@/features/shell/use-now";
import { clockTime, duration } from "@/i18n/format";
import { ScoreStrip } from "./score-strip";
import { DAY_MS, lastDay, overlaps, part, placed, type Span } from "./span";

const MOST = 500;
const DRAWN = 0.01;

/** The last day at a glance: how unusual each camera was, with a mark for each event. Drawing over a part of it shows that part. */
export function Night() {
  const { t } = useTranslation();
  const now = useNow(60_000);
  const { cameras } = useCameras();
  const [zoom, setZoom] = useState<Span | null>(null);
  const [drawn, setDrawn] = useState<{ from: number; to: number } | null>(null);
  const query = useQuery({
    queryKey: ["counts", "night"],
    queryFn: ({ signal }) => {
      const since = new Date(Date.now() - DAY_MS).toISOString();
      return take(api.GET("/api/v1/events", { params: { query: { since, limit: MOST } }, signal }));
    },
    refetchInterval: 60_000,
  });
  if (query.isPending) return <Skeleton className="h-32" />;
  if (query.isError) return <Fault error={query.error} />;
  const span = zoom ?? lastDay(now);
  const at = (moment: string) => placed(span, Date.parse(moment));
  const ticks = [...Array(5).keys()].map((index) => span.from + (index * (span.to - span.from)) / 4);
  const share = (event: PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / width));
  };
  const brush = {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0 || (event.target as Element).closest("a")) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      setDrawn({ from: share(event), to: share(event) });
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => drawn && setDrawn({ from: drawn.from, to: share(event) }),
    onPointerUp: () => {
      if (drawn && Math.abs(drawn.to - drawn.from) > DRAWN) setZoom(part(span, drawn.from, drawn.to));
      setDrawn(null);
    },
    onPointerCancel: () => setDrawn(null),
  };
  const shown = (event: (typeof query.data.items)[number]) => {
    const from = Date.parse(event.timestamp);
    return overlaps(span, from, event.ended_at ? Date.parse(event.ended_at) : event.status === "open" ? now : from);
  };
  return (
    <figure className="flex flex-col gap-1.5 text-[0.8125rem]">
      <fieldset className="flex flex-wrap items-center gap-1.5">
        <legend className="sr-only">{t("night.part")}</legend>
        {[1, 6].map((hours) => (
          <Button key={hours} kind="quiet" onClick={() => setZoom({ from: now - hours * 3_600_000, to: now })}>
            {t("night.hours", { count: hours })}
          </Button>
        ))}
        <Button kind={zoom ? "quiet" : "on"} aria-pressed={!zoom} onClick={() => setZoom(null)}>
          {t("night.day")}
        </Button>
        <span className="text-xs text-muted">{t("night.draw")}</span>
      </fieldset>
      <ul className="flex flex-col gap-1">
        {cameras.map((camera) => (
          <li key={camera.id} className="grid grid-cols-[minmax(4.5rem,9rem)_minmax(0,1fr)] items-center gap-3">
            <Link to="/cameras/$cameraId" params={{ cameraId: camera.id }} className="truncate text-muted hover:text-text">
              {camera.name}
            </Link>
            <div data-testid="strip" className="relative h-7 cursor-crosshair touch-pan-y overflow-hidden rounded-sm bg-sunken" {...brush}>
              <ScoreStrip camera={camera.id} span={span} />
              {drawn && (
                <span
                  className="absolute inset-y-0 bg-text/15 outline outline-text/40"
                  style={{ left: `${100 * Math.min(drawn.from, drawn.to)}%`, width: `${100 * Math.abs(drawn.to - drawn.from)}%` }}
                />
              )}
              {query.data.items
                .filter((event) => event.camera_id === camera.id && shown(event))
                .map((event) => {
                  const left = at(event.timestamp);
                  const end = event.ended_at ? at(event.ended_at) : event.status === "open" ? 100 : left;
                  const away = event.subtype === "camera_offline";
                  const words = `${eventTitle(t, event)}, ${clockTime(event.timestamp)}${event.duration_s ? `, ${duration(event.duration_s)}` : ""}`;
                  return (
                    <Link
                      key={event.id}
                      to="/events/$eventId"
                      params={{ eventId: event.id }}
                      search={{ show: "all" }}
                      aria-label={words}
                      title={words}
                      className={cx(
                        "absolute inset-y-0.5 min-w-[4px] rounded-[2px] hover:z-10 hover:outline-2 hover:outline-text",
                        away
                          ? "bg-[repeating-linear-gradient(135deg,var(--line-strong)_0_2px,transparent_2px_6px)]"
                          : SEVERITY_BAR[event.severity],
                        event.acknowledged && !away && "opacity-45",
                      )}
                      style={{ left: `min(${left}%, calc(100% - 4px))`, width: `${Math.max(0, end - left)}%` }}
                    />
                  );
                })}
            </div>
          </li>
        ))}
      </ul>
      <div className="ml-[calc(min(9rem,30%)+0.75rem)] hidden justify-between text-xs text-faint sm:flex" aria-hidden>
        {ticks.map((tick) => (
          <span key={tick}>{clockTime(tick)}</span>
        ))}
      </div>
      {!query.data.total_is_exact || query.data.total > MOST ? (
        <figcaption className="text-xs text-muted">{t("night.newest", { count: MOST })}</figcaption>
      ) : null}
    </figure>
  );
}
