import { CircleCheck, TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";

/** What became of a test message, for each whom it was sent to. */
export function TriedList({ results, channels }: { results: readonly Schemas["TriedRead"][]; channels: Map<string, string> }) {
  const { t } = useTranslation();
  if (results.length === 0) return <p className="mb-3 text-sm text-high">{t("tried.nobody")}</p>;
  return (
    <ul className="mb-3 flex flex-col gap-2 text-sm" role="status">
      {results.map((result) => (
        <li key={`${result.channel_id}${result.target}`} className="flex gap-2">
          {result.accepted ? (
            <CircleCheck className="mt-0.5 size-4 shrink-0 text-accent" aria-hidden />
          ) : (
            <TriangleAlert className="mt-0.5 size-4 shrink-0 text-critical" aria-hidden />
          )}
          <span className="min-w-0">
            <span className="font-medium">{channels.get(result.channel_id)}</span> {result.target}{" "}
            {t(result.accepted ? "tried.accepted" : "tried.refused")}
            <span className="block break-words text-muted">
              {result.accepted ? result.answer : [result.error, result.hint].filter(Boolean).join(". ")}
            </span>
          </span>
        </li>
      ))}
    </ul>
  );
}
