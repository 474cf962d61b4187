import type { TFunction } from "i18next";
import type { Schemas } from "@/api/client";
import { typeWord } from "@/features/events/words";
import { measured } from "@/i18n/format";

export type Row = Schemas["SeverityRowModel"];
export type Bound = Schemas["FactBoundModel"];

/** What a row may name: a system event has a severity of its own, and what is normal or unclear no rule suspects. */
export const KINDS = ["anomaly", "tamper"] as const;
export const TYPES = [
  "Fighting",
  "Assault",
  "Falling",
  "Intrusion",
  "Loitering",
  "Suspicious_Object",
  "Arson",
  "Explosion",
  "Weapon",
  "Theft",
  "Vandalism",
  "Crowd_Panic",
  "Road_Accident",
  "Turnstile_Jumping",
  "Wildlife_Intrusion",
  "Camera_Tamper",
  "Other_Anomaly",
] as const satisfies readonly Schemas["EventType"][];
export const FACTS = [
  "speed",
  "direction",
  "size",
  "dwell",
  "duration",
  "count",
  "zone",
  "class",
  "path",
  "posture_ratio",
  "flow",
  "flicker",
  "place",
  "appearance",
  "scene_change",
  "score",
  "hypothesis",
] as const satisfies readonly Schemas["FactKind"][];

export const toggled = <T>(list: readonly T[], item: T, on: boolean): T[] => (on ? [...list, item] : list.filter((each) => each !== item));

/** All that an event has to meet, a line each; none where it meets the row whatever it is. */
export function conditions(t: TFunction, row: Row): string[] {
  const names = (words: readonly string[]) => words.map((word) => typeWord(t, word)).join(", ");
  const lines: string[] = [];
  if (row.kinds?.length) lines.push(t("severities.is", { what: names(row.kinds) }));
  if (row.types?.length) lines.push(t("severities.suspected", { what: names(row.types) }));
  if (row.zones?.length) lines.push(t("severities.in_zone", { what: row.zones.join(", ") }));
  if (row.schedule) lines.push(t("severities.at_times", { what: row.schedule }));
  if (row.least_score) lines.push(t("severities.from_score", { score: measured(row.least_score) }));
  for (const bound of row.facts ?? []) lines.push(boundWords(t, bound));
  return lines;
}

function boundWords(t: TFunction, { kind, least, most }: Bound): string {
  const what = t(`fact.${kind}`);
  const known = (value: number | null | undefined) => value !== null && value !== undefined;
  if (known(least) && known(most)) return t("severities.between", { what, least: measured(least ?? 0), most: measured(most ?? 0) });
  return known(most)
    ? t("severities.at_most", { what, most: measured(most ?? 0) })
    : t("severities.at_least", { what, least: measured(least ?? 0) });
}
