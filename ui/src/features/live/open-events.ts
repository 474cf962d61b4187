import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { api, type Schemas, take } from "@/api/client";
import { type EventMessage, hub } from "@/api/hub";

export type OpenEvent = Pick<
  Schemas["EventRead"],
  "id" | "camera_id" | "kind" | "subtype" | "severity" | "timestamp" | "vlm_type" | "corrected_type"
>;

const KEY = ["events", "open"];
const RANK = { low: 0, medium: 1, high: 2, critical: 3 } as const;

/** Camera -> its worst event that is going on now; kept up to date by the socket. */
export function useOpenEvents(): Map<string, OpenEvent> {
  const client = useQueryClient();
  const { data } = useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }): Promise<OpenEvent[]> =>
      (await take(api.GET("/api/v1/events", { params: { query: { status: ["open"], limit: 200 } }, signal }))).items,
  });
  useEffect(
    () =>
      hub.on((message) => {
        if (message.type === "event") client.setQueryData<OpenEvent[]>(KEY, (events) => events && keep(events, message.event));
      }),
    [client],
  );
  return useMemo(() => {
    const worst = new Map<string, OpenEvent>();
    for (const event of data ?? []) {
      const known = worst.get(event.camera_id);
      if (!known || RANK[event.severity] > RANK[known.severity]) worst.set(event.camera_id, event);
    }
    return worst;
  }, [data]);
}

function keep(events: OpenEvent[], event: EventMessage): OpenEvent[] {
  const others = events.filter((each) => each.id !== event.id);
  return event.status === "open" ? [...others, { ...event, vlm_type: null, corrected_type: null }] : others;
}
