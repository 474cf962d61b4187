import type { TFunction } from "i18next";
import { isApiError } from "@/api/problem";
import { currentLanguage } from "@/i18n";
import { duration } from "@/i18n/format";

/** An error in the reader's language where its kind is known, with the server's own words where they say more. */
export function errorText(t: TFunction, error: unknown): { text: string; hint: string } {
  if (!isApiError(error)) return { text: t("error.unexpected"), hint: error instanceof Error ? error.message : "" };
  const words = t as unknown as (key: string, options: object) => string;
  const known = words(`error.${error.code}`, { defaultValue: "", wait: duration(error.retryAfter ?? 0) });
  const detail = [error.message, error.hint].filter(Boolean).join(". ");
  if (currentLanguage() === "en" && error.message && !["unauthenticated", "too_many_requests", "forbidden"].includes(error.code)) {
    return { text: sentence(error.message), hint: error.hint };
  }
  return known
    ? { text: known, hint: error.status === 0 || error.status === 401 || error.status === 403 ? "" : detail }
    : { text: t("error.unexpected"), hint: detail };
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
