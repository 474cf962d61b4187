import { CircleCheck, TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { number } from "@/i18n/format";

type Result = Schemas["CameraTest"];

/** What a source delivered when it was tried, with advice; or what is wrong with it. */
export function SourceTestResult({ result }: { result: Result }) {
  const { t } = useTranslation();
  if (!result.works) {
    return (
      <div role="alert" className="flex gap-2.5 rounded-md bg-critical-quiet px-3 py-2.5 text-sm">
        <TriangleAlert className="mt-0.5 size-4 shrink-0 text-critical" aria-hidden />
        <p>
          <span className="font-semibold text-critical">{result.problem}</span>
          {result.hint && <span className="block">{result.hint}</span>}
        </p>
      </div>
    );
  }
  const advice = adviceOn(result);
  return (
    <div role="status" className="flex flex-col gap-3">
      {result.picture && (
        <img
          src={`data:image/jpeg;base64,${result.picture}`}
          alt={t("source_test.picture")}
          className="max-h-80 w-full rounded-md bg-black object-contain"
        />
      )}
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
        <span className="inline-flex items-center gap-1.5 font-semibold">
          <CircleCheck className="size-4 text-accent" aria-hidden />
          {t("source_test.works")}
        </span>
        <span className="text-muted">
          {result.width} × {result.height}
        </span>
        {result.codec && <span className="text-muted">{result.codec.toUpperCase()}</span>}
        {result.fps && <span className="text-muted">{t("source_test.fps", { fps: number(result.fps, 1) })}</span>}
        {result.took_s && <span className="text-muted">{t("source_test.took", { time: number(result.took_s, 1) })}</span>}
      </p>
      {advice.map((word) => (
        <p key={word} className="rounded-md bg-medium-quiet px-3 py-2 text-sm">
          {t(`source_test.${word}`)}
        </p>
      ))}
    </div>
  );
}

function adviceOn(result: Result) {
  const advice: ("hevc" | "large" | "slow" | "not_live")[] = [];
  if (result.codec && /hevc|h265/i.test(result.codec)) advice.push("hevc");
  if ((result.width ?? 0) * (result.height ?? 0) > 2_100_000) advice.push("large");
  if ((result.fps ?? 25) < 5) advice.push("slow");
  if (result.live === false) advice.push("not_live");
  return advice;
}
