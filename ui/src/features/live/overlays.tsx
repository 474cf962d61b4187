import { useEffect, useState } from "react";
import type { Schemas } from "@/api/client";
import { fetchPicture } from "@/api/media";

const EVERY_MS = 500;

/** Where the newest picture is unusual, laid over it. */
export function HeatOverlay({ camera }: { camera: string }) {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    let shown: string | null = null;
    const run = async () => {
      while (!stop.signal.aborted) {
        try {
          const next = (await fetchPicture(`/api/v1/cameras/${camera}/heatmap?format=png`, stop.signal)).url;
          if (shown) URL.revokeObjectURL(shown);
          shown = next;
          setUrl(next);
        } catch {
          setUrl(null);
        }
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      }
    };
    void run();
    return () => {
      stop.abort();
      if (shown) URL.revokeObjectURL(shown);
    };
  }, [camera]);
  return url ? <img src={url} alt="" className="pointer-events-none absolute inset-0 size-full opacity-80" /> : null;
}

const LINES = { include: "var(--accent)", exclude: "var(--low)", privacy: "var(--text)" } as const;

/** What is looked at, left out or blackened. */
export function ZonesOverlay({ zones }: { zones: readonly Schemas["ZoneModel"][] }) {
  return (
    <svg
      viewBox="0 0 1 1"
      preserveAspectRatio="none"
      className="pointer-events-none absolute inset-0 size-full"
      aria-hidden="true"
      focusable="false"
    >
      {zones.map((zone, index) => (
        <polygon
          // biome-ignore lint/suspicious/noArrayIndexKey: zones have no ids, and two may have one name.
          key={index}
          points={zone.polygon.map((corner) => corner.join(",")).join(" ")}
          fill={zone.kind === "include" ? "none" : "rgb(0 0 0 / 0.35)"}
          stroke={LINES[zone.kind]}
          strokeWidth={2}
          strokeDasharray={zone.kind === "exclude" ? "6 4" : undefined}
          vectorEffect="non-scaling-stroke"
        />
      ))}
    </svg>
  );
}
