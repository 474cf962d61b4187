import { useQuery } from "@tanstack/react-query";
import { ChevronFirst, Download, Expand, Pause, Play, SkipBack, SkipForward, SquareDashed, Target } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { download, ticketed } from "@/api/media";
import { Button, IconButton } from "@/components/ui/button";
import { Failure, Loading } from "@/components/ui/states";
import { failed } from "@/components/ui/toast";
import { tokenColour } from "@/preferences";
import type { EventDetail } from "./cache";
import { beginningInClip } from "./curve";
import { Scrubber } from "./scrubber";
import { Thumbnail } from "./thumbnail";
import { useHotkeys } from "./use-hotkeys";

const RATES = [0.25, 0.5, 1, 2] as const;
const STEP_S = 1 / 15;
const NEAR_PEAK_S = 0.75;

/** The clip of an event with its score as the bar to move through it. */
export function ClipPlayer({ event }: { event: EventDetail }) {
  const { t } = useTranslation();
  const path = `/api/v1/events/${event.id}/clip`;
  // A ticket lives as long as a log-in; a player asks again whenever somebody seeks.
  const ticket = useQuery({ queryKey: ["ticket", path], queryFn: () => ticketed(path), enabled: event.has_clip, staleTime: 10 * 60_000 });
  if (event.media_deleted_at) return <Absent event={event} text={t("clip.deleted")} />;
  if (!event.has_clip) {
    const pending = event.status === "open" || (event.media_bytes === null && event.faults.length === 0 && event.kind !== "system");
    return <Absent event={event} text={t(event.kind === "system" ? "clip.system" : pending ? "clip.pending" : "clip.none")} />;
  }
  if (ticket.isPending) return <Loading className="aspect-video" />;
  if (ticket.isError) return <Failure error={ticket.error} retry={() => void ticket.refetch()} />;
  return <Player key={event.id} event={event} url={ticket.data} renew={() => void ticket.refetch()} />;
}

function Absent({ event, text }: { event: EventDetail; text: string }) {
  if (event.kind === "system") return null;
  return (
    <div id="clip" className="relative overflow-hidden rounded-lg bg-black">
      <Thumbnail event={event} className="aspect-video w-full bg-black" />
      <p className="absolute inset-x-0 bottom-0 bg-black/75 px-3 py-2 text-center text-sm text-white">{text}</p>
    </div>
  );
}

function Player({ event, url, renew }: { event: EventDetail; url: string; renew: () => void }) {
  const { t } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [length, setLength] = useState(0);
  const [time, setTime] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [rate, setRate] = useState<number>(1);
  const [boxed, setBoxed] = useState(true);
  const [broken, setBroken] = useState(false);
  const tries = useRef(0);
  const beginning = beginningInClip(event.score_curve ?? null, length);
  const peak = beginning === null ? null : beginning + (event.peak_s - event.onset_s);

  useEffect(() => {
    if (!playing) return;
    let frameId = 0;
    const follow = () => {
      if (video.current) setTime(video.current.currentTime);
      frameId = requestAnimationFrame(follow);
    };
    frameId = requestAnimationFrame(follow);
    return () => cancelAnimationFrame(frameId);
  }, [playing]);

  const seek = (to: number) => {
    if (!video.current) return;
    video.current.currentTime = Math.min(Math.max(0, to), length);
    setTime(video.current.currentTime);
  };
  const toggle = () => void (video.current?.paused ? video.current.play().catch(() => undefined) : video.current?.pause());
  const step = (by: number) => {
    video.current?.pause();
    seek((video.current?.currentTime ?? 0) + by);
  };
  const faster = (next: number) => {
    setRate(next);
    if (video.current) video.current.playbackRate = next;
  };
  useHotkeys({
    " ": toggle,
    ",": () => step(-STEP_S),
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    p: () => peak !== null && seek(peak),
  });

  const { box } = event;
  const showBox = boxed && box && peak !== null && Math.abs(time - peak) < NEAR_PEAK_S;
  return (
    <div id="clip" className="flex scroll-mt-4 flex-col overflow-hidden rounded-lg border border-line bg-surface">
      <div ref={frame} className="relative flex items-center justify-center bg-black">
        <video
          ref={video}
          src={url}
          playsInline
          muted
          preload="auto"
          aria-label={t("clip.label")}
          className="max-h-[62dvh] w-full bg-black object-contain"
          onClick={toggle}
          onLoadedMetadata={({ currentTarget }) => {
            setLength(currentTarget.duration);
            tries.current = 0;
            setBroken(false);
          }}
          onSeeked={({ currentTarget }) => setTime(currentTarget.currentTime)}
          onTimeUpdate={({ currentTarget }) => setTime(currentTarget.currentTime)}
          onPlay={() => setPlaying(true)}
          onPause={() => setPlaying(false)}
          onError={() => {
            tries.current += 1;
            if (tries.current <= 2) renew();
            else setBroken(true);
          }}
        />
        {showBox && <BoxOverlay video={video.current} box={box} />}
        {broken && (
          <p className="absolute inset-0 grid place-items-center bg-black/80 px-6 text-center text-sm text-white">{t("clip.broken")}</p>
        )}
      </div>
      {event.media_bytes === null && event.status !== "open" && (
        <p className="border-b border-line px-3 py-2 text-sm text-muted">{t("clip.growing")}</p>
      )}
      <Scrubber
        curve={event.score_curve ?? null}
        severity={event.severity}
        length={length}
        time={time}
        beginning={beginning}
        end={event.end_s === null ? null : event.end_s - event.onset_s}
        peak={peak}
        onSeek={seek}
      />
      <div className="flex flex-wrap items-center gap-1 px-2 py-1.5">
        <IconButton label={t(playing ? "clip.pause" : "clip.play")} onClick={toggle}>
          {playing ? <Pause className="size-5" aria-hidden /> : <Play className="size-5" aria-hidden />}
        </IconButton>
        <IconButton label={t("clip.to_start")} onClick={() => seek(0)}>
          <ChevronFirst className="size-4" aria-hidden />
        </IconButton>
        <IconButton label={t("clip.step_back")} onClick={() => step(-STEP_S)}>
          <SkipBack className="size-4" aria-hidden />
        </IconButton>
        <IconButton label={t("clip.step_on")} onClick={() => step(STEP_S)}>
          <SkipForward className="size-4" aria-hidden />
        </IconButton>
        {peak !== null && (
          <IconButton label={t("clip.to_peak")} onClick={() => seek(peak)}>
            <Target className="size-4" aria-hidden />
          </IconButton>
        )}
        <span className="px-1.5 text-[0.8125rem] text-muted">
          {seconds(time)} / {seconds(length)}
        </span>
        <label className="ml-auto">
          <span className="sr-only">{t("clip.rate")}</span>
          <select className="control min-h-8 w-auto py-0.5 text-sm" value={rate} onChange={(change) => faster(Number(change.target.value))}>
            {RATES.map((each) => (
              <option key={each} value={each}>
                {each}×
              </option>
            ))}
          </select>
        </label>
        {box && (
          <Button
            kind={boxed ? "on" : "quiet"}
            aria-pressed={boxed}
            aria-label={t("clip.box")}
            title={t("clip.box")}
            onClick={() => setBoxed(!boxed)}
            icon={<SquareDashed className="size-4" aria-hidden />}
          />
        )}
        <IconButton label={t("clip.download")} onClick={() => void download(`/api/v1/events/${event.id}/clip`).catch(failed)}>
          <Download className="size-4" aria-hidden />
        </IconButton>
        <IconButton label={t("live.full")} onClick={() => void frame.current?.requestFullscreen().catch(() => undefined)}>
          <Expand className="size-4" aria-hidden />
        </IconButton>
      </div>
    </div>
  );
}

const seconds = (value: number) => {
  const whole = Number.isFinite(value) ? value : 0;
  return `${Math.floor(whole / 60)}:${(whole % 60).toFixed(1).padStart(4, "0")}`;
};

/** Where it was most unusual, at its peak; over the picture itself, not over the bars beside it. */
function BoxOverlay({ video, box }: { video: HTMLVideoElement | null; box: NonNullable<EventDetail["box"]> }) {
  if (!video?.videoWidth) return null;
  const scale = Math.min(video.clientWidth / video.videoWidth, video.clientHeight / video.videoHeight);
  const [width, height] = [video.videoWidth * scale, video.videoHeight * scale];
  return (
    <div
      aria-hidden
      className="pointer-events-none absolute rounded-sm border-2"
      style={{
        borderColor: tokenColour("high"),
        left: (video.clientWidth - width) / 2 + box.left * width,
        top: (video.clientHeight - height) / 2 + box.top * height,
        width: (box.right - box.left) * width,
        height: (box.bottom - box.top) * height,
      }}
    />
  );
}
