import { Link } from "@tanstack/react-router";
import { Check, Lock, StickyNote } from "lucide-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { cx } from "@/components/ui/cx";
import { SEVERITY_BAR, SeverityIcon } from "@/components/ui/severity";
import { duration, eventTime, fullTime } from "@/i18n/format";
import type { EventRow } from "./cache";
import { Thumbnail } from "./thumbnail";
import { eventTitle } from "./words";

type Props = {
  event: EventRow;
  now: number;
  open: boolean;
  chosen: boolean;
  onChoose: ((id: string, chosen: boolean, range: boolean) => void) | undefined;
};

const KEEP = <T,>(search: T): T => search;

export const EventRowView = memo(function EventRowView({ event, now, open, chosen, onChoose }: Props) {
  const { t } = useTranslation();
  const title = eventTitle(t, event);
  const seen = event.acknowledged;
  return (
    <div
      data-event={event.id}
      className={cx(
        "group relative flex h-full items-stretch border-b border-line",
        open ? "bg-accent-quiet" : "hover:bg-raised",
        chosen && !open && "bg-raised",
      )}
    >
      <span className={cx("w-1 shrink-0", SEVERITY_BAR[event.severity], seen && "opacity-35")} aria-hidden />
      {onChoose && (
        <label
          className={cx(
            "absolute top-1/2 left-2.5 z-10 -translate-y-1/2 rounded-sm bg-surface p-1.5 transition-opacity duration-100",
            chosen ? "opacity-100" : "opacity-0 group-hover:opacity-100 has-focus-visible:opacity-100",
          )}
        >
          <span className="sr-only">{t("events.choose", { what: title })}</span>
          <input
            type="checkbox"
            className="block size-4 accent-accent"
            checked={chosen}
            onChange={(change) => onChoose(event.id, change.target.checked, (change.nativeEvent as MouseEvent).shiftKey)}
          />
        </label>
      )}
      <Link
        to="/events/$eventId"
        params={{ eventId: event.id }}
        search={KEEP}
        aria-current={open ? "true" : undefined}
        className="flex min-w-0 flex-1 items-center gap-3 px-3 py-2 focus-visible:-outline-offset-2"
      >
        <Thumbnail event={event} className={cx("aspect-video h-14", seen && "opacity-65")} />
        <span className="flex min-w-0 flex-1 flex-col">
          <span className="flex items-center gap-1.5">
            <SeverityIcon severity={event.severity} />
            <span className={cx("truncate", seen ? "text-muted" : "font-semibold")}>{title}</span>
          </span>
          <span className="truncate text-[0.8125rem] text-muted">{event.camera_name ?? t("events.site")}</span>
          <span className="flex items-center gap-1.5 truncate text-[0.8125rem] text-faint">
            <time dateTime={event.timestamp} title={fullTime(event.timestamp)}>
              {eventTime(event.timestamp, now)}
            </time>
            {event.status === "open" ? (
              <span className="font-semibold text-text">{t("events.going_on")}</span>
            ) : event.duration_s !== null && event.duration_s > 0 ? (
              <span>{duration(event.duration_s)}</span>
            ) : null}
          </span>
        </span>
        <span className="flex shrink-0 flex-col items-end gap-1 text-xs text-muted">
          {event.review !== "new" && (
            <span className="rounded-sm bg-raised px-1.5 py-0.5 group-hover:bg-surface">{t(`review.${event.review}`)}</span>
          )}
          <span className="flex gap-1.5">
            {event.note && <StickyNote role="img" aria-label={t("events.has_note")} className="size-3.5" />}
            {event.locked && <Lock role="img" aria-label={t("events.locked")} className="size-3.5" />}
            {seen && <Check role="img" aria-label={t("events.acknowledged")} className="size-3.5" />}
          </span>
        </span>
      </Link>
    </div>
  );
});
