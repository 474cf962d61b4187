import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, take } from "@/api/client";
import { type EventSearch, toFilter } from "./filters";

export const PAGE = 100;

export const fetchPage = (search: EventSearch, cursor: string | null, signal?: AbortSignal) => {
  const order = search.relevance ? { relevance: true } : { sort: search.sort ?? "time" };
  return take(
    api.GET("/api/v1/events", { params: { query: { ...toFilter(search), ...order, limit: PAGE, ...(cursor ? { cursor } : {}) } }, signal }),
  );
};

export const eventsQuery = (search: EventSearch) =>
  infiniteQueryOptions({
    queryKey: ["events", "list", search],
    queryFn: ({ pageParam, signal }) => fetchPage(search, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    // The socket tells of what is new; loading anew by itself would move the list under somebody's hands.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    gcTime: 60_000,
  });

export const eventQuery = (id: string) =>
  queryOptions({
    queryKey: ["event", id],
    queryFn: ({ signal }) => take(api.GET("/api/v1/events/{event_id}", { params: { path: { event_id: id } }, signal })),
  });

export const deliveriesQuery = (id: string) =>
  queryOptions({
    queryKey: ["event", id, "deliveries"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/events/{event_id}/deliveries", { params: { path: { event_id: id } }, signal })),
  });

export const analysesQuery = (id: string) =>
  queryOptions({
    queryKey: ["event", id, "analyses"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/events/{event_id}/analyses", { params: { path: { event_id: id } }, signal })),
  });
