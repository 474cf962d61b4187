import { Plus, Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { Button, IconButton } from "@/components/ui/button";
import { cx } from "@/components/ui/cx";
import { Select } from "@/components/ui/field";
import { Segments } from "@/components/ui/page";
import { duration, WEEKDAYS, weekdayName } from "@/i18n/format";
import { armedMinutes, ownZone, PRESETS, type Span, stretches, timeZones } from "./week";

export type Schedule = Schemas["ScheduleModel"];

type Props = {
  value: Schedule | null;
  onChange: (value: Schedule | null) => void;
  words: { always: string; plan: string; inside: string };
};

/** Always, or by a weekly plan: spans in words, and the week as they make it. */
export function ScheduleEditor({ value, onChange, words }: Props) {
  const { t } = useTranslation();
  const set = (spans: Span[]) => onChange({ time_zone: value?.time_zone ?? ownZone(), spans });
  const change = (index: number, next: Partial<Span>) =>
    value && set(value.spans.map((span, place) => (place === index ? { ...span, ...next } : span)));
  return (
    <div className="flex flex-col gap-4">
      <Segments
        label={words.plan}
        value={value ? "plan" : "always"}
        choices={[
          ["always", words.always],
          ["plan", words.plan],
        ]}
        onChoose={(mode) => (mode === "always" ? onChange(null) : set(PRESETS.nights))}
      />
      {value && (
        <>
          <Week spans={value.spans} inside={words.inside} />
          <div className="flex flex-wrap items-center gap-2 text-sm text-muted">
            {t("schedule.presets")}
            {(Object.keys(PRESETS) as (keyof typeof PRESETS)[]).map((name) => (
              <Button key={name} size="sm" onClick={() => set(PRESETS[name])}>
                {t(`schedule.${name}`)}
              </Button>
            ))}
          </div>
          <ul className="flex flex-col gap-3">
            {value.spans.map((span, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: spans have no names, only their place.
              <li key={index} className="flex flex-wrap items-end gap-3 rounded-md border border-line p-3">
                <Days days={span.days} onChange={(days) => days.length > 0 && change(index, { days })} />
                <label className="flex flex-col gap-1 text-sm">
                  {t("schedule.from")}
                  <input
                    type="time"
                    className="control w-36"
                    value={span.start.slice(0, 5)}
                    onChange={(event) => event.target.value && change(index, { start: event.target.value })}
                  />
                </label>
                <label className="flex flex-col gap-1 text-sm">
                  {t("schedule.to")}
                  <input
                    type="time"
                    className="control w-36"
                    value={span.end === "24:00" ? "00:00" : span.end.slice(0, 5)}
                    onChange={(event) =>
                      event.target.value && change(index, { end: event.target.value === "00:00" ? "24:00" : event.target.value })
                    }
                  />
                </label>
                {span.end !== "24:00" && span.end <= span.start && (
                  <span className="pb-2 text-sm text-muted">{t("schedule.next_day")}</span>
                )}
                <IconButton
                  className="ml-auto"
                  label={t("schedule.remove")}
                  disabled={value.spans.length === 1}
                  onClick={() => set(value.spans.filter((each) => each !== span))}
                >
                  <Trash2 className="size-4" aria-hidden />
                </IconButton>
              </li>
            ))}
          </ul>
          <div className="flex flex-wrap items-end justify-between gap-3">
            <Button
              icon={<Plus className="size-4" aria-hidden />}
              onClick={() => set([...value.spans, { days: ["mon"], start: "22:00", end: "06:00" }])}
            >
              {t("schedule.add")}
            </Button>
            <Select
              className="w-64"
              label={t("schedule.zone")}
              value={value.time_zone}
              onChange={(event) => onChange({ ...value, time_zone: event.target.value })}
            >
              {[...new Set([value.time_zone, ...timeZones()])].map((zone) => (
                <option key={zone}>{zone}</option>
              ))}
            </Select>
          </div>
        </>
      )}
    </div>
  );
}

function Days({ days, onChange }: { days: Span["days"]; onChange: (days: Span["days"]) => void }) {
  const { t } = useTranslation();
  return (
    <fieldset className="flex flex-col gap-1">
      <legend className="mb-1 text-sm">{t("schedule.days")}</legend>
      <div className="flex gap-1">
        {WEEKDAYS.map((day, index) => {
          const on = days.includes(day);
          return (
            <label
              key={day}
              className={cx(
                "grid size-9 cursor-pointer place-items-center rounded-md border text-sm has-focus-visible:outline-2 has-focus-visible:outline-accent",
                on ? "border-accent bg-accent-quiet font-semibold text-accent" : "border-line-strong text-muted",
              )}
            >
              <input
                type="checkbox"
                className="sr-only"
                aria-label={weekdayName(index, "long")}
                checked={on}
                onChange={() =>
                  onChange(on ? days.filter((each) => each !== day) : WEEKDAYS.filter((each) => each === day || days.includes(each)))
                }
              />
              {weekdayName(index, "narrow")}
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}

function Week({ spans, inside }: { spans: readonly Span[]; inside: string }) {
  const { t } = useTranslation();
  const parts = stretches(spans);
  return (
    <figure className="flex flex-col gap-1.5">
      <div className="grid grid-cols-[2.5rem_minmax(0,1fr)] gap-x-2 gap-y-1 text-xs text-muted" aria-hidden>
        {WEEKDAYS.map((day, index) => (
          <div key={day} className="contents">
            <span className="self-center">{weekdayName(index)}</span>
            <span className="relative h-5 overflow-hidden rounded-sm bg-sunken">
              {[6, 12, 18].map((hour) => (
                <span key={hour} className="absolute inset-y-0 w-px bg-line" style={{ left: `${(100 * hour) / 24}%` }} />
              ))}
              {parts
                .filter((part) => part.day === index)
                .map((part) => (
                  <span
                    key={`${part.from}-${part.to}`}
                    className="absolute inset-y-0 bg-accent/70"
                    style={{ left: `${part.from / 14.4}%`, width: `${(part.to - part.from) / 14.4}%` }}
                  />
                ))}
            </span>
          </div>
        ))}
        <span />
        <span className="flex justify-between">
          {[0, 6, 12, 18, 24].map((hour) => (
            <span key={hour}>{hour}</span>
          ))}
        </span>
      </div>
      <figcaption className="text-[0.8125rem] text-muted">
        {inside} {t("schedule.per_week", { time: duration(armedMinutes(spans) * 60) })}
      </figcaption>
    </figure>
  );
}
