import type { Schemas } from "@/api/client";
import type { EventMessage } from "@/api/hub";
import { SEVERITIES } from "@/components/ui/severity-order";

export type Severity = Schemas["Severity"];
export type EventKind = Schemas["EventKind"];
export type Review = Schemas["Review"];

export const KINDS: readonly EventKind[] = ["anomaly", "tamper", "system"];
export const REVIEWS: readonly Review[] = ["new", "in_progress", "resolved", "false_alarm", "normal"];
export const SPANS = { "24h": 24, "7d": 7 * 24, "30d": 30 * 24 } as const;
export type Span = keyof typeof SPANS;
export const SORTS = ["time", "severity", "score"] as const;
export type Sort = (typeof SORTS)[number];

/** What the address says of the list; what is absent does not restrict it. */
export type EventSearch = {
  /** `all` also shows what somebody has acknowledged. */
  show?: "all" | "acknowledged";
  camera?: string[];
  severity?: Severity[];
  kind?: EventKind[];
  review?: Review[];
  span?: Span;
  since?: string;
  until?: string;
  locked?: true;
  clip?: true;
  q?: string;
  /** With `q`: by meaning as well, the most relevant first. */
  relevance?: true;
  sort?: Sort;
};

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const some = <T>(values: T[]): T[] | undefined => (values.length > 0 ? values : undefined);
const oneOf = <T>(known: readonly T[], value: unknown): T | undefined => known.find((each) => each === value);
const among = <T>(known: readonly T[], value: unknown) => some(known.filter((each) => list(value).includes(each)));
const isMoment = (value: unknown): value is string => typeof value === "string" && !Number.isNaN(Date.parse(value));
const UUID = /^[0-9a-f-]{36}$/i;

/** Whatever the address holds: only what means something stays. */
export function readSearch(search: Record<string, unknown>): EventSearch {
  const found: EventSearch = {
    show: oneOf(["all", "acknowledged"] as const, search.show),
    camera: some(list(search.camera).filter((id): id is string => typeof id === "string" && UUID.test(id))),
    severity: among(SEVERITIES, search.severity),
    kind: among(KINDS, search.kind),
    review: among(REVIEWS, search.review),
    span: oneOf(Object.keys(SPANS) as Span[], search.span),
    since: isMoment(search.since) ? search.since : undefined,
    until: isMoment(search.until) ? search.until : undefined,
    locked: search.locked === true ? true : undefined,
    clip: search.clip === true ? true : undefined,
    q: typeof search.q === "string" && search.q.trim() ? search.q.slice(0, 200) : undefined,
    relevance: search.relevance === true && search.q ? true : undefined,
    sort: oneOf(["severity", "score"] as const, search.sort),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as EventSearch;
}

/** How many conditions there are beside which events are shown at all. */
export const conditions = ({ show: _show, sort: _sort, relevance: _relevance, ...rest }: EventSearch): number => Object.keys(rest).length;

export type ApiFilter = NonNullable<Schemas["BulkAcknowledge"]["filter"]>;

export function toFilter(search: EventSearch, now = Date.now()): ApiFilter {
  const since = search.span ? new Date(now - SPANS[search.span] * 3_600_000).toISOString() : search.since;
  return {
    ...(search.camera && { camera_id: search.camera }),
    ...(search.severity && { severity: search.severity }),
    ...(search.kind && { kind: search.kind }),
    ...(search.review && { review: search.review }),
    ...(since && { since }),
    ...(search.until && { until: search.until }),
    ...(search.locked && { locked: true }),
    ...(search.clip && { has_clip: true }),
    ...(search.q && { q: search.q }),
    ...(search.show !== "all" && { acknowledged: search.show === "acknowledged" }),
  };
}

/** Whether an event that has just begun belongs to the list; where that cannot be said of it yet, it may. */
export function mayMatch(search: EventSearch, event: EventMessage): boolean {
  return (
    search.show !== "acknowledged" &&
    !search.locked &&
    !search.until &&
    (!search.camera || search.camera.includes(event.camera_id)) &&
    (!search.severity || search.severity.includes(event.severity)) &&
    (!search.kind || search.kind.includes(event.kind)) &&
    (!search.review || search.review.includes("new"))
  );
}
