import { Search } from "lucide-react";
import { lazy, Suspense, useEffect, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/ui/button";

const Content = lazy(() => import("./palette"));

let open = false;
const listeners = new Set<() => void>();

function show(next: boolean) {
  open = next;
  for (const listener of listeners) listener();
}

/** Opens with Ctrl-K or Cmd-K, wherever one is; its code is loaded when it is first asked for. */
export function Palette() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => open,
  );
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      event.preventDefault();
      show(!open);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
  return shown ? (
    <Suspense fallback={null}>
      <Content onClose={() => show(false)} />
    </Suspense>
  ) : null;
}

export function PaletteButton() {
  const { t } = useTranslation();
  return (
    <Button
      kind="quiet"
      aria-label={t("palette.open")}
      aria-keyshortcuts="Control+K Meta+K"
      title={t("palette.open")}
      icon={<Search className="size-4" aria-hidden />}
      className="lg:border-line"
      onClick={() => show(true)}
    >
      <kbd className="hidden font-sans text-xs text-faint lg:inline">Ctrl K</kbd>
    </Button>
  );
}
