import { useQuery } from "@tanstack/react-query";
import { api, take } from "@/api/client";
import type { Span } from "./span";
import { stripPath } from "./strip-path";

const EVERY_MS = 60_000;
const HEIGHT = 100;

/** How unusual a camera was in that part of the last day, as the ground of its strip; what was not judged stays empty. */
export function ScoreStrip({ camera, span }: { camera: string; span: Span }) {
  const { data } = useQuery({
    queryKey: ["camera", camera, "score-minutes"],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/cameras/{camera_id}/score-minutes", { params: { path: { camera_id: camera } }, signal })),
    refetchInterval: EVERY_MS,
    staleTime: EVERY_MS,
  });
  if (!data) return null;
  const minute = (moment: number) => Math.round((moment - Date.parse(data.begins_at)) / 60_000);
  const { d, width } = stripPath(data.peaks.slice(Math.max(0, minute(span.from)), Math.max(1, minute(span.to))), HEIGHT);
  return (
    <svg className="absolute inset-0 size-full" viewBox={`0 0 ${width} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden>
      <path d={`M0 ${HEIGHT / 2}H${width}`} className="stroke-line-strong [stroke-dasharray:2_4]" vectorEffect="non-scaling-stroke" />
      <path d={d} className="fill-line-strong opacity-60" />
    </svg>
  );
}
