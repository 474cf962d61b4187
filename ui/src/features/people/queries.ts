import { queryOptions } from "@tanstack/react-query";
import { api, type Schemas, take } from "@/api/client";

export type User = Schemas["UserRead"];

const PAGE = 200;

/** Everybody, page by page. */
async function readAll(signal: AbortSignal): Promise<{ users: User[] }> {
  const users: User[] = [];
  for (;;) {
    const page = await take(api.GET("/api/v1/users", { params: { query: { limit: PAGE, offset: users.length } }, signal }));
    users.push(...page.users);
    if (page.users.length === 0 || users.length >= page.total) return { users };
  }
}

export const usersQuery = queryOptions({ queryKey: ["users"], queryFn: ({ signal }) => readAll(signal) });
