import { X } from "lucide-react";
import { AlertDialog as Alert, Dialog as Radix } from "radix-ui";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "./button";
import { cx } from "./cx";
import { Fault } from "./states";

const OVERLAY = "fixed inset-0 z-40 bg-black/60";
const BOX =
  "fixed left-1/2 top-1/2 z-50 flex max-h-[min(92dvh,60rem)] w-[calc(100vw-1.5rem)] -translate-x-1/2 -translate-y-1/2 flex-col rounded-xl border border-line bg-surface shadow-[var(--shadow)] focus:outline-none";

type Props = {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  description?: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
  wide?: boolean;
};

export function Dialog({ open, onClose, title, description, children, footer, wide }: Props) {
  const { t } = useTranslation();
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={OVERLAY} />
        <Radix.Content className={cx(BOX, wide ? "max-w-3xl" : "max-w-md")} {...(description ? {} : { "aria-describedby": undefined })}>
          <header className="flex items-start gap-3 border-b border-line px-5 py-3.5">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
              {description && <Radix.Description className="mt-0.5 text-sm text-muted">{description}</Radix.Description>}
            </div>
            <Radix.Close asChild>
              <IconButton label={t("common.close")} size="sm">
                <X className="size-4" aria-hidden />
              </IconButton>
            </Radix.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 py-4">{children}</div>
          {footer && <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

type ConfirmProps = {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  children?: ReactNode;
  action: ReactNode;
  danger?: boolean;
  onConfirm: () => Promise<unknown>;
};

/** Asks before something that cannot be undone; says what went wrong without closing. */
export function Confirm({ open, onClose, title, children, action, danger, onConfirm }: ConfirmProps) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Alert.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Alert.Portal>
        <Alert.Overlay className={OVERLAY} />
        <Alert.Content className={cx(BOX, "max-w-md gap-4 p-5")} {...(children ? {} : { "aria-describedby": undefined })}>
          <Alert.Title className="text-base font-semibold">{title}</Alert.Title>
          {children && (
            <Alert.Description asChild>
              <div className="text-sm text-muted">{children}</div>
            </Alert.Description>
          )}
          <Fault error={error} />
          <div className="flex flex-wrap justify-end gap-2">
            <Alert.Cancel asChild>
              <Button disabled={busy}>{t("common.cancel")}</Button>
            </Alert.Cancel>
            <Button kind={danger ? "danger" : "primary"} busy={busy} onClick={confirm}>
              {action}
            </Button>
          </div>
        </Alert.Content>
      </Alert.Portal>
    </Alert.Root>
  );
}
