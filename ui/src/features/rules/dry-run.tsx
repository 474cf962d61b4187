import { Check, Minus } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { SeverityIcon } from "@/components/ui/severity";
import { typeWord } from "@/features/events/words";
import { dateTime, fullTime } from "@/i18n/format";

/** What a rule would have made of past events, and why not of the others. */
export function DryRunResult({ result, channels }: { result: Schemas["DryRun"]; channels: Map<string, string> }) {
  const { t } = useTranslation();
  const matched = result.events.filter((event) => event.matched).length;
  if (result.events.length === 0) return <p className="text-sm text-muted">{t("dry.none")}</p>;
  const reasons = t as unknown as (key: string) => string;
  return (
    <div className="flex flex-col gap-3 text-sm" role="status">
      <p className="font-semibold">{t("dry.summary", { count: result.messages.length, matched, of: result.events.length })}</p>
      {result.messages.length > 0 && (
        <ul className="max-h-40 divide-y divide-line overflow-y-auto rounded-md border border-line">
          {result.messages.slice(-50).map((message) => (
            <li key={`${message.at}${message.channel_id}${message.target}${message.kind}`} className="flex flex-wrap gap-x-3 px-3 py-1.5">
              <time dateTime={message.at} title={fullTime(message.at)} className="text-muted">
                {dateTime(message.at)}
              </time>
              <span>{t(`notice.${message.kind}`)}</span>
              <span className="min-w-0 flex-1 truncate text-muted">
                {channels.get(message.channel_id)} {message.target}
              </span>
              <span className="text-muted">{t("dry.events", { count: message.event_ids.length })}</span>
            </li>
          ))}
        </ul>
      )}
      <ul className="max-h-64 divide-y divide-line overflow-y-auto rounded-md border border-line">
        {result.events.slice(0, 100).map((event) => (
          <li key={event.event_id} className="flex items-center gap-2 px-3 py-1.5">
            {event.matched ? (
              <Check role="img" aria-label={t("dry.matched")} className="size-4 shrink-0 text-accent" />
            ) : (
              <Minus role="img" aria-label={t("dry.not_matched")} className="size-4 shrink-0 text-faint" />
            )}
            <SeverityIcon severity={event.severity} />
            <span className="min-w-0 flex-1 truncate">
              {typeWord(t, event.type)} <span className="text-muted">{event.camera_name}</span>
            </span>
            <span className="text-muted">
              {event.reason
                ? reasons(`mismatch.${event.reason}`)
                : event.held_back
                  ? t("dry.held_back")
                  : event.reached_nobody
                    ? t("dry.nobody")
                    : ""}
            </span>
            <time dateTime={event.timestamp} title={fullTime(event.timestamp)} className="shrink-0 text-muted">
              {dateTime(event.timestamp)}
            </time>
          </li>
        ))}
      </ul>
    </div>
  );
}
