import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, take } from "@/api/client";
import { cx } from "@/components/ui/cx";
import { SEVERITY_BAR } from "@/components/ui/severity";
import { Fault, Skeleton } from "@/components/ui/states";
import { useCameras } from "@/features/cameras/queries";
import { eventTitle } from "@/features/events/words";
import { useNow } from "@/features/shell/use-now";
import { clockTime, duration } from "@/i18n/format";
import { ScoreStrip } from "./score-strip";

const HOURS = 24;
const MOST = 500;

/** The last day at a glance: how unusual each camera was, with a mark for each event. */
export function Night() {
  const { t } = useTranslation();
  const now = useNow(60_000);
  const { cameras } = useCameras();
  const query = useQuery({
    queryKey: ["counts", "night"],
    queryFn: ({ signal }) => {
      const since = new Date(Date.now() - HOURS * 3_600_000).toISOString();
      return take(api.GET("/api/v1/events", { params: { query: { since, limit: MOST } }, signal }));
    },
    refetchInterval: 60_000,
  });
  if (query.isPending) return <Skeleton className="h-32" />;
  if (query.isError) return <Fault error={query.error} />;
  const begin = now - HOURS * 3_600_000;
  const at = (moment: string) => Math.min(100, Math.max(0, (100 * (Date.parse(moment) - begin)) / (HOURS * 3_600_000)));
  const ticks = [...Array(5).keys()].map((index) => begin + (index * HOURS * 3_600_000) / 4);
  return (
    <figure className="flex flex-col gap-1.5 text-[0.8125rem]">
      <ul className="flex flex-col gap-1">
        {cameras.map((camera) => (
          <li key={camera.id} className="grid grid-cols-[minmax(4.5rem,9rem)_minmax(0,1fr)] items-center gap-3">
            <Link to="/cameras/$cameraId" params={{ cameraId: camera.id }} className="truncate text-muted hover:text-text">
              {camera.name}
            </Link>
            <div className="relative h-7 overflow-hidden rounded-sm bg-sunken">
              <ScoreStrip camera={camera.id} />
              {query.data.items
                .filter((event) => event.camera_id === camera.id)
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
