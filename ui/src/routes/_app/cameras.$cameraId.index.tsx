import { useQuery } from "@tanstack/react-query";
import { createFileRoute, Link } from "@tanstack/react-router";
import { GraduationCap, Play, Square } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Section } from "@/components/ui/page";
import { SeverityIcon } from "@/components/ui/severity";
import { Fault, Skeleton } from "@/components/ui/states";
import { done, failed } from "@/components/ui/toast";
import { relearn, setRunning } from "@/features/cameras/mutations";
import type { Camera } from "@/features/cameras/queries";
import { LearningBar } from "@/features/cameras/state-mark";
import { useCamera } from "@/features/cameras/use-camera";
import { fetchPage } from "@/features/events/queries";
import { eventTitle } from "@/features/events/words";
import { useOpenEvents } from "@/features/live/open-events";
import { Tile } from "@/features/live/tile";
import { atLeast } from "@/features/session/use-session";
import { useNow } from "@/features/shell/use-now";
import { duration, eventTime, fullTime, number, percent } from "@/i18n/format";

export const Route = createFileRoute("/_app/cameras/$cameraId/")({ component: Overview });

function Overview() {
  const { t } = useTranslation();
  const camera = useCamera();
  const events = useOpenEvents();
  return (
    <div className="grid gap-5 lg:grid-cols-[minmax(0,1.7fr)_minmax(0,1fr)]">
      <div className="flex min-w-0 flex-col gap-5">
        <div className="aspect-video [&>section]:h-full">
          <Tile camera={camera} event={events.get(camera.id)} heat={false} zones scores alone={false} onAlone={undefined} />
        </div>
        <RecentEvents camera={camera} />
      </div>
      <div className="flex min-w-0 flex-col gap-5">
        <Learning camera={camera} />
        <Section title={t("camera.health")}>
          <Numbers camera={camera} />
        </Section>
      </div>
    </div>
  );
}

function Learning({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const { state, learning } = camera.status;
  const running = camera.enabled && state !== "stopped";
  const whole = camera.learning_s;
  return (
    <Section title={t("camera.learning_title")}>
      <div className="flex flex-col gap-3 text-sm">
        {learning < 1 ? (
          <>
            <LearningBar share={learning} />
            <p>
              {whole
                ? t("camera.learning_seen", { seen: duration(learning * whole), whole: duration(whole), share: percent(learning) })
                : t("camera.learning_share", { share: percent(learning) })}
            </p>
            <p className="text-muted">{t("camera.learning_quiet")}</p>
          </>
        ) : (
          <p>{t("camera.learned", { count: camera.false_alarms_per_day, rate: number(camera.false_alarms_per_day, 2) })}</p>
        )}
        {camera.status.cause && <p className="text-muted">{camera.status.cause}</p>}
        <div className="flex flex-wrap gap-2">
          {atLeast(camera.level, "control") && (
            <Button
              icon={running ? <Square className="size-4" aria-hidden /> : <Play className="size-4" aria-hidden />}
              onClick={() => void setRunning(camera.id, !running).catch(failed)}
            >
              {t(running ? "cameras.stop" : "cameras.start")}
            </Button>
          )}
          {atLeast(camera.level, "admin") && (
            <Button icon={<GraduationCap className="size-4" aria-hidden />} onClick={() => setAsking(true)}>
              {t("camera.relearn")}
            </Button>
          )}
        </div>
      </div>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={t("camera.relearn_title", { name: camera.name })}
        action={t("camera.relearn")}
        danger
        onConfirm={async () => {
          await relearn(camera.id);
          done(t("camera.relearn_done"));
        }}
      >
        {t("camera.relearn_text")}
      </Confirm>
    </Section>
  );
}

function Numbers({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const now = useNow(5000);
  const { status } = camera;
  const dropped = Object.entries(status.frames.dropped).filter(([, count]) => count > 0);
  const dash = <span title={t("camera.not_known")}>–</span>;
  const rows: [string, ReactNode][] = [
    [
      t("camera.last_picture"),
      status.last_frame_at ? (
        <time key="t" dateTime={status.last_frame_at} title={fullTime(status.last_frame_at)}>
          {eventTime(status.last_frame_at, now)}
        </time>
      ) : (
        dash
      ),
    ],
    [
      t("camera.looked_at"),
      status.state === "watching" || status.state === "learning" ? t("cameras.fps", { fps: number(status.fps, 1) }) : dash,
    ],
    [t("camera.latency"), status.latency_s === null ? dash : t("camera.seconds", { time: number(status.latency_s, 2) })],
    [t("camera.frames"), number(status.frames.read)],
    [t("camera.analysed"), number(status.frames.analysed)],
    [t("camera.dropped"), dropped.length === 0 ? number(0) : dropped.map(([reason, count]) => `${number(count)} (${reason})`).join(", ")],
    [t("camera.reconnects"), number(status.reconnects)],
    [t("camera.events"), number(status.events)],
  ];
  return (
    <dl className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 gap-y-1.5 text-sm">
      {rows.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="text-right">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function RecentEvents({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const now = useNow(15_000);
  const search = { show: "all", camera: [camera.id] } as const;
  const { data, error, isPending } = useQuery({
    queryKey: ["events", "recent", camera.id, camera.status.events],
    queryFn: ({ signal }) => fetchPage({ ...search, camera: [camera.id] }, null, signal),
    placeholderData: (before) => before,
  });
  const items = data?.items.slice(0, 6) ?? [];
  return (
    <Section
      title={t("camera.recent")}
      actions={
        <Link to="/events" search={{ ...search, camera: [camera.id] }} className="text-sm text-accent hover:underline">
          {t("camera.all_events")}
        </Link>
      }
    >
      {isPending ? (
        <Skeleton className="h-16" />
      ) : error ? (
        <Fault error={error} />
      ) : items.length === 0 ? (
        <p className="text-sm text-muted">{t("cameras.no_event")}</p>
      ) : (
        <ul className="-my-1.5 divide-y divide-line text-sm">
          {items.map((event) => (
            <li key={event.id}>
              <Link to="/events/$eventId" params={{ eventId: event.id }} className="flex items-center gap-2 py-2 hover:underline">
                <SeverityIcon severity={event.severity} />
                <span className="min-w-0 flex-1 truncate">{eventTitle(t, event)}</span>
                {event.review !== "new" && <span className="text-muted">{t(`review.${event.review}`)}</span>}
                <time className="text-muted" dateTime={event.timestamp} title={fullTime(event.timestamp)}>
                  {eventTime(event.timestamp, now)}
                </time>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
