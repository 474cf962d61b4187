import { CircleCheck, TriangleAlert, X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "./button";
import { errorText } from "./error-text";

type Toast = { id: number; text: string; kind: "done" | "fault"; undo?: () => void; error?: unknown };

const LIFE_MS = 10_000;
let toasts: readonly Toast[] = [];
let count = 0;
const listeners = new Set<() => void>();

function become(next: readonly Toast[]) {
  toasts = next;
  for (const listener of listeners) listener();
}

const drop = (id: number) => become(toasts.filter((toast) => toast.id !== id));

function add(toast: Omit<Toast, "id">) {
  count += 1;
  const id = count;
  become([...toasts.slice(-2), { ...toast, id }]);
  setTimeout(() => drop(id), LIFE_MS);
}

/** Says that something was done, with a way back for ten seconds. What it says can be seen on the page too. */
export const done = (text: string, undo?: () => void) => add({ text, kind: "done", undo });
export const failed = (error: unknown) => add({ text: "", kind: "fault", error });

export function Toasts() {
  const { t } = useTranslation();
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <section
      aria-label={t("common.messages")}
      aria-live="polite"
      className="pointer-events-none fixed inset-x-3 bottom-20 z-50 flex flex-col items-center gap-2 md:bottom-5"
    >
      {shown.map((toast) => {
        const words = toast.kind === "fault" ? errorText(t, toast.error) : { text: toast.text, hint: "" };
        return (
          <div
            key={toast.id}
            className="pointer-events-auto flex max-w-lg animate-appear items-center gap-2.5 rounded-lg border border-line bg-surface py-1.5 pr-1.5 pl-3.5 text-sm shadow-[var(--shadow)]"
          >
            {toast.kind === "done" ? (
              <CircleCheck className="size-4 shrink-0 text-accent" aria-hidden />
            ) : (
              <TriangleAlert className="size-4 shrink-0 text-critical" aria-hidden />
            )}
            <span className="min-w-0">
              {words.text}
              {words.hint && <span className="block text-muted">{words.hint}</span>}
            </span>
            {toast.undo && (
              <Button
                kind="quiet"
                size="sm"
                className="text-accent"
                onClick={() => {
                  toast.undo?.();
                  drop(toast.id);
                }}
              >
                {t("common.undo")}
              </Button>
            )}
            <IconButton label={t("common.close")} size="sm" onClick={() => drop(toast.id)}>
              <X className="size-4" aria-hidden />
            </IconButton>
          </div>
        );
      })}
    </section>
  );
}
