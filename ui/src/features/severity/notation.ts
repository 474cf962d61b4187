import type { Schedule } from "@/features/cameras/schedule-editor";
import type { Span } from "@/features/cameras/week";
import { WEEKDAYS } from "@/i18n/format";

type Day = Span["days"][number];

const SPAN = /^(\S+) (\d{2}:\d{2}(?::\d{2})?)-(\d{2}:\d{2}(?::\d{2})?)$/;

/** A weekly schedule in one line, such as `mon-fri 18:00-08:00; sat,sun 00:00-24:00 @ Asia/Seoul`. */
export function written({ time_zone, spans }: Schedule): string {
  const parts = spans.map(({ days, start, end }) => {
    const all = days.length === WEEKDAYS.length;
    return `${all ? "daily" : WEEKDAYS.filter((day) => days.includes(day)).join(",")} ${start}-${end}`;
  });
  return `${parts.join("; ")} @ ${time_zone}`;
}

/** The schedule that the site wrote in one line; null for a line that it did not write. */
export function read(line: string): Schedule | null {
  const at = line.lastIndexOf("@");
  if (at < 0) return null;
  const spans: Span[] = [];
  for (const part of line.slice(0, at).split(";")) {
    const [, names, start, end] = SPAN.exec(part.trim()) ?? [];
    const days = names && daysOf(names);
    if (!days || !start || !end) return null;
    spans.push({ days, start, end });
  }
  return { time_zone: line.slice(at + 1).trim(), spans };
}

function daysOf(names: string): Day[] | null {
  if (names === "daily") return [...WEEKDAYS];
  const days: Day[] = [];
  for (const run of names.split(",")) {
    const [first, last = first] = run.split("-").map((name) => WEEKDAYS.indexOf(name as Day));
    if (first === undefined || last === undefined || first < 0 || last < 0) return null;
    const length = ((last - first + 7) % 7) + 1;
    for (let step = 0; step < length; step += 1) days.push(WEEKDAYS[(first + step) % 7] as Day);
  }
  return days;
}
