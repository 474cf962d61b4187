import { type ComponentProps, type ReactNode, useId } from "react";
import { cx } from "./cx";

type FieldProps = { label: ReactNode; hint?: ReactNode; error?: ReactNode; className?: string; children: (props: Wiring) => ReactNode };
type Wiring = { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean | undefined };

/** A labelled control with its hint or what is wrong with it, wired up for screen readers. */
export function Field({ label, hint, error, className, children }: FieldProps) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className={cx("flex min-w-0 flex-col gap-1", className)}>
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children({ id, "aria-describedby": note ? `${id}-note` : undefined, "aria-invalid": error ? true : undefined })}
      {note && (
        <p id={`${id}-note`} className={cx("text-[0.8125rem]", error ? "text-critical" : "text-muted")}>
          {note}
        </p>
      )}
    </div>
  );
}

type InputProps = Omit<ComponentProps<"input">, "children"> & Omit<FieldProps, "children">;

export function Input({ label, hint, error, className, ...rest }: InputProps) {
  return (
    <Field label={label} hint={hint} error={error} className={className}>
      {(wiring) => <input className="control" {...wiring} {...rest} />}
    </Field>
  );
}

export function TextArea({ label, hint, error, className, ...rest }: ComponentProps<"textarea"> & Omit<FieldProps, "children">) {
  return (
    <Field label={label} hint={hint} error={error} className={className}>
      {(wiring) => <textarea className="control" rows={3} {...wiring} {...rest} />}
    </Field>
  );
}

export function Select({ label, hint, error, className, children, ...rest }: ComponentProps<"select"> & Omit<FieldProps, "children">) {
  return (
    <Field label={label} hint={hint} error={error} className={className}>
      {(wiring) => (
        <select className="control" {...wiring} {...rest}>
          {children}
        </select>
      )}
    </Field>
  );
}

export function Checkbox({
  label,
  hint,
  className,
  ...rest
}: Omit<ComponentProps<"input">, "type"> & { label: ReactNode; hint?: ReactNode }) {
  return (
    <label className={cx("flex items-start gap-2.5 py-1 text-sm", className)}>
      <input type="checkbox" className="mt-0.5 size-4 shrink-0 accent-accent" {...rest} />
      <span>
        {label}
        {hint && <span className="block text-[0.8125rem] text-muted">{hint}</span>}
      </span>
    </label>
  );
}

export function Switch({
  label,
  hint,
  checked,
  onChange,
  disabled,
}: {
  label: ReactNode;
  hint?: ReactNode;
  checked: boolean;
  onChange: (on: boolean) => void;
  disabled?: boolean;
}) {
  return (
    <label className="flex items-center justify-between gap-4 py-1.5 text-sm">
      <span className="min-w-0">
        {label}
        {hint && <span className="block text-[0.8125rem] text-muted">{hint}</span>}
      </span>
      <input
        type="checkbox"
        role="switch"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
        className="relative h-5 w-9 shrink-0 cursor-pointer appearance-none rounded-full border border-line-strong bg-raised transition-colors duration-100 before:absolute before:top-0.5 before:left-0.5 before:size-3.5 before:rounded-full before:bg-muted before:transition-transform before:duration-100 checked:border-accent checked:bg-accent checked:before:translate-x-4 checked:before:bg-on-accent disabled:opacity-50"
      />
    </label>
  );
}
