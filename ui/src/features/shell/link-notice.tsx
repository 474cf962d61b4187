import { CloudOff } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { hub } from "@/api/hub";

const PATIENCE_MS = 2500;

/** Says that what is shown may be old, as soon as it may be. */
export function LinkNotice() {
  const { t } = useTranslation();
  const link = useSyncExternalStore(hub.onLink, hub.getLink);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (link === "connected") return setShown(false);
    const timer = setTimeout(() => setShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [link]);
  if (!shown) return null;
  return (
    <p role="status" className="sticky top-0 z-30 flex items-center justify-center gap-2 bg-high-quiet px-4 py-2 text-sm text-high">
      <CloudOff className="size-4" aria-hidden />
      {t("shell.link_lost")}
    </p>
  );
}
