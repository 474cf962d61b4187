import { useQuery } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { CircleCheck, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Section } from "@/components/ui/page";
import { Sideways } from "@/components/ui/sideways";
import { Failure, Loading } from "@/components/ui/states";
import { Chart } from "@/features/system/chart";
import { SystemFrame } from "@/features/system/frame";
import { type Point, rates, useHistory } from "@/features/system/history";
import { systemQuery } from "@/features/system/queries";
import { bytes, dateTime, duration, number, percent } from "@/i18n/format";

export const Route = createFileRoute("/_app/system/")({ component: HealthPage });

function HealthPage() {
  const { t } = useTranslation();
  const { data, error, isPending, refetch } = useQuery(systemQuery);
  const history = useHistory(data);
  if (isPending) return <Loading />;
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  const { storage, log, notices, models } = data;
  const used = storage.total_bytes > 0 ? 1 - storage.free_bytes / storage.total_bytes : 0;
  const others = Math.max(0, storage.total_bytes - storage.free_bytes - storage.media_bytes);
  const dash = <span title={t("camera.not_known")}>–</span>;
  const mb = (amount: number) => bytes(amount * 2 ** 20);
  return (
    <SystemFrame>
      {data.not_ready.length === 0 ? (
        <p className="flex items-center gap-2 text-sm">
          <CircleCheck className="size-4 text-accent" aria-hidden />
          {t("system.ready")}
        </p>
      ) : (
        <ul role="alert" className="flex flex-col gap-1 rounded-md bg-critical-quiet px-4 py-3 text-sm text-critical">
          {data.not_ready.map((reason) => (
            <li key={reason} className="flex gap-2">
              <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
              {reason}
            </li>
          ))}
        </ul>
      )}
      <div className="grid gap-5 lg:grid-cols-2">
        <Section title={t("system.storage")}>
          <div className="flex flex-col gap-3">
            <div
              className="flex h-3 overflow-hidden rounded-full bg-sunken"
              role="img"
              aria-label={t("system.disk_used", { share: percent(used) })}
            >
              <span className="bg-accent" style={{ width: share(storage.media_bytes - storage.locked_bytes, storage.total_bytes) }} />
              <span className="bg-text" style={{ width: share(storage.locked_bytes, storage.total_bytes) }} />
              <span className="bg-line-strong" style={{ width: share(others, storage.total_bytes) }} />
            </div>
            <Rows
              rows={[
                [<Key key="k" colour="bg-accent" word={t("system.clips")} />, bytes(storage.media_bytes - storage.locked_bytes)],
                [<Key key="k" colour="bg-text" word={t("system.evidence")} />, bytes(storage.locked_bytes)],
                [<Key key="k" colour="bg-line-strong" word={t("system.others")} />, bytes(others)],
                [
                  <Key key="k" colour="bg-sunken" word={t("system.free")} />,
                  t("system.free_of", { free: bytes(storage.free_bytes), total: bytes(storage.total_bytes) }),
                ],
                [
                  t("system.days_left"),
                  storage.days_left === null ? (
                    <span key="d" title={t("system.days_unknown")}>
                      –
                    </span>
                  ) : (
                    t("system.days", { count: Math.floor(storage.days_left), shown: number(Math.floor(storage.days_left)) })
                  ),
                ],
              ]}
            />
            {!storage.recording && <p className="rounded-md bg-critical-quiet px-3 py-2 text-sm text-critical">{storage.cause}</p>}
          </div>
        </Section>
        <Section title={t("system.log")} lead={t("system.log_lead")}>
          <Rows
            rows={[
              [t("system.accepted"), number(log.accepted)],
              [t("system.replayed"), number(log.replayed)],
              [t("system.stored"), number(log.stored)],
              [t("system.waiting"), number(log.waiting)],
              [t("system.dead"), <Bad key="b" count={log.dead} />],
            ]}
          />
          {log.last_error && <p className="mt-3 rounded-md bg-high-quiet px-3 py-2 text-sm text-high">{log.last_error}</p>}
        </Section>
        <Section title={t("system.notices")}>
          <Rows
            rows={[
              [t("system.sent"), number(notices.sent)],
              [t("system.last_sent"), notices.last_sent_at ? dateTime(notices.last_sent_at) : dash],
              [t("system.tries_failed"), number(notices.failed)],
              [t("system.given_up"), <Bad key="b" count={notices.dead} />],
            ]}
          />
          {!notices.enabled && <p className="mt-3 text-sm text-muted">{t("system.notices_off")}</p>}
          {notices.database_error && (
            <p className="mt-3 rounded-md bg-critical-quiet px-3 py-2 text-sm text-critical">{notices.database_error}</p>
          )}
        </Section>
        <Section title={t("system.process")}>
          <Rows
            rows={[
              [t("system.version"), data.version],
              [t("system.running"), duration((Date.parse(data.now) - Date.parse(data.started_at)) / 1000)],
              [t("system.memory"), mb(data.rss_mb)],
              [t("system.threads"), number(data.threads)],
              [t("system.abandoned"), <Bad key="b" count={data.abandoned_threads} />],
              [t("system.files"), number(data.open_files)],
              [t("system.max_cameras"), number(data.max_cameras)],
            ]}
          />
        </Section>
      </div>
      <Charts history={history} />
      <Section title={t("system.models")} lead={t("system.models_lead")}>
        {models.length === 0 ? (
          <p className="text-sm text-muted">{t("system.no_models")}</p>
        ) : (
          <Sideways label={t("system.models")}>
            <table className="w-full min-w-[36rem] text-sm">
              <thead>
                <tr className="border-b border-line text-left text-muted">
                  {(["model", "cameras", "memory", "scored", "waiting", "dropped"] as const).map((word, index) => (
                    <th key={word} className={index === 0 ? "py-1.5 pr-4 font-normal" : "py-1.5 pl-4 text-right font-normal"}>
                      {t(`system.model_${word}`)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {models.map((model) => (
                  <tr key={model.name} className="border-b border-line last:border-0">
                    <th scope="row" className="py-2 pr-4 text-left font-medium">
                      {model.name}
                    </th>
                    <td className="py-2 pl-4 text-right">{number(model.cameras)}</td>
                    <td className="py-2 pl-4 text-right">{model.memory_mb > 0 ? mb(model.memory_mb) : dash}</td>
                    <td className="py-2 pl-4 text-right">{number(model.scored)}</td>
                    <td className="py-2 pl-4 text-right">{number(model.waiting)}</td>
                    <td className="py-2 pl-4 text-right">{number(Object.values(model.dropped).reduce((sum, count) => sum + count, 0))}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Sideways>
        )}
      </Section>
    </SystemFrame>
  );
}

/** How it went since the console was opened here. */
function Charts({ history }: { history: readonly Point[] }) {
  const { t } = useTranslation();
  const times = history.map((point) => point.at);
  const perSecond = (value: number) => t("system.per_second", { count: Math.round(value), shown: number(value, 1) });
  const whole = (value: number) => number(value, 1);
  const mb = (amount: number) => bytes(amount * 2 ** 20);
  return (
    <Section title={t("system.charts")} lead={t("system.charts_lead")}>
      {history.length < 3 ? (
        <p className="text-sm text-muted">{t("system.charts_wait")}</p>
      ) : (
        <div className="grid gap-x-8 gap-y-5 md:grid-cols-2 xl:grid-cols-3">
          <Chart name={t("system.judged")} times={times.slice(1)} values={rates(history, "scored")} format={perSecond} ticks={whole} />
          <Chart
            name={t("system.model_waiting")}
            times={times}
            values={history.map((point) => point.waiting)}
            format={whole}
            ticks={whole}
          />
          <Chart
            name={t("system.model_dropped")}
            times={times.slice(1)}
            values={rates(history, "dropped")}
            format={perSecond}
            ticks={whole}
          />
          <Chart name={t("system.memory")} times={times} values={history.map((point) => point.memory)} format={mb} ticks={mb} />
          <Chart name={t("system.threads")} times={times} values={history.map((point) => point.threads)} format={whole} ticks={whole} />
          <Chart
            name={t("system.accepted_rate")}
            times={times.slice(1)}
            values={rates(history, "accepted")}
            format={perSecond}
            ticks={whole}
          />
        </div>
      )}
    </Section>
  );
}

const share = (part: number, whole: number) => `${whole > 0 ? (100 * part) / whole : 0}%`;

function Rows({ rows }: { rows: [ReactNode, ReactNode][] }) {
  return (
    <dl className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 gap-y-1.5 text-sm">
      {rows.map(([name, value], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows stay what they are.
        <div key={index} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="text-right">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const Key = ({ colour, word }: { colour: string; word: string }) => (
  <span className="inline-flex items-center gap-2">
    <span className={`size-2.5 rounded-sm ${colour} ring-1 ring-line-strong`} aria-hidden />
    {word}
  </span>
);

const Bad = ({ count }: { count: number }) => <span className={count > 0 ? "font-semibold text-critical" : ""}>{number(count)}</span>;
