import { CameraOff } from "lucide-react";
import { useEffect, useState } from "react";
import { fetchPicture } from "@/api/media";
import { cx } from "@/components/ui/cx";

const EVERY_MS = 15_000;

/** The newest picture of a camera now and then; none where the camera is not live. */
export function Snapshot({ camera, width, className }: { camera: string; width: number; className?: string }) {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    let shown: string | null = null;
    const look = async () => {
      if (document.visibilityState !== "visible") return;
      try {
        const next = (await fetchPicture(`/api/v1/cameras/${camera}/snapshot?width=${width}`, stop.signal)).url;
        if (shown) URL.revokeObjectURL(shown);
        shown = next;
        setUrl(next);
      } catch {
        if (!stop.signal.aborted) setUrl(null);
      }
    };
    void look();
    const timer = setInterval(() => void look(), EVERY_MS);
    return () => {
      stop.abort();
      clearInterval(timer);
      if (shown) URL.revokeObjectURL(shown);
    };
  }, [camera, width]);
  return (
    <span className={cx("flex shrink-0 items-center justify-center overflow-hidden rounded-sm bg-black text-white/60", className)}>
      {url ? <img src={url} alt="" className="size-full object-cover" /> : <CameraOff className="size-5" strokeWidth={1.5} aria-hidden />}
    </span>
  );
}
