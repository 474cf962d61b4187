import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Skeleton } from "@/components/ui/states";
import { awaySince } from "@/features/cameras/away";
import { type Camera, useCameras } from "@/features/cameras/queries";
import { useOpenEvents } from "@/features/live/open-events";
import { useMe } from "@/features/session/use-session";
import { systemQuery } from "@/features/system/queries";
import { clockTime, duration, percent } from "@/i18n/format";
import { useNow } from "./use-now";

/** How the site is, in words and truth; each part leads to where more is known. */
export function SiteHealth() {
  const { t } = useTranslation();
  const { cameras, isPending, isError } = useCameras();
  const me = useMe();
  const events = useOpenEvents();
  const now = useNow();
  if (isPending) return <Skeleton className="h-4 w-48 flex-1" />;
  if (isError) return <p className="flex-1 truncate text-sm text-critical">{t("health.unknown")}</p>;

  const running = cameras.filter((camera) => camera.enabled);
  const watching = running.filter((camera) => camera.status.state === "watching").length;
  const learning = running.filter((camera) => camera.status.state === "learning");
  const isAway = (camera: Camera) =>
    camera.status.state === "offline" ||
    camera.status.state === "failed" ||
    (camera.status.state === "connecting" && events.get(camera.id)?.subtype === "camera_offline");
  const away = running.filter(isAway);
  const connecting = running.filter((camera) => camera.status.state === "connecting" && !isAway(camera)).length;
  const mean = learning.reduce((sum, camera) => sum + camera.status.learning, 0) / Math.max(1, learning.length);
  const longest = Math.max(0, ...away.map((camera) => (now - (awaySince(camera.status, events.get(camera.id)) ?? now)) / 1000));

  return (
    <p className="flex min-w-0 flex-1 items-center gap-x-3 overflow-x-auto text-sm whitespace-nowrap text-muted [scrollbar-width:none]">
      {cameras.length === 0 ? (
        <Link to="/cameras" className="hover:text-text">
          {t("health.no_cameras")}
        </Link>
      ) : (
        <Link to="/cameras" className="hover:text-text">
          {t("health.watching", { watching, count: running.length })}
        </Link>
      )}
      {learning.length > 0 && (
        <Link to="/cameras" className="hover:text-text">
          {t("health.learning", { count: learning.length, share: percent(mean) })}
        </Link>
      )}
      {connecting > 0 && <span>{t("health.connecting", { count: connecting })}</span>}
      {away.length > 0 && (
        <Link to="/cameras" className="font-semibold text-high hover:underline">
          {t("health.offline", { count: away.length, time: duration(longest) })}
        </Link>
      )}
      {me.role === "admin" && <Storage />}
    </p>
  );
}

/** What only those are told who look after the site. */
function Storage() {
  const { t } = useTranslation();
  const { data } = useQuery({ ...systemQuery, refetchInterval: 60_000 });
  if (!data) return null;
  const { storage, notices } = data;
  return (
    <>
      {!storage.recording ? (
        <Link to="/system" className="font-semibold text-critical hover:underline">
          {t("system.storage_full")}
        </Link>
      ) : (
        storage.days_left !== null && (
          <Link to="/system" className="hidden hover:text-text sm:inline">
            {t("system.storage_days", { count: Math.floor(storage.days_left) })}
          </Link>
        )
      )}
      {notices.last_sent_at && (
        <Link to="/rules/deliveries" className="hidden hover:text-text sm:inline">
          {t("system.last_notice", { time: clockTime(notices.last_sent_at) })}
        </Link>
      )}
    </>
  );
}
