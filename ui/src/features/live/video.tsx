import { useEffect, useRef, useState } from "react";
import { cx } from "@/components/ui/cx";
import { LivePictures } from "./pictures";
import { LivePlayer, type PlayerState } from "./player";

type Props = { camera: string; name: string; active: boolean; onState: (state: PlayerState) => void; className?: string };

/** A camera's living picture: video, or pictures where it cannot be played. Shows nothing rather than something old. */
export function LiveVideo({ camera, name, active, onState, className }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const image = useRef<HTMLImageElement>(null);
  const [way, setWay] = useState<"video" | "pictures">("video");
  const [playing, setPlaying] = useState(false);
  const say = useRef(onState);
  say.current = onState;

  useEffect(() => {
    if (!active) return;
    const tell = (state: PlayerState) => {
      setPlaying(state.kind === "playing");
      if (state.kind === "pictures") setWay("pictures");
      else say.current(state);
    };
    if (way === "video" && video.current) {
      const player = new LivePlayer(video.current, camera, tell);
      return () => player.end();
    }
    if (way === "pictures" && image.current) {
      const pictures = new LivePictures(
        image.current,
        camera,
        Math.min(1920, Math.max(320, Math.ceil(image.current.clientWidth * devicePixelRatio))),
        tell,
      );
      return () => pictures.end();
    }
  }, [active, camera, way]);

  const shared = cx("absolute inset-0 size-full object-fill", className, (!playing || !active) && "invisible");
  return way === "video" ? (
    <video ref={video} muted playsInline autoPlay aria-label={name} className={shared} data-live={playing ? "video" : undefined} />
  ) : (
    <img ref={image} alt={name} className={shared} data-live={playing ? "pictures" : undefined} />
  );
}
