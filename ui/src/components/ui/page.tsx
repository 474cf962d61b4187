import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { cx } from "./cx";

/** The frame of a page that scrolls as a whole. */
export function Page({
  title,
  lead,
  actions,
  tabs,
  children,
  wide,
}: {
  title: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  tabs?: ReactNode;
  children: ReactNode;
  wide?: boolean;
}) {
  return (
    <div className={cx("mx-auto flex w-full flex-col gap-5 px-4 py-5 md:px-7 md:py-6", wide ? "max-w-[110rem]" : "max-w-6xl")}>
      <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0">
          <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
          {lead && <p className="mt-0.5 max-w-2xl text-sm text-muted">{lead}</p>}
        </div>
        {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
      </header>
      {tabs}
      {children}
    </div>
  );
}

export function Tabs({ label, children }: { label: string; children: ReactNode }) {
  return (
    <nav aria-label={label} className="-mb-1 flex gap-1 overflow-x-auto border-b border-line">
      {children}
    </nav>
  );
}

export function Tab({ children, ...link }: LinkProps & { children: ReactNode }) {
  return (
    <Link
      {...link}
      activeOptions={{ exact: true, includeSearch: false, ...link.activeOptions }}
      className="-mb-px border-b-2 border-transparent px-3 py-2 text-sm whitespace-nowrap text-muted hover:text-text focus-visible:-outline-offset-2 data-[status=active]:border-accent data-[status=active]:font-semibold data-[status=active]:text-text"
    >
      {children}
    </Link>
  );
}

export function Section({
  title,
  lead,
  actions,
  children,
  className,
}: {
  title?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <section className={cx("panel flex min-w-0 flex-col", className)}>
      {(title || actions) && (
        <header className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-b border-line px-4 py-3">
          <div className="min-w-0">
            <h2 className="text-[0.9375rem] font-semibold">{title}</h2>
            {lead && <p className="text-[0.8125rem] text-muted">{lead}</p>}
          </div>
          {actions}
        </header>
      )}
      <div className="min-w-0 p-4">{children}</div>
    </section>
  );
}

/** One of a few, side by side. */
export function Segments<T extends string | number>({
  label,
  value,
  choices,
  onChoose,
  size = "md",
}: {
  label: string;
  value: T;
  choices: readonly (readonly [T, ReactNode])[];
  onChoose: (value: T) => void;
  size?: "sm" | "md";
}) {
  return (
    <div role="radiogroup" aria-label={label} className="inline-flex self-start rounded-md border border-line bg-raised p-0.5">
      {choices.map(([each, name]) => (
        <label
          key={each}
          className={cx(
            "cursor-pointer rounded-[5px] text-sm whitespace-nowrap has-checked:bg-surface has-checked:font-semibold has-focus-visible:outline-2 has-focus-visible:outline-accent",
            each === value ? "text-text" : "text-muted hover:text-text",
            size === "md" ? "px-3 py-1" : "px-2 py-0.5 text-[0.8125rem]",
          )}
        >
          <input type="radio" className="sr-only" checked={each === value} onChange={() => onChoose(each)} />
          {name}
        </label>
      ))}
    </div>
  );
}
