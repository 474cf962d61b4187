import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { cx } from "@/components/ui/cx";
import { Fault, Skeleton } from "@/components/ui/states";
import { clockSeconds, dateTime, duration, fullTime } from "@/i18n/format";
import type { EventDetail } from "./cache";
import { deliveriesQuery } from "./queries";

const LOOK: Record<string, string> = { dead: "text-critical", pending: "text-medium", sent: "text-text" };

/** Who was told, and when they got it. */
export function Told({ event }: { event: EventDetail }) {
  const { t } = useTranslation();
  const { data, error, isPending } = useQuery(deliveriesQuery(event.id));
  if (isPending) return <Skeleton className="h-8" />;
  if (error) return <Fault error={error} />;
  if (data.deliveries.length === 0) return <p className="text-sm text-muted">{t("told.nobody")}</p>;
  return (
    <ul className="flex flex-col divide-y divide-line text-sm">
      {data.deliveries.map((delivery) => (
        <li key={delivery.id} className="flex flex-wrap items-baseline gap-x-3 py-2 first:pt-0 last:pb-0">
          <span className="min-w-0 flex-1">
            <span className="font-medium">{delivery.channel ?? t("told.channel_gone")}</span>
            {(delivery.target || delivery.mine) && (
              <span className="ml-2 text-muted">{delivery.mine ? t("told.you") : delivery.target}</span>
            )}
          </span>
          <span className="text-muted">{t(`notice.${delivery.kind}`)}</span>
          <span className={cx("font-medium", LOOK[delivery.state] ?? "text-muted")}>{t(`delivery.${delivery.state}`)}</span>
          <time
            className="text-muted"
            dateTime={delivery.finished_at ?? delivery.due_at}
            title={fullTime(delivery.finished_at ?? delivery.due_at)}
          >
            {clockSeconds(delivery.finished_at ?? delivery.due_at)}
          </time>
          {delivery.error && <p className="w-full text-[0.8125rem] text-critical">{delivery.error}</p>}
        </li>
      ))}
    </ul>
  );
}

/** What happened to the event, oldest first; only what the server says of it. */
export function History({ event }: { event: EventDetail }) {
  const { t } = useTranslation();
  const somebody = t("history.somebody");
  const steps: [string, string][] = [[event.timestamp, t("history.began")]];
  if (event.ended_at)
    steps.push([
      event.ended_at,
      event.status === "interrupted"
        ? t("history.interrupted")
        : event.duration_s
          ? t("history.ended_after", { time: duration(event.duration_s) })
          : t("history.ended"),
    ]);
  if (event.acknowledged_at)
    steps.push([event.acknowledged_at, t("history.acknowledged", { name: event.acknowledged_by_name ?? somebody })]);
  if (event.reviewed_at)
    steps.push([
      event.reviewed_at,
      t("history.reviewed", { name: event.reviewed_by_name ?? somebody, review: t(`review.${event.review}`) }),
    ]);
  if (event.media_deleted_at) steps.push([event.media_deleted_at, t("history.media_deleted")]);
  return (
    <ol className="flex flex-col gap-2 text-sm">
      {steps
        .sort(([one], [two]) => Date.parse(one) - Date.parse(two))
        .map(([at, text]) => (
          <li key={text} className="flex gap-3">
            <time dateTime={at} title={fullTime(at)} className="w-28 shrink-0 text-muted">
              {dateTime(at)}
            </time>
            <span>{text}</span>
          </li>
        ))}
    </ol>
  );
}
