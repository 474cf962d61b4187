import { createFileRoute, Link } from "@tanstack/react-router";
import { Camera as CameraIcon, Download, Ellipsis, Play, Plus, Square } from "lucide-react";
import { useTranslation } from "react-i18next";
import { saveAs } from "@/api/media";
import { Button, buttonClass, IconButton } from "@/components/ui/button";
import { Menu, MenuItem } from "@/components/ui/menu";
import { Page } from "@/components/ui/page";
import { SeverityIcon } from "@/components/ui/severity";
import { Empty, Failure, Skeleton } from "@/components/ui/states";
import { failed } from "@/components/ui/toast";
import { setRunning } from "@/features/cameras/mutations";
import { type Camera, useCameras } from "@/features/cameras/queries";
import { Snapshot } from "@/features/cameras/snapshot";
import { LearningBar, StateMark } from "@/features/cameras/state-mark";
import { eventTitle } from "@/features/events/words";
import { atLeast, useMe } from "@/features/session/use-session";
import { useNow } from "@/features/shell/use-now";
import { eventTime, fullTime, number } from "@/i18n/format";

export const Route = createFileRoute("/_app/cameras/")({ component: CamerasPage });

function CamerasPage() {
  const { t } = useTranslation();
  const me = useMe();
  const { cameras, data, error, isPending, refetch } = useCameras();
  const admin = me.role === "admin";
  return (
    <Page
      title={t("nav.cameras")}
      actions={
        admin && (
          <>
            {cameras.length > 0 && (
              <Button
                icon={<Download className="size-4" aria-hidden />}
                onClick={() => void saveAs("/api/v1/cameras/export?format=yaml", "cameras.yaml").catch(failed)}
              >
                {t("cameras.export")}
              </Button>
            )}
            <Link to="/cameras/new" className={buttonClass("primary")}>
              <Plus className="size-4" aria-hidden />
              {t("cameras.add")}
            </Link>
          </>
        )
      }
    >
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : isPending ? (
        <Skeleton className="h-40" />
      ) : cameras.length === 0 ? (
        <div className="panel">
          <Empty icon={<CameraIcon strokeWidth={1.5} />} title={t("live.none_title")}>
            {t(admin ? "live.none_admin" : "live.none_other")}
          </Empty>
        </div>
      ) : (
        <ul className="panel divide-y divide-line">
          {cameras.map((camera) => (
            <CameraRow key={camera.id} camera={camera} />
          ))}
        </ul>
      )}
      {data?.unreadable?.map((camera) => (
        <p key={camera.id} className="rounded-md bg-high-quiet px-3 py-2 text-sm text-high">
          {t("cameras.unreadable", { name: camera.name })} {camera.error}
        </p>
      ))}
    </Page>
  );
}

function CameraRow({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const now = useNow(15_000);
  const { status } = camera;
  const event = status.last_event;
  const running = camera.enabled && status.state !== "stopped";
  return (
    <li className="flex items-center gap-3 px-3 py-3 md:gap-4 md:px-4">
      <Link to="/cameras/$cameraId" params={{ cameraId: camera.id }} tabIndex={-1} aria-hidden className="shrink-0">
        <Snapshot camera={camera.id} width={240} className="aspect-video h-14 md:h-16" />
      </Link>
      <div className="grid min-w-0 flex-1 gap-x-6 gap-y-1 md:grid-cols-[minmax(0,1.3fr)_minmax(0,1fr)_minmax(0,1.2fr)] md:items-center">
        <div className="min-w-0">
          <Link to="/cameras/$cameraId" params={{ cameraId: camera.id }} className="block truncate font-semibold hover:underline">
            {camera.name}
          </Link>
          <p className="truncate text-[0.8125rem] text-muted">{camera.source ?? t(`source.${camera.source_kind as "rtsp"}`)}</p>
        </div>
        <div className="min-w-0">
          <StateMark camera={camera} />
          {status.state === "learning" ? (
            <LearningBar share={status.learning} />
          ) : status.cause ? (
            <p className="truncate text-[0.8125rem] text-muted" title={status.cause}>
              {status.cause}
            </p>
          ) : status.state === "watching" ? (
            <p className="text-[0.8125rem] text-muted">{t("cameras.fps", { fps: number(status.fps, 1) })}</p>
          ) : null}
        </div>
        <div className="hidden min-w-0 text-[0.8125rem] text-muted md:block">
          {event ? (
            <Link to="/events/$eventId" params={{ eventId: event.id }} className="flex min-w-0 items-center gap-1.5 hover:underline">
              <SeverityIcon severity={event.severity} />
              <span className="truncate">{eventTitle(t, event)}</span>
              <time className="shrink-0" dateTime={event.timestamp} title={fullTime(event.timestamp)}>
                {eventTime(event.timestamp, now)}
              </time>
            </Link>
          ) : (
            t("cameras.no_event")
          )}
        </div>
      </div>
      {atLeast(camera.level, "control") && (
        <Menu
          trigger={
            <IconButton label={t("live.more", { name: camera.name })}>
              <Ellipsis className="size-4" aria-hidden />
            </IconButton>
          }
        >
          <MenuItem onSelect={() => void setRunning(camera.id, !running).catch(failed)}>
            {running ? <Square aria-hidden /> : <Play aria-hidden />}
            {t(running ? "cameras.stop" : "cameras.start")}
          </MenuItem>
        </Menu>
      )}
    </li>
  );
}
