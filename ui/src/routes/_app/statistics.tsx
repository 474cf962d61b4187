import { useQuery } from "@tanstack/react-query";
import { createFileRoute, Link, useNavigate } from "@tanstack/react-router";
import { Download } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/api/client";
import { saveAs } from "@/api/media";
import { Button } from "@/components/ui/button";
import { Page, Section, Segments } from "@/components/ui/page";
import { Sideways } from "@/components/ui/sideways";
import { Failure, Skeleton } from "@/components/ui/states";
import { failed } from "@/components/ui/toast";
import { useCameras } from "@/features/cameras/queries";
import { DayBars, HourMap } from "@/features/statistics/charts";
import { Night } from "@/features/statistics/night";
import { Types } from "@/features/statistics/types";
import { duration, number, percent } from "@/i18n/format";

const SPANS = [7, 30, 90] as const;
type Days = (typeof SPANS)[number];

export const Route = createFileRoute("/_app/statistics")({
  validateSearch: (search: Record<string, unknown>): { days?: Days; of?: string } => {
    const days = SPANS.find((each) => each === search.days);
    return { ...(days ? { days } : {}), ...(typeof search.of === "string" ? { of: search.of } : {}) };
  },
  component: StatisticsPage,
});

function StatisticsPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { days = 30, of: camera } = Route.useSearch();
  const { cameras } = useCameras();
  const only = camera ? { camera_id: [camera] } : {};
  const trend = useQuery({
    queryKey: ["statistics", "trend", days, camera],
    queryFn: ({ signal }) => take(api.GET("/api/v1/statistics/trend", { params: { query: { days, per_camera: true, ...only } }, signal })),
  });
  const first = trend.data?.first;
  const hours = useQuery({
    queryKey: ["statistics", "hours", days, camera],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/statistics/hours", { params: { query: { weeks: Math.max(1, Math.round(days / 7)), ...only } }, signal })),
  });
  const types = useQuery({
    queryKey: ["statistics", "types", first, camera],
    queryFn: ({ signal }) => take(api.GET("/api/v1/statistics/types", { params: { query: { first, ...only } }, signal })),
    enabled: first !== undefined,
  });
  const daily = useQuery({
    queryKey: ["statistics", "daily", first, camera],
    queryFn: ({ signal }) => take(api.GET("/api/v1/statistics/daily", { params: { query: { first, ...only } }, signal })),
    enabled: first !== undefined,
  });
  const table = () => {
    const query = new URLSearchParams({ ...(first ? { first } : {}), ...(camera ? { camera_id: camera } : {}) });
    saveAs(`/api/v1/statistics/daily.csv?${query}`, `haetae-${first ?? "days"}.csv`).catch(failed);
  };
  return (
    <Page
      title={t("nav.statistics")}
      lead={trend.data ? t("statistics.zone", { zone: trend.data.time_zone }) : undefined}
      actions={
        <>
          <select
            aria-label={t("statistics.camera")}
            className="control w-48 text-sm"
            value={camera ?? ""}
            onChange={(event) =>
              void navigate({
                to: "/statistics",
                search: { days, ...(event.target.value ? { of: event.target.value } : {}) },
                replace: true,
              })
            }
          >
            <option value="">{t("live.all_cameras")}</option>
            {cameras.map((each) => (
              <option key={each.id} value={each.id}>
                {each.name}
              </option>
            ))}
          </select>
          <Segments<Days>
            label={t("statistics.span")}
            value={days}
            choices={SPANS.map((each) => [each, t("statistics.last_days", { count: each })])}
            onChoose={(next) =>
              void navigate({ to: "/statistics", search: { days: next, ...(camera ? { of: camera } : {}) }, replace: true })
            }
          />
          <Button icon={<Download className="size-4" aria-hidden />} onClick={table}>
            CSV
          </Button>
        </>
      }
    >
      <Today />
      <Section title={t("night.title")} lead={t("night.lead")}>
        <Night />
      </Section>
      {trend.isError ? (
        <Failure error={trend.error} retry={() => void trend.refetch()} />
      ) : (
        <>
          <Section
            title={t("statistics.days")}
            lead={trend.data && t("statistics.in_all", { count: sum(trend.data.days), shown: number(sum(trend.data.days)) })}
          >
            {trend.data ? <DayBars first={trend.data.first} days={trend.data.days} /> : <Skeleton className="h-40" />}
          </Section>
          <div className="grid gap-5 lg:grid-cols-2">
            <Section title={t("statistics.hours")} lead={t("statistics.hours_lead")}>
              {hours.data ? <HourMap counts={hours.data.counts} /> : <Skeleton className="h-48" />}
            </Section>
            <Section title={t("statistics.types")}>
              {types.data ? <Types types={types.data.types} /> : <Skeleton className="h-48" />}
            </Section>
          </div>
          <Section title={t("nav.cameras")}>
            {daily.data && trend.data ? <CameraTable daily={daily.data} byCamera={trend.data.by_camera} /> : <Skeleton className="h-40" />}
          </Section>
        </>
      )}
    </Page>
  );
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

function Today() {
  const { t } = useTranslation();
  const { data } = useQuery({
    queryKey: ["counts", "summary"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/statistics/summary", { signal })),
    refetchInterval: 60_000,
  });
  if (!data) return <Skeleton className="h-24" />;
  const { today, yesterday_by_now: before } = data;
  const severe = (today.by_severity.critical ?? 0) + (today.by_severity.high ?? 0);
  const wrong = (today.by_review.false_alarm ?? 0) + (today.by_review.normal ?? 0);
  const cards: [string, ReactNode, ReactNode][] = [
    [t("statistics.today"), number(today.events), t("statistics.yesterday", { count: before.events, shown: number(before.events) })],
    [t("statistics.severe"), number(severe), t("statistics.severe_hint")],
    [t("statistics.unseen"), number(today.unacknowledged), t("statistics.open", { count: data.open, shown: number(data.open) })],
    [
      t("statistics.wrong"),
      number(wrong),
      today.events > 0 ? t("statistics.of_today", { share: percent(wrong / today.events) }) : t("statistics.no_events"),
    ],
  ];
  return (
    <dl className="grid grid-cols-2 gap-3 lg:grid-cols-4">
      {cards.map(([name, value, hint]) => (
        <div key={name} className="panel p-4">
          <dt className="text-sm text-muted">{name}</dt>
          <dd>
            <span className="block text-3xl font-semibold tracking-tight">{value}</span>
            <span className="text-[0.8125rem] text-muted">{hint}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

type Daily = {
  days: readonly {
    camera_id: string;
    uptime_s: number;
    frames_read: number;
    frames_analysed: number;
    dropped_share: number | null;
    vad_time_mean_s: number | null;
  }[];
};

function CameraTable({ daily, byCamera }: { daily: Daily; byCamera: Record<string, number[]> }) {
  const { t } = useTranslation();
  const { cameras } = useCameras();
  const dash = <span title={t("camera.not_known")}>–</span>;
  const known = cameras.filter((camera) => byCamera[camera.id] || daily.days.some((day) => day.camera_id === camera.id));
  if (known.length === 0) return <p className="text-sm text-muted">{t("statistics.no_events")}</p>;
  return (
    <Sideways label={t("nav.cameras")}>
      <table className="w-full min-w-[40rem] text-sm">
        <thead>
          <tr className="border-b border-line text-left text-muted">
            <th className="py-1.5 pr-4 font-normal">{t("camera.name")}</th>
            <th className="py-1.5 pr-4 text-right font-normal">{t("nav.events")}</th>
            <th className="py-1.5 pr-4 text-right font-normal">{t("statistics.uptime")}</th>
            <th className="py-1.5 pr-4 text-right font-normal">{t("camera.analysed")}</th>
            <th className="py-1.5 pr-4 text-right font-normal">{t("statistics.dropped")}</th>
            <th className="py-1.5 text-right font-normal">{t("statistics.judging")}</th>
          </tr>
        </thead>
        <tbody>
          {known.map((camera) => {
            const days = daily.days.filter((day) => day.camera_id === camera.id);
            const read = sum(days.map((day) => day.frames_read));
            const dropped = sum(days.map((day) => (day.dropped_share ?? 0) * day.frames_read));
            const times = days.filter((day) => day.vad_time_mean_s !== null);
            const judged = sum(times.map((day) => day.frames_analysed));
            const mean = judged > 0 ? sum(times.map((day) => (day.vad_time_mean_s ?? 0) * day.frames_analysed)) / judged : null;
            return (
              <tr key={camera.id} className="border-b border-line last:border-0">
                <th scope="row" className="py-2 pr-4 text-left font-medium">
                  <Link to="/cameras/$cameraId" params={{ cameraId: camera.id }} className="hover:underline">
                    {camera.name}
                  </Link>
                </th>
                <td className="py-2 pr-4 text-right">
                  <Link to="/events" search={{ show: "all", camera: [camera.id] }} className="hover:underline">
                    {number(sum(byCamera[camera.id] ?? []))}
                  </Link>
                </td>
                <td className="py-2 pr-4 text-right">{days.length ? duration(sum(days.map((day) => day.uptime_s))) : dash}</td>
                <td className="py-2 pr-4 text-right">{days.length ? number(sum(days.map((day) => day.frames_analysed))) : dash}</td>
                <td className="py-2 pr-4 text-right">{read > 0 ? percent(dropped / read) : dash}</td>
                <td className="py-2 text-right">{mean === null ? dash : t("statistics.ms", { time: number(mean * 1000, 1) })}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Sideways>
  );
}
