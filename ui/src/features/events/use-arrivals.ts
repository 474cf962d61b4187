import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { api, take } from "@/api/client";
import { hub } from "@/api/hub";
import { type EventPages, keepEvent, patchRow, withHead } from "./cache";
import { type EventSearch, mayMatch } from "./filters";
import { eventsQuery, fetchPage } from "./queries";

/** People are told before the database has an event, which takes up to a second. */
const TOGETHER_MS = 1200;

/**
 * What begins while somebody looks at a list. Rows that are shown are changed where they stand; new ones wait until they are asked for, or
 * come by themselves while `still()` says that nobody would be disturbed.
 */
export function useArrivals(search: EventSearch, still: () => boolean) {
  const client = useQueryClient();
  const { queryKey } = eventsQuery(search);
  const key = JSON.stringify(queryKey);
  const [waiting, setWaiting] = useState<ReadonlySet<string>>(new Set());
  const stillNow = useRef(still);
  stillNow.current = still;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says all that there is to say of the filter.
  const show = useCallback(async () => {
    if (search.relevance) {
      // What is new may stand anywhere among what is relevant.
      setWaiting(new Set());
      return client.resetQueries({ queryKey, exact: true });
    }
    const head = await fetchPage(search, null);
    // What is not there yet goes on waiting.
    const there = new Set(head.items.map((row) => row.id));
    setWaiting((before) => new Set([...before].filter((id) => !there.has(id))));
    let gap = false;
    client.setQueryData<EventPages>(queryKey, (data) => {
      if (!data) return data;
      const merged = withHead(data, head);
      gap = merged === null;
      return merged ?? data;
    });
    if (gap) await client.resetQueries({ queryKey, exact: true });
  }, [key, client]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: as above.
  useEffect(() => {
    setWaiting(new Set());
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = hub.on((message) => {
      if (message.type === "event_changed") return void readAgain(message.event_id, shows);
      if (message.type !== "event") return;
      const { event } = message;
      const { id, severity, subtype, status, revision, ended_at, vad_score, detail, has_clip, has_thumbnail } = event;
      if (shows(id)) {
        const length = ended_at ? (Date.parse(ended_at) - Date.parse(event.timestamp)) / 1000 : null;
        return patchRow(id, {
          severity,
          subtype,
          status,
          revision,
          ended_at,
          vad_score,
          detail,
          has_clip,
          has_thumbnail,
          duration_s: length,
        });
      }
      if (!mayMatch(search, event)) return;
      setWaiting((before) => (before.has(id) ? before : new Set(before).add(id)));
      timer ??= setTimeout(() => {
        timer = undefined;
        if (stillNow.current()) void show().catch(() => undefined);
      }, TOGETHER_MS);
    });
    const shows = (id: string) =>
      client.getQueryData<EventPages>(queryKey)?.pages.some((page) => page.items.some((row) => row.id === id)) ?? false;
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [key, client, show]);

  // What the first look did not find comes with the next.
  const left = waiting.size;
  useEffect(() => {
    if (left === 0) return;
    const timer = setInterval(() => {
      if (stillNow.current()) void show().catch(() => undefined);
    }, 2 * TOGETHER_MS);
    return () => clearInterval(timer);
  }, [left, show]);

  return { waiting: left, show };
}

async function readAgain(id: string, shows: (id: string) => boolean) {
  if (!shows(id)) return;
  const event = await take(api.GET("/api/v1/events/{event_id}", { params: { path: { event_id: id } } })).catch(() => null);
  if (event) keepEvent(event);
}
