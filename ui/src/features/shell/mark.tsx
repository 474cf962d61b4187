import { cx } from "@/components/ui/cx";

/** The eye that is awake. */
export function Mark({ small, className }: { small?: boolean; className?: string }) {
  return (
    <span className={cx("inline-flex items-center gap-2.5", className)}>
      <svg viewBox="0 0 32 32" className="size-8 shrink-0 text-accent" aria-hidden="true" focusable="false">
        <path
          d="M5.5 17S9.500 10 16 10s10.500 7 10.500 7-4 7-10.500 7S5.500 17 5.500 17Z"
          fill="none"
          stroke="currentColor"
          strokeWidth="2.200"
          strokeLinejoin="round"
        />
        <circle cx="16" cy="17" r="3.400" fill="currentColor" />
        <path d="M9 8 11.500 5.500M23 8 20.500 5.500" stroke="currentColor" strokeWidth="2.200" strokeLinecap="round" />
      </svg>
      {!small && (
        <span className="text-lg leading-none font-semibold tracking-tight">
          Haetae <span className="font-normal text-faint">해태</span>
        </span>
      )}
    </span>
  );
}
