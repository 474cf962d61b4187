import { CircleDashed, CirclePause, Eye, GraduationCap, TriangleAlert, Unplug } from "lucide-react";
import { useTranslation } from "react-i18next";
import { cx } from "@/components/ui/cx";
import { percent } from "@/i18n/format";
import type { Camera } from "./queries";

const ICONS = {
  stopped: CirclePause,
  connecting: CircleDashed,
  learning: GraduationCap,
  watching: Eye,
  offline: Unplug,
  failed: TriangleAlert,
};

/** How a camera is doing, as a picture and a word. */
export function StateMark({ camera, className }: { camera: Camera; className?: string }) {
  const { t } = useTranslation();
  const { state, learning, armed } = camera.status;
  const shown = camera.enabled ? state : "stopped";
  const Icon = ICONS[shown];
  const bad = shown === "offline" || shown === "failed";
  return (
    <span
      className={cx(
        "inline-flex items-center gap-1.5 text-sm whitespace-nowrap",
        bad ? "font-semibold text-high" : shown === "watching" ? "text-text" : "text-muted",
        className,
      )}
    >
      <Icon className={cx("size-4 shrink-0", shown === "watching" && "text-accent")} aria-hidden />
      {shown === "learning" ? t("state.learning_share", { share: percent(learning) }) : t(`state.${shown}`)}
      {shown === "watching" && !armed && <span className="text-muted">({t("live.disarmed")})</span>}
    </span>
  );
}

export function LearningBar({ share }: { share: number }) {
  const { t } = useTranslation();
  return (
    <div
      role="progressbar"
      aria-label={t("state.learning")}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(100 * share)}
      className="h-1.5 overflow-hidden rounded-full bg-sunken"
    >
      <div className="h-full rounded-full bg-accent" style={{ width: `${100 * share}%` }} />
    </div>
  );
}
