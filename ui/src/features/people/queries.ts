import { queryOptions } from "@tanstack/react-query";
import { api, type Schemas, take } from "@/api/client";

export type User = Schemas["UserRead"];

const MOST = 500;

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/users", { params: { query: { limit: MOST } }, signal })),
});
