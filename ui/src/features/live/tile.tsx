import { Link } from "@tanstack/react-router";
import {
  Camera as CameraIcon,
  CirclePause,
  CloudOff,
  Ellipsis,
  Expand,
  LoaderCircle,
  Maximize2,
  Minimize2,
  Move,
  Unplug,
} from "lucide-react";
import { type DragEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { fetchPicture } from "@/api/media";
import { IconButton } from "@/components/ui/button";
import { cx } from "@/components/ui/cx";
import { Menu, MenuItem } from "@/components/ui/menu";
import { SeverityBadge } from "@/components/ui/severity";
import { failed } from "@/components/ui/toast";
import { awaySince } from "@/features/cameras/away";
import type { Camera } from "@/features/cameras/queries";
import { eventTitle } from "@/features/events/words";
import { useNow } from "@/features/shell/use-now";
import { dateTime, duration, percent } from "@/i18n/format";
import type { OpenEvent } from "./open-events";
import { HeatOverlay, ZonesOverlay } from "./overlays";
import type { PlayerState } from "./player";
import { Sparkline } from "./sparkline";
import { useVisible } from "./use-visible";
import { LiveVideo } from "./video";

export type TileProps = {
  camera: Camera;
  event: OpenEvent | undefined;
  heat: boolean;
  zones: boolean;
  scores: boolean;
  alone: boolean;
  /** It takes four places while something goes on there. */
  large?: boolean;
  onAlone: (() => void) | undefined;
  onMove?: (by: -1 | 1) => void;
  onDrop?: (from: string) => void;
};

const RING = { critical: "ring-critical", high: "ring-high", medium: "ring-medium", low: "ring-low" } as const;
const DRAGGED = "application/x-haetae-camera";

export function Tile({ camera, event, heat, zones, scores, alone, large, onAlone, onMove, onDrop }: TileProps) {
  const tile = useRef<HTMLElement>(null);
  const visible = useVisible(tile);
  const [video, setVideo] = useState<PlayerState>({ kind: "connecting" });
  const [target, setTarget] = useState(false);
  const runs = camera.enabled && camera.status.state !== "stopped";
  const live = runs && visible && video.kind === "playing";
  const ratio = video.kind === "playing" ? video.width / video.height : 16 / 9;

  const drag = onDrop && {
    draggable: true,
    onDragStart: (drag: DragEvent) => drag.dataTransfer.setData(DRAGGED, camera.id),
    onDragOver: (drag: DragEvent) => {
      if (!drag.dataTransfer.types.includes(DRAGGED)) return;
      drag.preventDefault();
      setTarget(true);
    },
    onDragLeave: () => setTarget(false),
    onDrop: (drag: DragEvent) => {
      drag.preventDefault();
      setTarget(false);
      onDrop(drag.dataTransfer.getData(DRAGGED));
    },
  };

  return (
    <section
      ref={tile}
      aria-label={camera.name}
      data-camera={camera.id}
      data-live={live || undefined}
      {...drag}
      className={cx(
        "group relative flex aspect-video min-w-0 items-center justify-center overflow-hidden rounded-md bg-black text-white md:aspect-auto md:min-h-0 [container-type:size]",
        event ? `ring-3 ring-inset ${RING[event.severity]}` : "ring-1 ring-line ring-inset",
        target && "outline-2 outline-accent",
        large && "order-first md:col-span-2 md:row-span-2",
      )}
    >
      <div className="relative" style={{ width: `min(100cqw, calc(100cqh * ${ratio}))`, aspectRatio: ratio }}>
        <LiveVideo camera={camera.id} name={camera.name} active={visible && runs} onState={setVideo} />
        {live && heat && <HeatOverlay camera={camera.id} />}
        {live && zones && <ZonesOverlay zones={camera.zones} />}
      </div>
      {!live && <Absence camera={camera} video={video} event={event} />}
      {event && <div className={cx("pointer-events-none absolute inset-0 rounded-md ring-3 ring-inset", RING[event.severity])} />}
      <Caption camera={camera} live={live} event={event} />
      {scores && live && camera.status.state === "watching" && (
        <Sparkline
          camera={camera.id}
          className="pointer-events-none absolute right-2.5 bottom-2.5 h-8 w-[min(35%,9rem)] rounded-sm bg-black/55"
        />
      )}
      <Toolbar camera={camera} live={live} tile={tile} alone={alone} onAlone={onAlone} onMove={onMove} />
    </section>
  );
}

function Caption({ camera, live, event }: { camera: Camera; live: boolean; event: OpenEvent | undefined }) {
  const { t } = useTranslation();
  const now = useNow(1000);
  const { state, learning, armed } = camera.status;
  return (
    <div className="pointer-events-none absolute inset-x-0 top-0 flex flex-wrap items-center gap-x-2 gap-y-1 bg-linear-to-b from-black/75 to-black/0 px-2.5 pt-2 pb-5 text-[0.8125rem]">
      <span className={cx("size-2 shrink-0 rounded-full", live ? "bg-[#5fd4bd]" : "border border-white/70")} aria-hidden />
      <span className="min-w-0 truncate font-semibold [text-shadow:0_1px_2px_rgb(0_0_0/0.8)]">{camera.name}</span>
      {live && state !== "watching" && (
        <span className="rounded-sm bg-black/60 px-1.5 text-white/90">
          {state === "learning" ? t("state.learning_share", { share: percent(learning) }) : t(`state.${state}`)}
        </span>
      )}
      {live && state === "watching" && !armed && <span className="rounded-sm bg-black/60 px-1.5 text-white/90">{t("live.disarmed")}</span>}
      {event && (
        <Link
          to="/events/$eventId"
          params={{ eventId: event.id }}
          className="pointer-events-auto flex items-center gap-1.5 rounded-sm bg-black/75 py-0.5 pr-2 pl-0.5 hover:underline"
        >
          <SeverityBadge severity={event.severity} />
          {eventTitle(t, event)}
          <span className="text-white/80">{duration((now - Date.parse(event.timestamp)) / 1000)}</span>
        </Link>
      )}
    </div>
  );
}

/** In the place of a picture: why there is none. */
function Absence({ camera, video, event }: { camera: Camera; video: PlayerState; event: OpenEvent | undefined }) {
  const { t } = useTranslation();
  const now = useNow(5000);
  const { state, cause, last_frame_at } = camera.status;
  const since = awaySince(camera.status, event);
  const age = since ? duration((now - since) / 1000) : null;
  let icon: ReactNode = <LoaderCircle className="animate-spin" />;
  let title = t("live.connecting");
  let detail: string | null = null;
  if (!camera.enabled || state === "stopped") {
    icon = <CirclePause />;
    title = t("state.stopped");
  } else if (state === "offline" || state === "failed" || event?.subtype === "camera_offline" || video.kind === "offline") {
    icon = <Unplug />;
    title = age ? t("live.offline_for", { time: age }) : t("state.offline");
    detail = cause || (last_frame_at ? t("live.last_picture", { time: dateTime(last_frame_at) }) : null);
  } else if (video.kind === "busy") {
    icon = <CloudOff />;
    title = t("live.busy");
  } else if (video.kind === "gone") {
    icon = <CloudOff />;
    title = t("error.unknown_camera");
  }
  return (
    <div className="absolute inset-0 flex flex-col items-center justify-center gap-1.5 bg-[repeating-linear-gradient(135deg,#15181b_0_10px,#101214_10px_20px)] px-6 text-center">
      <span className="text-white/60 [&>svg]:size-6" aria-hidden>
        {icon}
      </span>
      <p className="text-sm font-semibold">{title}</p>
      {detail && <p className="line-clamp-2 max-w-xs text-xs text-white/75">{detail}</p>}
    </div>
  );
}

type ToolbarProps = Pick<TileProps, "camera" | "alone" | "onAlone" | "onMove"> & {
  live: boolean;
  tile: React.RefObject<HTMLElement | null>;
};

function Toolbar({ camera, live, tile, alone, onAlone, onMove }: ToolbarProps) {
  const { t } = useTranslation();
  const [full, setFull] = useState(false);
  useEffect(() => {
    const follow = () => setFull(document.fullscreenElement === tile.current);
    document.addEventListener("fullscreenchange", follow);
    return () => document.removeEventListener("fullscreenchange", follow);
  }, [tile]);

  const toggleFull = () => void (full ? document.exitFullscreen() : tile.current?.requestFullscreen().catch(() => undefined));
  const snapshot = async () => {
    try {
      const { url } = await fetchPicture(`/api/v1/cameras/${camera.id}/snapshot`);
      const link = document.createElement("a");
      link.href = url;
      link.download = `${camera.name} ${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.jpg`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    } catch (error) {
      failed(error);
    }
  };

  return (
    <div className="absolute bottom-1.5 left-1.5 flex gap-1 opacity-0 transition-opacity duration-100 group-focus-within:opacity-100 group-hover:opacity-100 [@media(hover:none)]:opacity-100">
      {onAlone && (
        <IconButton size="sm" kind="picture" label={alone ? t("live.all_cameras") : t("live.alone")} onClick={onAlone}>
          {alone ? <Minimize2 className="size-4" aria-hidden /> : <Maximize2 className="size-4" aria-hidden />}
        </IconButton>
      )}
      <IconButton size="sm" kind="picture" label={full ? t("live.leave_full") : t("live.full")} onClick={toggleFull}>
        <Expand className="size-4" aria-hidden />
      </IconButton>
      <Menu
        trigger={
          <IconButton size="sm" kind="picture" label={t("live.more", { name: camera.name })}>
            <Ellipsis className="size-4" aria-hidden />
          </IconButton>
        }
      >
        <MenuItem disabled={!live} onSelect={() => void snapshot()}>
          <CameraIcon aria-hidden />
          {t("live.snapshot")}
        </MenuItem>
        {onMove && (
          <>
            <MenuItem onSelect={() => onMove(-1)}>
              <Move aria-hidden />
              {t("live.move_back")}
            </MenuItem>
            <MenuItem onSelect={() => onMove(1)}>
              <Move aria-hidden />
              {t("live.move_on")}
            </MenuItem>
          </>
        )}
        <div className="border-t border-line pt-1 mt-1">
          <Link to="/events" search={{ camera: [camera.id] }} className="flex min-h-9 items-center rounded-md px-2.5 hover:bg-raised">
            {t("live.events_of")}
          </Link>
          <Link
            to="/cameras/$cameraId"
            params={{ cameraId: camera.id }}
            className="flex min-h-9 items-center rounded-md px-2.5 hover:bg-raised"
          >
            {t("live.camera_page")}
          </Link>
        </div>
      </Menu>
    </div>
  );
}
