import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { createFileRoute, Link } from "@tanstack/react-router";
import { GraduationCap } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { isApiError } from "@/api/problem";
import { Button } from "@/components/ui/button";
import { cx } from "@/components/ui/cx";
import { Section } from "@/components/ui/page";
import { SeverityIcon } from "@/components/ui/severity";
import { Empty, Failure, Fault, Loading, Skeleton } from "@/components/ui/states";
import { done } from "@/components/ui/toast";
import { camerasChanged, changeCamera } from "@/features/cameras/mutations";
import { cameraQuery } from "@/features/cameras/queries";
import { RateField } from "@/features/cameras/rate-field";
import { ScoreHistogram } from "@/features/cameras/score-histogram";
import { useCamera } from "@/features/cameras/use-camera";
import { Thumbnail } from "@/features/events/thumbnail";
import { eventTitle } from "@/features/events/words";
import { dateTime, duration, fullTime, number } from "@/i18n/format";

export const Route = createFileRoute("/_app/cameras/$cameraId/sensitivity")({ component: SensitivityPage });

function SensitivityPage() {
  const { id } = useCamera();
  const query = useQuery({ ...cameraQuery(id), refetchOnWindowFocus: false });
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const { value, tag } = query.data;
  return <Sensitivity key={tag} camera={value} tag={tag} onAgain={() => void query.refetch()} />;
}

function Sensitivity({ camera, tag, onAgain }: { camera: Schemas["CameraRead"]; tag: string; onAgain: () => void }) {
  const { t } = useTranslation();
  const [rate, setRate] = useState(camera.false_alarms_per_day);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const params = { path: { camera_id: camera.id } };
  const scores = useQuery({
    queryKey: ["camera", camera.id, "scores"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/cameras/{camera_id}/scores", { params, signal })),
    retry: false,
  });
  const would = useQuery({
    queryKey: ["camera", camera.id, "would-alarm", rate],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/cameras/{camera_id}/would-alarm", { params: { ...params, query: { false_alarms_per_day: rate } }, signal })),
    enabled: scores.isSuccess,
    placeholderData: keepPreviousData,
  });
  const save = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await changeCamera(camera.id, tag, { false_alarms_per_day: rate });
      camerasChanged(camera.id);
      done(t("common.saved"));
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Section title={t("camera.sensitivity")} lead={t("sensitivity.lead")}>
        <div className="flex flex-col gap-5">
          <div className="max-w-3xl">
            <RateField value={rate} onChange={setRate} />
          </div>
          {scores.isSuccess ? (
            <>
              <ScoreHistogram counts={scores.data.counts} level={would.data?.level ?? null} events={would.data?.events ?? []} />
              <Footage scores={scores.data} rate={rate} />
            </>
          ) : scores.isPending ? (
            <Skeleton className="h-52" />
          ) : isApiError(scores.error) && scores.error.status === 409 ? (
            <Empty icon={<GraduationCap strokeWidth={1.5} />} title={t("sensitivity.unknown")}>
              {t("sensitivity.unknown_text")}
            </Empty>
          ) : (
            <Fault error={scores.error} />
          )}
          <Fault error={problem} again={onAgain} />
          <div className="flex justify-end gap-2">
            {rate !== camera.false_alarms_per_day && (
              <Button kind="quiet" onClick={() => setRate(camera.false_alarms_per_day)}>
                {t("common.cancel")}
              </Button>
            )}
            <Button kind="primary" busy={busy} disabled={rate === camera.false_alarms_per_day} onClick={() => void save()}>
              {t("common.save")}
            </Button>
          </div>
        </div>
      </Section>
      {would.data && <LastWeek would={would.data} />}
    </>
  );
}

/** What the picture is made of, and where the footage has nothing to say. */
function Footage({ scores, rate }: { scores: Schemas["ScoreHistogram"]; rate: number }) {
  const { t } = useTranslation();
  const { rarest_per_day: rarest, oftenest_per_day: oftenest } = scores;
  return (
    <p className="max-w-3xl text-sm text-muted">
      {t("sensitivity.footage", {
        footage: duration(scores.footage_s),
        stretches: number(scores.stretches),
        length: duration(scores.stretch_s),
        as_of: dateTime(scores.as_of),
      })}
      {rate < rarest && <span className="mt-1 block text-text">{t("sensitivity.too_rare", { time: duration(86_400 / rarest) })}</span>}
      {rate > oftenest && <span className="mt-1 block text-text">{t("sensitivity.too_often", { rate: number(oftenest, 1) })}</span>}
    </p>
  );
}

function LastWeek({ would }: { would: Schemas["WouldAlarm"] }) {
  const { t } = useTranslation();
  // What would change stands first.
  const events = [...would.events].sort((one, other) => Number(one.alarms) - Number(other.alarms));
  return (
    <Section title={t("sensitivity.week")} lead={t("sensitivity.since", { time: dateTime(would.since) })}>
      <dl className="mb-4 grid gap-4 sm:grid-cols-3">
        <Figure value={would.raised} word={t("sensitivity.raised", { count: would.raised })} />
        <Figure value={would.silent} word={t("sensitivity.silent", { count: would.silent })} />
        <Figure value={would.more} word={t("sensitivity.more", { count: would.more })} hint={t("sensitivity.more_hint")} />
      </dl>
      {!would.complete && <p className="mb-3 text-sm text-muted">{t("sensitivity.newest", { count: would.events.length })}</p>}
      {events.length === 0 ? (
        <p className="text-sm text-muted">{t("sensitivity.no_events")}</p>
      ) : (
        <ul className="grid max-h-[32rem] grid-cols-[repeat(auto-fill,minmax(10rem,1fr))] gap-3 overflow-y-auto">
          {events.map((event) => (
            <li key={event.id}>
              <Link
                to="/events/$eventId"
                params={{ eventId: event.id }}
                search={{ show: "all" }}
                className={cx("group flex flex-col gap-1 rounded-md text-[0.8125rem]", !event.alarms && "text-muted")}
              >
                <Thumbnail
                  event={{ ...event, kind: "anomaly", status: "closed" }}
                  className={cx("aspect-video w-full", !event.alarms && "opacity-45")}
                />
                <span className="flex items-center gap-1.5 group-hover:underline">
                  <SeverityIcon severity={event.severity} />
                  <span className="truncate">{eventTitle(t, { ...event, kind: "anomaly" })}</span>
                </span>
                <span className="flex justify-between gap-2 text-xs text-muted">
                  <time dateTime={event.timestamp} title={fullTime(event.timestamp)}>
                    {dateTime(event.timestamp)}
                  </time>
                  <span className={event.alarms ? "" : "font-semibold"}>
                    {t(event.alarms ? "sensitivity.would" : "sensitivity.would_not")}
                  </span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Figure({ value, word, hint }: { value: number; word: string; hint?: string }) {
  return (
    <div className="flex flex-col-reverse justify-end">
      <dt className="text-sm text-muted">
        {word}
        {hint && <span className="block text-xs text-faint">{hint}</span>}
      </dt>
      <dd className="text-2xl font-semibold">{number(value)}</dd>
    </div>
  );
}
