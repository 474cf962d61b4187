import type { InfiniteData } from "@tanstack/react-query";
import type { Schemas } from "@/api/client";
import { queryClient } from "@/api/query";

export type EventRow = Schemas["EventRead"];
export type EventDetail = Schemas["EventDetailRead"];
export type EventList = Schemas["EventList"];
export type EventPages = InfiniteData<EventList, string | null>;

/** Every list that is kept, whatever its filter. */
const LISTS = ["events", "list"];

/** Change a row where it stands: nothing moves. */
export function patchRow(id: string, change: Partial<EventRow>) {
  queryClient.setQueriesData<EventPages>({ queryKey: LISTS }, (data) => {
    if (!data?.pages.some((page) => page.items.some((row) => row.id === id))) return data;
    const pages = data.pages.map((page) => ({ ...page, items: page.items.map((row) => (row.id === id ? { ...row, ...change } : row)) }));
    return { ...data, pages };
  });
}

/** An event as the server answered it: for the detail, and for its row in every list. */
export function keepEvent(event: EventDetail) {
  queryClient.setQueryData(["event", event.id], event);
  patchRow(event.id, rowOf(event));
}

const ROW = [
  "severity",
  "subtype",
  "status",
  "revision",
  "ended_at",
  "duration_s",
  "vad_score",
  "detail",
  "vlm_type",
  "vlm_description",
  "vlm_confidence",
  "has_clip",
  "has_thumbnail",
  "media_deleted_at",
  "acknowledged",
  "acknowledged_at",
  "review",
  "note",
  "locked",
  "corrected_type",
] as const satisfies readonly (keyof EventRow)[];

const rowOf = (event: EventDetail): Partial<EventRow> => Object.fromEntries(ROW.map((name) => [name, event[name]]));

/** A newer first page laid over the list: rows that are known stay where they are, new ones come before them. Null where too much is new. */
export function withHead(data: EventPages, head: EventList): EventPages | null {
  const known = new Set(data.pages.flatMap((page) => page.items.map((row) => row.id)));
  const fresh = head.items.filter((row) => !known.has(row.id));
  if (fresh.length === head.items.length && known.size > 0) return null;
  const newer = new Map(head.items.map((row) => [row.id, row]));
  const pages = data.pages.map((page, index) => {
    const items = page.items.map((row) => newer.get(row.id) ?? row);
    return index === 0
      ? { ...page, items: [...fresh, ...items], total: head.total, total_is_exact: head.total_is_exact }
      : { ...page, items };
  });
  return { ...data, pages };
}
