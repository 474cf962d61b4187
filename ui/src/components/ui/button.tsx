import { LoaderCircle } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cx } from "./cx";

type Kind = "primary" | "plain" | "quiet" | "danger" | "on" | "picture";

const KINDS: Record<Kind, string> = {
  primary: "bg-accent text-on-accent border-transparent hover:brightness-110 font-semibold",
  plain: "bg-raised text-text border-line hover:border-line-strong",
  quiet: "bg-transparent text-muted border-transparent hover:bg-raised hover:text-text",
  on: "bg-accent-quiet text-accent border-transparent",
  picture: "bg-black/65 text-white border-transparent hover:bg-black/90",
  danger: "bg-critical-quiet text-critical border-transparent hover:border-critical",
};

type Props = ComponentProps<"button"> & { kind?: Kind; size?: "md" | "sm"; busy?: boolean; icon?: ReactNode };

export const buttonClass = (kind: Kind = "plain", size: "md" | "sm" = "md", iconOnly = false) =>
  cx(
    "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md border whitespace-nowrap transition-colors duration-100 select-none disabled:pointer-events-none disabled:opacity-50",
    KINDS[kind],
    size === "md" ? "min-h-9 text-sm" : "min-h-7 text-[0.8125rem]",
    iconOnly ? (size === "md" ? "w-9" : "w-7") : size === "md" ? "px-3" : "px-2.5",
  );

export function Button({
  kind = "plain",
  size = "md",
  busy = false,
  icon,
  className,
  children,
  disabled,
  type = "button",
  ...rest
}: Props) {
  return (
    <button
      type={type}
      className={cx(buttonClass(kind, size, children === undefined), className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {busy ? <LoaderCircle className="size-4 animate-spin" aria-hidden /> : icon}
      {children}
    </button>
  );
}

/** A button that is only a picture; its name is what a screen reader and the tooltip say. */
export function IconButton({ label, children, ...rest }: Omit<Props, "icon" | "children"> & { label: string; children: ReactNode }) {
  return <Button kind="quiet" aria-label={label} title={label} icon={children} {...rest} />;
}
