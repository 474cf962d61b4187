import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { createFileRoute, Link } from "@tanstack/react-router";
import { Copy, Printer } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Page, Section, Segments } from "@/components/ui/page";
import { SEVERITIES, SEVERITY_TEXT, SeverityIcon } from "@/components/ui/severity";
import { Failure, Fault, Skeleton } from "@/components/ui/states";
import { done, failed } from "@/components/ui/toast";
import { typeWord } from "@/features/events/words";
import { currentLanguage } from "@/i18n";
import { dateTime, duration, fullTime, number } from "@/i18n/format";

const HOURS = [8, 12, 24] as const;
type Hours = (typeof HOURS)[number];
type Shift = Schemas["ShiftRead"];

export const Route = createFileRoute("/_app/handover")({
  validateSearch: (search: Record<string, unknown>): { hours?: Hours } => {
    const hours = HOURS.find((each) => each === Number(search.hours));
    return hours && hours !== 12 ? { hours } : {};
  },
  component: HandoverPage,
});

function HandoverPage() {
  const { t } = useTranslation();
  const navigate = Route.useNavigate();
  const { hours = 12 } = Route.useSearch();
  const language = currentLanguage();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["counts", "shift", hours, language],
    queryFn: ({ signal }) => {
      const query = { from: new Date(Date.now() - hours * 3_600_000).toISOString(), language };
      return take(api.GET("/api/v1/reports/shift", { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
  });
  return (
    <Page
      title={t("handover.title")}
      lead={data ? t("handover.lead", { since: dateTime(data.since), until: dateTime(data.until) }) : t("handover.wait")}
      actions={
        <>
          <Segments
            label={t("handover.span")}
            value={hours}
            choices={HOURS.map((each) => [each, t("handover.hours", { count: each })] as const)}
            onChoose={(next) => void navigate({ search: next === 12 ? {} : { hours: next } })}
          />
          <Button
            disabled={!data}
            icon={<Copy className="size-4" aria-hidden />}
            onClick={() => data && void navigator.clipboard?.writeText(data.text).then(() => done(t("common.copied")), failed)}
          >
            {t("handover.copy")}
          </Button>
          <Button icon={<Printer className="size-4" aria-hidden />} onClick={() => window.print()}>
            {t("handover.print")}
          </Button>
        </>
      }
    >
      {isPending ? (
        <Skeleton className="h-72" />
      ) : error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : (
        <Report shift={data} hours={hours} />
      )}
    </Page>
  );
}

function Report({ shift, hours }: { shift: Shift; hours: Hours }) {
  const { t } = useTranslation();
  const counts: [string, number][] = [
    [t("handover.total", { count: shift.total }), shift.total],
    [t("handover.unacknowledged", { count: shift.unacknowledged }), shift.unacknowledged],
    [t("handover.going_on", { count: shift.going_on }), shift.going_on],
    [t("handover.false_alarms", { count: shift.false_alarms }), shift.false_alarms],
  ];
  return (
    <>
      <dl className="grid grid-cols-2 gap-3 lg:grid-cols-4">
        {counts.map(([word, count]) => (
          <div key={word} className="panel flex flex-col-reverse justify-end px-4 py-3">
            <dt className="text-sm text-muted">{word}</dt>
            <dd className="text-3xl font-semibold">{number(count)}</dd>
          </div>
        ))}
      </dl>
      <div className="grid gap-5 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <div className="flex min-w-0 flex-col gap-5">
          <Section title={t("handover.notable")} lead={t("handover.notable_lead")}>
            {shift.notable.length === 0 ? <Nothing>{t("handover.nothing")}</Nothing> : <Events events={shift.notable} />}
          </Section>
          <Section title={t("handover.away")}>
            {shift.not_watching.length === 0 && shift.away.length === 0 ? (
              <Nothing>{t("handover.all_there")}</Nothing>
            ) : (
              <>
                {shift.not_watching.map((camera) => (
                  <p key={camera.id} className="mb-2 text-sm">
                    <Link to="/cameras/$cameraId" params={{ cameraId: camera.id }} className="font-medium hover:underline">
                      {camera.name}
                    </Link>{" "}
                    <span className="text-high">{t("handover.not_watching", { since: camera.since ? dateTime(camera.since) : "–" })}</span>
                  </p>
                ))}
                <Events events={shift.away} />
              </>
            )}
          </Section>
        </div>
        <div className="flex min-w-0 flex-col gap-5">
          <Section title={t("events.severity")}>
            <Counts
              rows={SEVERITIES.map((severity) => [
                <span key={severity} className={`inline-flex items-center gap-2 ${SEVERITY_TEXT[severity]}`}>
                  <SeverityIcon severity={severity} />
                  {t(`severity.${severity}`)}
                </span>,
                shift.by_severity[severity] ?? 0,
              ])}
            />
          </Section>
          <Section title={t("nav.cameras")}>
            {shift.by_camera.length === 0 ? (
              <Nothing>{t("handover.nothing")}</Nothing>
            ) : (
              <Counts rows={shift.by_camera.map((each) => [each.camera || t("events.site"), each.events])} />
            )}
          </Section>
          <Section title={t("events.kind")}>
            {shift.by_type.length === 0 ? (
              <Nothing>{t("handover.nothing")}</Nothing>
            ) : (
              <Counts rows={shift.by_type.map((each) => [typeWord(t, each.type), each.events])} />
            )}
          </Section>
        </div>
      </div>
      <Summary hours={hours} />
    </>
  );
}

const Nothing = ({ children }: { children: ReactNode }) => <p className="text-sm text-muted">{children}</p>;

function Counts({ rows }: { rows: [ReactNode, number][] }) {
  return (
    <dl className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 gap-y-1.5 text-sm">
      {rows.map(([name, count], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a report does not change.
        <div key={index} className="contents">
          <dt className="truncate">{name}</dt>
          <dd className="text-right font-semibold">{number(count)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Events({ events }: { events: readonly Schemas["ReportedEvent"][] }) {
  const { t } = useTranslation();
  return (
    <ul className="-my-2 divide-y divide-line text-sm">
      {events.map((event) => (
        <li key={event.id}>
          <Link
            to="/events/$eventId"
            params={{ eventId: event.id }}
            search={{ show: "all" }}
            className="group flex flex-wrap items-center gap-x-3 gap-y-0.5 py-2"
          >
            <SeverityIcon severity={event.severity} />
            <span className="min-w-0 flex-1 font-medium group-hover:underline">
              {typeWord(t, event.type)} <span className="font-normal text-muted">{event.camera || t("events.site")}</span>
            </span>
            <span className="text-muted">
              {event.status === "open" ? t("events.going_on") : event.duration_s ? duration(event.duration_s) : ""}
            </span>
            <span className="text-muted">
              {event.review !== "new"
                ? t(`review.${event.review}`)
                : event.acknowledged
                  ? t("events.acknowledged")
                  : t("earlier.undecided")}
            </span>
            <time className="text-muted" dateTime={event.began_at} title={fullTime(event.began_at)}>
              {dateTime(event.began_at)}
            </time>
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** A model's words about it, only where somebody asks for them; every number in them is one of the report. */
function Summary({ hours }: { hours: Hours }) {
  const { t } = useTranslation();
  const language = currentLanguage();
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ["summary", hours, language],
    queryFn: ({ signal }) => {
      const query = { from: new Date(Date.now() - hours * 3_600_000).toISOString(), language, summary: true };
      return take(api.GET("/api/v1/reports/shift", { params: { query }, signal }));
    },
    enabled: false,
    retry: false,
  });
  return (
    <Section
      className="print:hidden"
      title={t("handover.summary")}
      lead={t("handover.summary_lead")}
      actions={
        <Button size="sm" busy={isFetching} onClick={() => void refetch()}>
          {t("handover.summarise")}
        </Button>
      }
    >
      {error ? (
        <Fault error={error} />
      ) : data?.summary ? (
        <p className="text-sm leading-relaxed whitespace-pre-line">{data.summary}</p>
      ) : (
        <Nothing>{data?.summary_reason || t("handover.no_summary")}</Nothing>
      )}
    </Section>
  );
}
