import { queryOptions } from "@tanstack/react-query";
import { api, take } from "@/api/client";

export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/system", { signal })),
  refetchInterval: 10_000,
});
