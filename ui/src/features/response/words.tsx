import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { cx } from "@/components/ui/cx";
import type { Action } from "./queries";

type Named = { kind: Action["kind"]; target: string; target_name?: string | null; options: { [key: string]: unknown } };

/** What an action does, with whom or what it reaches. */
export function actionWords(t: TFunction, action: Named): string {
  const name = action.target_name ?? action.target;
  const words = t(`action.${action.kind}`);
  return name ? `${words}: ${name}` : words;
}

const LOOK: Record<Action["state"], string> = {
  planned: "text-muted",
  awaiting_approval: "text-medium",
  approved: "text-text",
  running: "text-text",
  done: "text-accent",
  failed: "text-critical",
  unknown: "text-high",
  rejected: "text-muted",
  expired: "text-high",
  refused: "text-muted",
};

export function ActionState({ state }: { state: Action["state"] }) {
  const { t } = useTranslation();
  return <span className={cx("font-medium whitespace-nowrap", LOOK[state])}>{t(`action_state.${state}`)}</span>;
}

/** What really came of it, as the server says: the reason first, then the rest by name. What only undoing needs is left out. */
export function resultWords(result: { [key: string]: unknown }): string {
  const { reason, ...rest } = result;
  const told = Object.entries(rest).filter(([key, value]) => typeof value !== "boolean" && value !== null && key !== "note");
  const others = told.map(([key, value]) => `${key.replaceAll("_", " ")}: ${typeof value === "object" ? JSON.stringify(value) : value}`);
  return [reason, ...others].filter(Boolean).join(" · ");
}
