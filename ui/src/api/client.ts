import createClient from "openapi-fetch";
import { problemOf, unreachable } from "./problem";
import type { components, paths } from "./schema";
import { freshToken, refresh } from "./session";

export type Schemas = components["schemas"];

/** Sends with the log-in of this page, and once more with a new one where it had just run out. */
export async function authorised(request: Request): Promise<Response> {
  const again = request.clone();
  try {
    const token = await freshToken();
    if (token) request.headers.set("Authorization", `Bearer ${token}`);
    const response = await fetch(request);
    if (response.status !== 401 || !token || !(await refresh())) return response;
    again.headers.set("Authorization", `Bearer ${await freshToken()}`);
    return await fetch(again);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable();
  }
}

/** The whole API, typed by its schema (`npm run client`). */
export const api = createClient<paths>({
  baseUrl: "",
  fetch: authorised,
  // Lists as `camera_id=a&camera_id=b`.
  querySerializer: { array: { style: "form", explode: true } },
});

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** What was asked for; throws ApiError where the answer is another. */
export async function take<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw await problemOf(new Response(JSON.stringify(error), response));
  return data as T;
}

/** The same with the version that it was read as, for If-Match. */
export async function takeWithTag<T>(answer: Promise<Answer<T>>): Promise<{ value: T; tag: string }> {
  const { data, error, response } = await answer;
  if (!response.ok) throw await problemOf(new Response(JSON.stringify(error), response));
  return { value: data as T, tag: response.headers.get("ETag") ?? "*" };
}
