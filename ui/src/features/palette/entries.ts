export type Entry = {
  id: string;
  group: "event" | "camera" | "page" | "action" | "ask";
  words: string;
  /** More by which it is found, and what is shown beside it. */
  also?: string;
  run: () => void;
};

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

/** The id of an event that somebody pasted, alone or in a link. */
export const eventIdIn = (text: string): string | null => UUID.exec(text)?.[0].toLowerCase() ?? null;

const plain = (text: string) => text.normalize("NFC").toLowerCase();

/** How well it fits: 3 begins so, 2 a word begins so, 1 it occurs, 0 not. Every word that was typed must occur. */
export function fits(entry: Pick<Entry, "words" | "also">, typed: string): number {
  const wanted = plain(typed).trim();
  if (!wanted) return 1;
  const words = plain(entry.words);
  const all = `${words} ${plain(entry.also ?? "")}`;
  if (!wanted.split(/\s+/).every((word) => all.includes(word))) return 0;
  if (words.startsWith(wanted)) return 3;
  return all.split(/[\s,/·]+/).some((word) => word.startsWith(wanted)) ? 2 : 1;
}

/** Those that fit, best first; what fits as well stays in its order. */
export function found<T extends Pick<Entry, "words" | "also">>(entries: readonly T[], typed: string): T[] {
  return entries
    .map((entry) => ({ entry, fit: fits(entry, typed) }))
    .filter(({ fit }) => fit > 0)
    .sort((one, other) => other.fit - one.fit)
    .map(({ entry }) => entry);
}
