import { useTranslation } from "react-i18next";
import { Sideways } from "@/components/ui/sideways";
import { number, shortDate, weekdayName } from "@/i18n/format";

/** A day of the site's calendar as a moment that is that day everywhere. */
export const dayMoment = (day: string, after = 0): number => Date.parse(`${day}T12:00:00Z`) + after * 86_400_000;

/** Events of each day as bars; each bar says its number. */
export function DayBars({ first, days }: { first: string; days: readonly number[] }) {
  const { t } = useTranslation();
  const most = Math.max(1, ...days);
  const every = Math.max(1, Math.ceil(days.length / 8));
  return (
    <figure className="flex flex-col gap-2" aria-label={t("statistics.days")}>
      <ol className="flex h-40 items-end gap-[2px]">
        {days.map((count, index) => {
          const name = shortDate(dayMoment(first, index));
          return (
            <li
              key={name}
              className="group relative flex h-full flex-1 items-end"
              title={t("statistics.on_day", { day: name, count, shown: number(count) })}
            >
              <span
                className="w-full rounded-t-[2px] bg-accent/75 group-hover:bg-accent"
                style={{ height: count === 0 ? 1 : `${(100 * count) / most}%` }}
              />
              <span className="sr-only">{t("statistics.on_day", { day: name, count, shown: number(count) })}</span>
            </li>
          );
        })}
      </ol>
      <div className="flex text-xs text-muted" aria-hidden>
        {days.map((_, index) =>
          index % every === 0 ? (
            <span key={dayMoment(first, index)} style={{ flex: Math.min(every, days.length - index) }} className="truncate">
              {shortDate(dayMoment(first, index))}
            </span>
          ) : null,
        )}
      </div>
    </figure>
  );
}

/** Events by hour of the week: darker is fewer; each cell says its number. */
export function HourMap({ counts }: { counts: readonly (readonly number[])[] }) {
  const { t } = useTranslation();
  const most = Math.max(1, ...counts.flat());
  return (
    <Sideways label={t("statistics.hours")}>
      <table className="w-full min-w-[36rem] table-fixed border-separate border-spacing-[2px] text-xs">
        <caption className="sr-only">{t("statistics.hours")}</caption>
        <thead>
          <tr>
            <td className="w-12" />
            {counts[0]?.map((_, hour) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: hours are named by their place.
              <th key={hour} scope="col" className="font-normal text-muted">
                {hour % 3 === 0 ? hour : <span className="sr-only">{hour}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {counts.map((hours, day) => (
            <tr key={weekdayName(day)}>
              <th scope="row" className="pr-2 text-left font-normal whitespace-nowrap text-muted">
                {weekdayName(day)}
              </th>
              {hours.map((count, hour) => (
                <td
                  // biome-ignore lint/suspicious/noArrayIndexKey: as above.
                  key={hour}
                  title={t("statistics.in_hour", { day: weekdayName(day, "long"), hour, count, shown: number(count) })}
                  className="h-6 rounded-[3px] bg-sunken p-0"
                  style={
                    count > 0
                      ? { background: `color-mix(in oklab, var(--accent) ${Math.round(18 + (82 * count) / most)}%, var(--sunken))` }
                      : undefined
                  }
                >
                  <span className="sr-only">{count}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Sideways>
  );
}
