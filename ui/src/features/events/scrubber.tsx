import { type PointerEvent, useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Severity } from "@/components/ui/severity";
import { type Curve, curvePoints } from "./curve";

type Props = {
  curve: Curve | null;
  severity: Severity;
  length: number;
  time: number;
  /** Of the event in the clip; null where that is not known. */
  beginning: number | null;
  /** Length of the event, null while it goes on. */
  end: number | null;
  peak: number | null;
  onSeek: (to: number) => void;
};

/** The score over the clip, with the alarm level, and the playhead that is drawn along it. */
export function Scrubber({ curve, severity, length, time, beginning, end, peak, onSeek }: Props) {
  const { t } = useTranslation();
  const bar = useRef<HTMLDivElement>(null);
  const clip = useId();
  const share = (at: number) => (length > 0 ? Math.min(1, Math.max(0, at / length)) : 0);
  const point = (event: PointerEvent) => {
    const room = bar.current?.getBoundingClientRect();
    if (room) onSeek((length * (event.clientX - room.left)) / room.width);
  };
  const points = curve && beginning !== null ? curvePoints(curve, beginning, length) : "";
  const first = points.split(",", 1)[0] ?? "0";
  const last = points.slice(points.lastIndexOf(" ") + 1).split(",", 1)[0] ?? "1000";
  const area = points ? `${first},100 ${points} ${last},100` : "";
  return (
    <div
      ref={bar}
      role="slider"
      tabIndex={0}
      aria-label={t("clip.position")}
      aria-valuemin={0}
      aria-valuemax={Math.round(length * 10) / 10}
      aria-valuenow={Math.round(time * 10) / 10}
      aria-valuetext={t("clip.position_text", { time: time.toFixed(1), length: length.toFixed(1) })}
      className="relative h-16 cursor-pointer touch-none border-y border-line bg-sunken select-none focus-visible:-outline-offset-2"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        point(event);
      }}
      onPointerMove={(event) => event.buttons > 0 && point(event)}
      onKeyDown={(event) => {
        const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -5, PageUp: 5, Home: -length, End: length }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        onSeek(time + by);
      }}
    >
      <svg viewBox="0 0 1000 100" preserveAspectRatio="none" className="absolute inset-0 size-full" aria-hidden="true" focusable="false">
        <clipPath id={clip}>
          <rect x="0" y="0" width="1000" height="50" />
        </clipPath>
        {beginning !== null && end !== null && (
          <rect
            x={1000 * share(beginning)}
            width={1000 * (share(beginning + end) - share(beginning))}
            y="0"
            height="100"
            fill={`var(--${severity}-quiet)`}
          />
        )}
        {area && (
          <>
            <polygon points={area} fill="var(--faint)" opacity="0.22" />
            <polygon points={area} fill={`var(--${severity})`} opacity="0.55" clipPath={`url(#${clip})`} />
            <polyline points={points} fill="none" stroke="var(--text)" strokeWidth="1.5" vectorEffect="non-scaling-stroke" />
            <line x1="0" x2="1000" y1="50" y2="50" stroke="var(--faint)" strokeDasharray="4 4" vectorEffect="non-scaling-stroke" />
          </>
        )}
      </svg>
      {area && (
        <span className="pointer-events-none absolute top-1/2 right-1.5 -translate-y-full text-[0.6875rem] text-faint">
          {t("clip.alarm_level")}
        </span>
      )}
      {peak !== null && (
        <span
          aria-hidden
          className="pointer-events-none absolute top-1 size-2 -translate-x-1/2 rotate-45 bg-text"
          style={{ left: `${100 * share(peak)}%` }}
        />
      )}
      <span
        aria-hidden
        className="pointer-events-none absolute inset-y-0 w-0.5 -translate-x-1/2 bg-accent"
        style={{ left: `${100 * share(time)}%` }}
      />
    </div>
  );
}
