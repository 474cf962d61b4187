import { api, authorised, take } from "./client";
import { problemOf } from "./problem";

export type Fetched = { url: string; headers: Headers };

/** A picture by the page's own log-in, as an address for `<img>`. Whoever asks gives it back with `URL.revokeObjectURL`. */
export async function fetchPicture(path: string, signal?: AbortSignal): Promise<Fetched> {
  const response = await authorised(new Request(path, { signal }));
  if (!response.ok) throw await problemOf(response);
  return { url: URL.createObjectURL(await response.blob()), headers: response.headers };
}

/** An address that carries a short-lived proof, for what a browser fetches by itself: players, downloads, sockets. */
export async function ticketed(path: string): Promise<string> {
  const { url } = await take(api.POST("/api/v1/tickets", { body: { path } }));
  return url;
}

export function socketUrl(path: string): string {
  const here = new URL(path, window.location.href);
  here.protocol = here.protocol === "https:" ? "wss:" : "ws:";
  return here.href;
}

/** Have the browser save what lies at a path of the API; `query` is added to the ticket. */
export async function download(path: string, query: URLSearchParams = new URLSearchParams()): Promise<void> {
  const url = await ticketed(path);
  const link = document.createElement("a");
  link.href = query.size ? `${url}&${query}` : url;
  link.download = "";
  document.body.append(link);
  link.click();
  link.remove();
}

/** For what a ticket does not open: fetched with the log-in, then saved. */
export async function saveAs(path: string, name: string): Promise<void> {
  const { url } = await fetchPicture(path);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
