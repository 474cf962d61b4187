import type { Schemas } from "@/api/client";
import { WEEKDAYS } from "@/i18n/format";

export type Span = Schemas["SpanModel"];

const minutes = (time: string) => {
  const [hour, minute] = time.split(":").map(Number);
  return (hour ?? 0) * 60 + (minute ?? 0);
};

export type Stretch = { day: number; from: number; to: number };

/** The spans as stretches of minutes on each day, Monday first; what passes midnight is cut there. */
export function stretches(spans: readonly Span[]): Stretch[] {
  return spans.flatMap((span) =>
    span.days.flatMap((name) => {
      const day = WEEKDAYS.indexOf(name);
      const [from, to] = [minutes(span.start), minutes(span.end)];
      if (to > from) return [{ day, from, to }];
      const next = { day: (day + 1) % 7, from: 0, to };
      return to > 0 ? [{ day, from, to: 1440 }, next] : [{ day, from, to: 1440 }];
    }),
  );
}

/** Minutes of the week in any of the spans. */
export function armedMinutes(spans: readonly Span[]): number {
  const armed = new Uint8Array(7 * 1440);
  for (const { day, from, to } of stretches(spans)) armed.fill(1, day * 1440 + from, day * 1440 + to);
  return armed.reduce((sum, each) => sum + each, 0);
}

const WORKDAYS = ["mon", "tue", "wed", "thu", "fri"] as const;
const WEEKEND = ["sat", "sun"] as const;

export const PRESETS: Record<"nights" | "closed" | "weekends", Span[]> = {
  nights: [{ days: [...WEEKDAYS], start: "22:00", end: "06:00" }],
  closed: [
    { days: [...WORKDAYS], start: "00:00", end: "08:00" },
    { days: [...WORKDAYS], start: "18:00", end: "24:00" },
    { days: [...WEEKEND], start: "00:00", end: "24:00" },
  ],
  weekends: [{ days: [...WEEKEND], start: "00:00", end: "24:00" }],
};

export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

export const timeZones = (): string[] => {
  const known = typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : [];
  return [...new Set(["UTC", ownZone(), ...known])].sort();
};
