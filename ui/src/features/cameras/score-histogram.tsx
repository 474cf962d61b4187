import { useTranslation } from "react-i18next";
import { number } from "@/i18n/format";

type Props = {
  /** Stretches of normal footage in each of so many equal parts of [0, 1]. */
  counts: readonly number[];
  /** Where the alarm level of the chosen budget lies; the present one is 0.5. */
  level: number | null;
  events: readonly { id: string; score: number; alarms: boolean }[];
};

const HEIGHT = 100;

/** How surprising normal footage was, and what was raised, with the alarm level across. Heights are roots: the rare is what counts here. */
export function ScoreHistogram({ counts, level, events }: Props) {
  const { t } = useTranslation();
  const most = Math.sqrt(Math.max(1, ...counts));
  const wide = 1000 / counts.length;
  const over = level === null ? 0 : counts.slice(Math.ceil(level * counts.length)).reduce((sum, count) => sum + count, 0);
  const words = t("sensitivity.chart", {
    stretches: number(counts.reduce((sum, count) => sum + count, 0)),
    over: number(over),
    events: number(events.length),
  });
  return (
    <figure className="flex flex-col gap-1.5">
      <div className="relative h-52 overflow-hidden rounded-md border border-line bg-sunken" role="img" aria-label={words}>
        <svg
          viewBox={`0 0 1000 ${HEIGHT}`}
          preserveAspectRatio="none"
          className="absolute inset-x-0 bottom-0 h-[80%] w-full"
          aria-hidden="true"
        >
          {counts.map((count, index) => {
            const high = (HEIGHT * Math.sqrt(count)) / most;
            const alarms = level !== null && (index + 0.5) / counts.length >= level;
            return count === 0 ? null : (
              <rect
                // biome-ignore lint/suspicious/noArrayIndexKey: bins are named by their place.
                key={index}
                x={index * wide + 0.75}
                y={HEIGHT - high}
                width={wide - 1.5}
                height={high}
                fill={alarms ? "var(--high)" : "var(--line-strong)"}
              />
            );
          })}
        </svg>
        {events.map((event) => (
          <span
            key={event.id}
            className={`absolute top-2.5 size-2 -translate-x-1/2 rotate-45 ${event.alarms ? "bg-text" : "border border-faint"}`}
            style={{ left: `${100 * event.score}%` }}
          />
        ))}
        <span className="absolute inset-y-0 left-1/2 border-l border-dashed border-faint" />
        {level !== null && (
          <span className="absolute inset-y-0 w-0.5 -translate-x-1/2 bg-accent" style={{ left: `${100 * level}%` }}>
            <span
              className={`absolute top-6 rounded-sm bg-accent px-1.5 text-xs leading-5 font-semibold whitespace-nowrap text-on-accent ${level > 0.7 ? "right-1" : "left-1"}`}
            >
              {t("sensitivity.level")}
            </span>
          </span>
        )}
      </div>
      <figcaption className="flex flex-wrap justify-between gap-x-4 text-xs text-muted">
        <span>{t("sensitivity.usual")}</span>
        <span className="flex flex-wrap gap-x-4">
          <Key look="bg-line-strong">{t("sensitivity.key_quiet")}</Key>
          <Key look="bg-high">{t("sensitivity.key_more")}</Key>
          <Key look="bg-text rotate-45">{t("sensitivity.key_event")}</Key>
        </span>
        <span>{t("sensitivity.unusual")}</span>
      </figcaption>
    </figure>
  );
}

const Key = ({ look, children }: { look: string; children: string }) => (
  <span className="inline-flex items-center gap-1.5">
    <span className={`size-2 ${look}`} aria-hidden />
    {children}
  </span>
);
