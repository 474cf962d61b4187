import type { components } from "./schema";

export type Problem = components["schemas"]["Problem"];

/** What the API answered instead of what was asked for, or why it did not answer at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  readonly fields: Problem["fields"];
  readonly requestId: string;
  /** Seconds to wait, where the server says so. */
  readonly retryAfter: number | null;

  constructor(problem: Partial<Problem>, status: number, retryAfter: number | null = null) {
    super(problem.detail ?? problem.title ?? "");
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? "unreachable";
    this.hint = problem.hint ?? "";
    this.fields = problem.fields ?? [];
    this.requestId = problem.request_id ?? "";
    this.retryAfter = retryAfter;
  }
}

export const isApiError = (error: unknown): error is ApiError => error instanceof ApiError;

/** Nobody answered: the network, or the server, is away. */
export const unreachable = () => new ApiError({ code: "unreachable" }, 0);

export async function problemOf(response: Response): Promise<ApiError> {
  const wait = Number(response.headers.get("Retry-After"));
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait : null;
  try {
    return new ApiError((await response.json()) as Problem, response.status, retryAfter);
  } catch {
    return new ApiError({ code: "unexpected", detail: response.statusText }, response.status, retryAfter);
  }
}
