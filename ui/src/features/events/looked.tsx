import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Eye, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { Button } from "@/components/ui/button";
import { cx } from "@/components/ui/cx";
import { Dialog } from "@/components/ui/dialog";
import { Fault, Skeleton } from "@/components/ui/states";
import { done, failed } from "@/components/ui/toast";
import { dateTime, number, percent } from "@/i18n/format";
import type { EventDetail } from "./cache";
import { analysesQuery } from "./queries";
import { SecuredPicture } from "./secured-picture";
import { typeWord } from "./words";

type Analysis = Schemas["AnalysisRead"];

const LOOK: Record<Analysis["verdict"], string> = {
  confirmed: "bg-accent-quiet text-accent",
  rejected: "bg-raised text-muted",
  unverified: "bg-medium-quiet text-medium",
};

/** What looking at the event came to, with the pictures that a model was shown; or why nobody looked. */
export function Looked({ event }: { event: EventDetail }) {
  const { t } = useTranslation();
  const { data, error, isPending } = useQuery(analysesQuery(event.id));
  if (isPending) return <Skeleton className="h-16" />;
  if (error) return <Fault error={error} />;
  const [newest, ...before] = data.items;
  if (!newest) return <p className="text-sm text-muted">{t(event.status === "open" ? "looked.later" : "looked.nobody")}</p>;
  return (
    <div className="flex flex-col gap-3 text-sm">
      <One event={event} analysis={newest} shown />
      {before.length > 0 && (
        <details>
          <summary className="text-[0.8125rem] text-muted">{t("looked.before", { count: before.length })}</summary>
          <ol className="mt-2 flex flex-col gap-3 border-l-2 border-line pl-3">
            {before.map((analysis) => (
              <li key={analysis.id}>
                <One event={event} analysis={analysis} />
              </li>
            ))}
          </ol>
        </details>
      )}
    </div>
  );
}

function One({ event, analysis, shown }: { event: EventDetail; analysis: Analysis; shown?: boolean }) {
  const { t } = useTranslation();
  const { verdict, event_type: type, confidence } = analysis;
  return (
    <div className="flex flex-col gap-2.5">
      <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
        <span className={cx("rounded-sm px-1.5 py-0.5 text-xs font-semibold", LOOK[verdict])}>{t(`looked.${verdict}`)}</span>
        {type && <span className="font-medium">{typeWord(t, type)}</span>}
        {confidence !== null && (
          <span className="text-muted" title={analysis.calibrated ? undefined : t("looked.uncalibrated")}>
            {t(analysis.calibrated ? "looked.confidence" : "looked.says_confidence", { share: percent(confidence) })}
          </span>
        )}
        <span className="text-muted">{t(`looked.by_${analysis.basis}`)}</span>
      </p>
      {analysis.reason && <p className="text-muted">{analysis.reason}</p>}
      {analysis.description && <p className="whitespace-pre-line">{analysis.description}</p>}
      {[
        ...analysis.contradictions,
        ...analysis.flags.filter((flag) => flag !== "contradicts_facts").map((flag) => t(`looked.flag_${flag}`)),
      ].map((text) => (
        <p key={text} className="flex gap-2 rounded-md bg-medium-quiet px-2.5 py-1.5">
          <TriangleAlert className="mt-0.5 size-4 shrink-0 text-medium" aria-hidden />
          {text}
        </p>
      ))}
      {/* Without a model the description is its observations, one after the other. */}
      {analysis.basis !== "evidence" && analysis.observations.length > 0 && (
        <ul className="flex list-disc flex-col gap-1 pl-5 marker:text-faint">
          {analysis.observations.map((observation) => (
            <li key={observation.text}>
              {observation.text}
              {observation.frames.length > 0 && (
                <span className="ml-1.5 text-xs text-faint">{t("looked.pictures", { numbers: observation.frames.join(", ") })}</span>
              )}
            </li>
          ))}
        </ul>
      )}
      {analysis.visible_text && (
        <p className="text-muted">
          {t("looked.text_seen")} <q className="text-text">{analysis.visible_text}</q>
        </p>
      )}
      {shown && analysis.frames.length > 0 && <Shown event={event} frames={analysis.frames} />}
      <p className="text-xs text-faint">
        {[
          dateTime(analysis.created_at),
          analysis.model || analysis.backend,
          analysis.latency_ms > 0 && t("looked.took", { time: number(analysis.latency_ms / 1000, 1) }),
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </div>
  );
}

/** The very pictures that a model saw. */
function Shown({ event, frames }: { event: EventDetail; frames: Analysis["frames"] }) {
  const { t } = useTranslation();
  const [large, setLarge] = useState<Analysis["frames"][number] | null>(null);
  const path = (index: number) => `/api/v1/events/${event.id}/looks/${index}`;
  const name = (frame: Analysis["frames"][number]) =>
    t(frame.detail ? "looked.detail" : "looked.picture", { number: frame.number, time: number(frame.t_s, 1) });
  if (event.media_deleted_at) return null;
  return (
    <>
      <ul className="flex gap-1.5 overflow-x-auto pb-1">
        {frames.map((frame) => (
          <li key={frame.number} className="shrink-0">
            <button type="button" aria-label={name(frame)} title={name(frame)} onClick={() => setLarge(frame)} className="block rounded-sm">
              <SecuredPicture path={path(frame.number)} alt="" className="h-14 rounded-sm bg-sunken object-cover" />
            </button>
          </li>
        ))}
      </ul>
      <Dialog wide open={large !== null} onClose={() => setLarge(null)} title={large ? name(large) : ""}>
        {large && <SecuredPicture path={path(large.number)} alt={name(large)} className="w-full" />}
      </Dialog>
    </>
  );
}

/** Has the event looked at again, before all that wait. */
export function LookAgain({ id }: { id: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const ask = async () => {
    setBusy(true);
    try {
      const asked = await take(api.POST("/api/v1/events/{event_id}/analyze", { params: { path: { event_id: id } } }));
      done(t(asked.by_model ? "looked.asked" : "looked.asked_facts"));
      await client.invalidateQueries({ queryKey: ["event", id, "analyses"] });
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button size="sm" kind="quiet" busy={busy} icon={<Eye className="size-4" aria-hidden />} onClick={() => void ask()}>
      {t("looked.again")}
    </Button>
  );
}
