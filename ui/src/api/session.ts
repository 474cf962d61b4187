import { ApiError, problemOf, unreachable } from "./problem";
import type { components } from "./schema";

export type Me = components["schemas"]["Me"];
type Tokens = components["schemas"]["Tokens"];

/** `starting`: not known yet. `expired`: somebody was logged in, and has to log in again to go on where they are. */
export type Session =
  | { state: "starting" }
  | { state: "out" }
  | { state: "unreachable" }
  | { state: "in"; me: Me }
  | { state: "expired"; me: Me };

const BASE = "/api/v1/auth";
const EARLY_MS = 60_000;
const AGAIN_MS = 5_000;

let session: Session = { state: "starting" };
let token: string | null = null;
let goodUntil = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let refreshing: Promise<boolean> | null = null;
const listeners = new Set<() => void>();

export const getSession = () => session;

export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next: Session) {
  session = next;
  for (const listener of listeners) listener();
}

/** The access token lives in this page's memory only; the refresh token is a cookie that no script can read. */
export function accessToken(): string | null {
  return token;
}

async function post(path: string, body: unknown): Promise<Response> {
  try {
    return await fetch(`${BASE}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Haetae-CSRF": "1" },
      body: JSON.stringify(body),
    });
  } catch {
    throw unreachable();
  }
}

function keep(tokens: Tokens, answeredAt: string | null) {
  token = tokens.access_token;
  // By the server's own clock: this machine's may be wrong by hours.
  const now = answeredAt ? Date.parse(answeredAt) : Date.now();
  goodUntil = performance.now() + (Date.parse(tokens.expires_at) - now);
  clearTimeout(timer);
  timer = setTimeout(() => void refresh(), Math.max(AGAIN_MS, goodUntil - performance.now() - EARLY_MS));
}

async function loadMe(): Promise<Me> {
  let response: Response;
  try {
    response = await fetch(`${BASE}/me`, { headers: { Authorization: `Bearer ${token}` } });
  } catch {
    throw unreachable();
  }
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as Me;
}

/** Who is logged in, by the cookie of an earlier visit. */
export async function startSession(): Promise<void> {
  try {
    if (!(await refresh())) return become({ state: "out" });
    become({ state: "in", me: await loadMe() });
  } catch {
    become({ state: "unreachable" });
  }
}

/** A new access token. False where the log-in is over; throws where nobody answers. One at a time. */
export function refresh(): Promise<boolean> {
  refreshing ??= refreshOnce().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function refreshOnce(): Promise<boolean> {
  let response: Response;
  try {
    response = await withLock(() => post("/refresh", {}));
  } catch (error) {
    clearTimeout(timer);
    if (token) timer = setTimeout(() => void refresh().catch(() => undefined), AGAIN_MS);
    throw error;
  }
  if (response.ok) {
    keep((await response.json()) as Tokens, response.headers.get("Date"));
    return true;
  }
  if (response.status === 401 || response.status === 403) {
    token = null;
    clearTimeout(timer);
    if (session.state === "in") become({ state: "expired", me: session.me });
    return false;
  }
  throw await problemOf(response);
}

/** Two windows of one browser share the cookie, whose token is good once: they take turns, where the browser lets them. */
function withLock<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? (navigator.locks.request("haetae-refresh", work) as Promise<T>) : work();
}

/** A token for the next request; refreshed first where it has run out (a laptop that slept). */
export async function freshToken(): Promise<string | null> {
  if (token && performance.now() > goodUntil - 2000) await refresh();
  return token;
}

type Way = { path: "/login" | "/setup" | "/register" | "/reset"; body: Record<string, unknown> };

/** Log in by any of the four ways. Throws ApiError. */
export async function signIn(way: Way): Promise<Me> {
  const response = await post(way.path, { ...way.body, cookie: true });
  if (!response.ok) throw await problemOf(response);
  keep((await response.json()) as Tokens, response.headers.get("Date"));
  const me = await loadMe();
  if (session.state === "expired" && session.me.id !== me.id) {
    // Nothing that the one before saw may stay on the screen.
    window.location.assign("/");
  }
  become({ state: "in", me });
  return me;
}

export async function signOut(): Promise<void> {
  try {
    const response = await post("/logout", {});
    if (!response.ok && response.status !== 401) throw await problemOf(response);
  } finally {
    token = null;
    clearTimeout(timer);
    become({ state: "out" });
  }
}

/** The log-in was ended on purpose elsewhere on this page (log-out everywhere). */
export function forget() {
  token = null;
  clearTimeout(timer);
  become({ state: "out" });
}

export function tokensChanged(tokens: Tokens, answeredAt: string | null) {
  keep(tokens, answeredAt);
}

export async function reloadMe(): Promise<void> {
  if (session.state !== "in") return;
  const me = await loadMe();
  become({ state: "in", me });
}

export { ApiError };
