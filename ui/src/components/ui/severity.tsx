import { CircleAlert, Info, OctagonAlert, TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { cx } from "./cx";
import type { Severity } from "./severity-order";

export { SEVERITIES, type Severity } from "./severity-order";

const ICONS = { critical: OctagonAlert, high: TriangleAlert, medium: CircleAlert, low: Info };
export const SEVERITY_TEXT: Record<Severity, string> = {
  critical: "text-critical",
  high: "text-high",
  medium: "text-medium",
  low: "text-low",
};
export const SEVERITY_FILL: Record<Severity, string> = {
  critical: "bg-critical-quiet text-critical",
  high: "bg-high-quiet text-high",
  medium: "bg-medium-quiet text-medium",
  low: "bg-low-quiet text-low",
};
export const SEVERITY_BAR: Record<Severity, string> = { critical: "bg-critical", high: "bg-high", medium: "bg-medium", low: "bg-low" };

/** Colour, shape and word say the same. */
export function SeverityBadge({ severity, className }: { severity: Severity; className?: string }) {
  const { t } = useTranslation();
  const Icon = ICONS[severity];
  return (
    <span
      className={cx("inline-flex items-center gap-1 rounded-sm px-1.5 py-0.5 text-xs font-semibold", SEVERITY_FILL[severity], className)}
    >
      <Icon className="size-3.5" aria-hidden />
      {t(`severity.${severity}`)}
    </span>
  );
}

export function SeverityIcon({ severity, className }: { severity: Severity; className?: string }) {
  const { t } = useTranslation();
  const Icon = ICONS[severity];
  return <Icon role="img" aria-label={t(`severity.${severity}`)} className={cx("size-4 shrink-0", SEVERITY_TEXT[severity], className)} />;
}
