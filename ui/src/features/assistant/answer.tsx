import { Link } from "@tanstack/react-router";
import { LoaderCircle, Search } from "lucide-react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/problem";
import { Button } from "@/components/ui/button";
import { SeverityIcon } from "@/components/ui/severity";
import { Fault } from "@/components/ui/states";
import { Thumbnail } from "@/features/events/thumbnail";
import { typeWord } from "@/features/events/words";
import { dateTime, fullTime } from "@/i18n/format";
import { type Citation, type Exchange, say } from "./talk";

/** A question with its answer, as far as that has come. */
export function ExchangeView({ exchange }: { exchange: Exchange }) {
  const { t } = useTranslation();
  const { question, answer } = exchange;
  const { done } = answer;
  return (
    <article aria-label={question} className="flex flex-col gap-3">
      <p className="ml-auto max-w-[85%] rounded-xl rounded-br-sm bg-accent-quiet px-3.5 py-2 whitespace-pre-line">{question}</p>
      <div className="flex max-w-full flex-col gap-3" aria-busy={answer.going}>
        {answer.text && (
          <p className="leading-relaxed whitespace-pre-line">
            <Cited text={answer.text} citations={answer.citations} doubtful={done?.unverified_numbers ?? []} />
          </p>
        )}
        {answer.going && (
          <p role="status" className="flex items-center gap-2 text-sm text-muted">
            <LoaderCircle className="size-4 animate-spin" aria-hidden />
            {t("assistant.looking")}
          </p>
        )}
        {answer.problem !== null && <Fault error={asError(answer.problem)} />}
        {answer.citations.length > 0 && <Citations citations={answer.citations} />}
        {done && !done.understood && <Examples examples={done.examples} />}
        {done && (
          <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-faint">
            <span>{t(`assistant.by_${done.answered_by}`)}</span>
            {answer.looked.length > 0 && (
              <span className="inline-flex items-center gap-1">
                <Search className="size-3" aria-hidden />
                {answer.looked
                  .map((tool) =>
                    t("assistant.looked_up", { what: t(`assistant_tool.${tool.name}` as never, tool.name), found: tool.found }),
                  )
                  .join(", ")}
              </span>
            )}
            {done.unverified_numbers.length > 0 && <span className="text-high">{t("assistant.doubtful")}</span>}
            {done.dropped_citations > 0 && <span className="text-high">{t("assistant.dropped", { count: done.dropped_citations })}</span>}
          </p>
        )}
      </div>
    </article>
  );
}

const asError = (problem: unknown): unknown =>
  problem && typeof problem === "object" && "code" in problem && !(problem instanceof Error)
    ? new ApiError(problem as { code: string; detail: string; hint: string }, 503)
    : problem;

/** Text with each `[1]` as a link to the event that it stands for, and numbers that nothing proves marked. */
function Cited({ text, citations, doubtful }: { text: string; citations: readonly Citation[]; doubtful: readonly string[] }) {
  const { t } = useTranslation();
  const parts = text.split(/(\[\d+\])/);
  return parts.map((part, index) => {
    const number = /^\[(\d+)\]$/.exec(part)?.[1];
    const cited = number && citations.find((each) => each.number === Number(number));
    const key = `${index}:${part}`;
    if (cited)
      return (
        <Link
          key={key}
          to="/events/$eventId"
          params={{ eventId: cited.event_id }}
          search={{ show: "all" }}
          aria-label={t("assistant.open", { number: cited.number })}
          className="mx-0.5 rounded-sm bg-raised px-1 text-xs font-semibold text-accent ring-1 ring-line hover:ring-line-strong"
        >
          {cited.number}
        </Link>
      );
    return <Doubted key={key} text={part} doubtful={doubtful} />;
  });
}

function Doubted({ text, doubtful }: { text: string; doubtful: readonly string[] }) {
  const { t } = useTranslation();
  if (doubtful.length === 0) return text;
  return text.split(/(\d[\d.,:]*\d|\d)/).map((part, index) =>
    doubtful.includes(part) ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a text are named by their place.
      <mark key={index} title={t("assistant.doubtful")} className="rounded-sm bg-high-quiet px-0.5 text-high">
        {part}
      </mark>
    ) : (
      part
    ),
  );
}

/** Types that a model or people give begin with a capital; of the others only these are about what a camera saw. */
const kindOf = (type: string) => (/^[A-Z]/.test(type) || type === "anomaly" || type === "tamper" ? "anomaly" : "system");

function Citations({ citations }: { citations: readonly Citation[] }) {
  const { t } = useTranslation();
  return (
    <ul className="grid gap-2 sm:grid-cols-2" aria-label={t("assistant.events")}>
      {citations.map((each) => (
        <li key={each.event_id}>
          <Link
            to="/events/$eventId"
            params={{ eventId: each.event_id }}
            search={{ show: "all" }}
            className="panel flex items-center gap-3 p-2 text-sm hover:border-line-strong"
          >
            <span className="w-5 text-center text-xs font-semibold text-accent">{each.number}</span>
            <Thumbnail
              event={{
                id: each.event_id,
                kind: kindOf(each.event_type),
                status: "closed",
                has_thumbnail: kindOf(each.event_type) !== "system",
              }}
              className="aspect-video h-10"
            />
            <span className="min-w-0 flex-1">
              <span className="flex items-center gap-1.5">
                <SeverityIcon severity={each.severity} />
                <span className="truncate font-medium">{typeWord(t, each.event_type)}</span>
              </span>
              <span className="block truncate text-xs text-muted">
                {each.camera || t("events.site")}{" "}
                <time dateTime={each.began_at} title={fullTime(each.began_at)}>
                  {dateTime(each.began_at)}
                </time>
              </span>
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

export function Examples({ examples }: { examples: readonly string[] }) {
  return (
    <div className="flex flex-wrap gap-2">
      {examples.map((example) => (
        <Button key={example} size="sm" className="h-auto py-1 text-left whitespace-normal" onClick={() => void say(example)}>
          {example}
        </Button>
      ))}
    </div>
  );
}
