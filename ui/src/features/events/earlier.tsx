import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, take } from "@/api/client";
import { SeverityIcon } from "@/components/ui/severity";
import { Fault, Skeleton } from "@/components/ui/states";
import { dateTime, fullTime } from "@/i18n/format";
import type { EventDetail } from "./cache";
import { Thumbnail } from "./thumbnail";
import { eventTitle } from "./words";

const SHOWN = 6;

/** What happened at this camera before, and what people made of it. */
export function Earlier({ event }: { event: EventDetail }) {
  const { t } = useTranslation();
  const { data, error, isPending } = useQuery({
    queryKey: ["events", "earlier", event.id],
    queryFn: ({ signal }) => {
      const query = { camera_id: [event.camera_id], kind: [event.kind], until: event.timestamp, limit: SHOWN };
      return take(api.GET("/api/v1/events", { params: { query }, signal }));
    },
    staleTime: 60_000,
  });
  if (isPending) return <Skeleton className="h-16" />;
  if (error) return <Fault error={error} />;
  if (data.items.length === 0) return <p className="text-sm text-muted">{t("earlier.none")}</p>;
  return (
    <ul className="grid grid-cols-[repeat(auto-fill,minmax(8.5rem,1fr))] gap-3">
      {data.items.map((each) => (
        <li key={each.id}>
          <Link
            to="/events/$eventId"
            params={{ eventId: each.id }}
            search={(search) => search}
            className="group flex flex-col gap-1 rounded-md text-[0.8125rem]"
          >
            <Thumbnail event={each} className="aspect-video w-full" />
            <span className="flex items-center gap-1.5 group-hover:underline">
              <SeverityIcon severity={each.severity} />
              <span className="truncate">{eventTitle(t, each)}</span>
            </span>
            <span className="text-xs text-muted">
              <time dateTime={each.timestamp} title={fullTime(each.timestamp)}>
                {dateTime(each.timestamp)}
              </time>
              <span className="block">
                {each.review === "new" ? t(each.acknowledged ? "events.acknowledged" : "earlier.undecided") : t(`review.${each.review}`)}
              </span>
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
