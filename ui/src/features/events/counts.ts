import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, type Schemas, take } from "@/api/client";

const countQuery = (severity: Schemas["Severity"] | null) =>
  queryOptions({
    queryKey: ["counts", "new", severity],
    queryFn: ({ signal }) =>
      take(
        api.GET("/api/v1/events", {
          params: { query: { acknowledged: false, limit: 1, ...(severity ? { min_severity: severity } : {}) } },
          signal,
        }),
      ),
    select: (list) => list.total,
    refetchInterval: 60_000,
  });

/** Events that nobody has acknowledged. */
export function useNewEvents(): { total: number; critical: number } {
  const all = useQuery(countQuery(null));
  const critical = useQuery({ ...countQuery("critical"), enabled: (all.data ?? 0) > 0 });
  return { total: all.data ?? 0, critical: all.data ? (critical.data ?? 0) : 0 };
}
