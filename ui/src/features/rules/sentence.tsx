import type { TFunction } from "i18next";
import { typeWord } from "@/features/events/words";
import { duration } from "@/i18n/format";
import type { RuleInput } from "./queries";

type Names = { cameras: Map<string, string>; channels: Map<string, string> };

const listed = (language: string, words: string[]) => new Intl.ListFormat(language, { style: "long", type: "conjunction" }).format(words);

/** A rule in plain words. */
export function ruleSentence(t: TFunction, language: string, rule: RuleInput, { cameras, channels }: Names): string {
  const where = rule.camera_ids
    ? listed(
        language,
        rule.camera_ids.map((id) => cameras.get(id) ?? t("rules.camera_gone")),
      ) || t("rules.no_camera")
    : t("rules.all_cameras");
  const what = rule.event_types
    ? listed(
        language,
        rule.event_types.map((word) => typeWord(t, word)),
      )
    : t("rules.anything");
  const ways = rule.channel_ids.map((id) => channels.get(id) ?? t("told.channel_gone"));
  const words = { where, what, severity: t(`severity.${rule.min_severity ?? "medium"}`) };
  const parts = [ways.length > 0 ? t("rules.sentence", { ...words, ways: listed(language, ways) }) : t("rules.sentence_nobody", words)];
  if (rule.system_events) parts.push(t("rules.also_system"));
  if (rule.schedule) parts.push(t("rules.only_planned"));
  if (rule.quiet_hours) parts.push(t("rules.quiet"));
  for (const step of rule.escalation ?? [])
    parts.push(
      t("rules.escalates", {
        time: duration(step.after_s),
        ways: listed(
          language,
          step.channel_ids.map((id) => channels.get(id) ?? t("told.channel_gone")),
        ),
      }),
    );
  return parts.join(" ");
}
