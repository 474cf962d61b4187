import { currentLanguage } from "./index";

const cache = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>();

function formatter<T extends Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>(
  key: string,
  make: (language: string) => T,
): T {
  const language = currentLanguage();
  const name = `${language}:${key}`;
  const known = cache.get(name) ?? make(language);
  cache.set(name, known);
  return known as T;
}

type Moment = string | number | Date;
const asDate = (moment: Moment) => (moment instanceof Date ? moment : new Date(moment));

const dates = (key: string, options: Intl.DateTimeFormatOptions) => (moment: Moment) =>
  formatter(key, (language) => new Intl.DateTimeFormat(language, options)).format(asDate(moment));

export const clockTime = dates("clock", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const clockSeconds = dates("clock-s", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
export const shortDate = dates("date", { month: "short", day: "numeric" });
export const longDate = dates("date-long", { year: "numeric", month: "long", day: "numeric", weekday: "short" });
export const dateTime = dates("date-time", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
/** With the zone, for hovering over a short time. */
export const fullTime = dates("full", {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
  timeZoneName: "short",
});

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Relative under an hour; else the local time, with the day where it is another one. */
export function eventTime(moment: Moment, now: number): string {
  const then = asDate(moment).getTime();
  const age = now - then;
  if (age >= 0 && age < HOUR) {
    const relative = formatter("relative", (language) => new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" }));
    return age < MINUTE ? relative.format(-Math.floor(age / 1000), "second") : relative.format(-Math.floor(age / MINUTE), "minute");
  }
  return new Date(now).toDateString() === new Date(then).toDateString() ? clockTime(then) : dateTime(then);
}

export const number = (value: number, digits = 0): string =>
  formatter(`n${digits}`, (language) => new Intl.NumberFormat(language, { maximumFractionDigits: digits })).format(value);

/** Three digits that count, as the server writes measurements. */
export const measured = (value: number): string =>
  formatter("measured", (language) => new Intl.NumberFormat(language, { maximumSignificantDigits: 3 })).format(value);

export const percent = (share: number): string =>
  formatter("percent", (language) => new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 })).format(share);

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export function bytes(amount: number): string {
  const power = Math.min(UNITS.length - 1, amount < 1 ? 0 : Math.floor(Math.log10(amount) / 3));
  const unit = UNITS[power] ?? "byte";
  return formatter(
    `bytes-${unit}`,
    (language) => new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: power > 2 ? 1 : 0 }),
  ).format(amount / 1000 ** power);
}

/** A length of time in its one or two largest units: 8 s, 2 min 5 s, 3 h 20 min, 4 d. */
export function duration(seconds: number): string {
  // What took place but took less than a second did not take none.
  if (seconds > 0.05 && seconds < 0.95) return unit(Math.round(seconds * 10) / 10, "second");
  const whole = Math.max(0, Math.round(seconds));
  const parts: [number, Intl.NumberFormatOptions["unit"]][] = [
    [Math.floor(whole / 86400), "day"],
    [Math.floor((whole % 86400) / 3600), "hour"],
    [Math.floor((whole % 3600) / 60), "minute"],
    [whole % 60, "second"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return unit(0, "second");
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, name]) => unit(amount, name))
    .join(" ");
}

const unit = (amount: number, name: Intl.NumberFormatOptions["unit"]) =>
  formatter(`unit-${name}`, (language) => new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "short" })).format(
    amount,
  );

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export const weekdayName = (index: number, style: "short" | "long" | "narrow" = "short"): string =>
  // The fifth of January 1970 was a Monday.
  formatter(`weekday-${style}`, (language) => new Intl.DateTimeFormat(language, { weekday: style, timeZone: "UTC" })).format(
    new Date(Date.UTC(1970, 0, 5 + index)),
  );
