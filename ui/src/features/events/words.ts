import type { TFunction } from "i18next";

type Typed = { kind: string; subtype: string | null; vlm_type?: string | null; corrected_type?: string | null };

/** What an event is called: as a person says, else as the model judged it, else by what was measured. A word that nobody translated is shown as it is. */
export function eventTitle(t: TFunction, event: Typed): string {
  return typeWord(t, event.corrected_type ?? event.vlm_type ?? event.subtype ?? event.kind);
}

export function typeWord(t: TFunction, word: string): string {
  const words = t as unknown as (key: string, options: object) => string;
  return words(`type.${word}`, { defaultValue: word.replaceAll("_", " ") });
}
