import { createFileRoute, Link } from "@tanstack/react-router";
import { Activity, ChevronLeft, ChevronRight, Flame, Focus, MonitorPlay, SquareDashed, Volume2, VolumeX } from "lucide-react";
import type { CSSProperties, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button, buttonClass, IconButton } from "@/components/ui/button";
import { Segments } from "@/components/ui/page";
import { Empty, Failure, Loading } from "@/components/ui/states";
import { useCameras } from "@/features/cameras/queries";
import { columnsFor, fitting, moved, ordered, SIZES, type Size, spotlit } from "@/features/live/arrange";
import { chime } from "@/features/live/chime";
import { useOpenEvents } from "@/features/live/open-events";
import { Tile } from "@/features/live/tile";
import { useSpace } from "@/features/live/use-space";
import { useWall } from "@/features/live/wall";
import { useMe } from "@/features/session/use-session";
import { prefer, usePreferences } from "@/preferences";

type Search = { only?: string; page?: number };

export const Route = createFileRoute("/_app/live")({
  validateSearch: (search: Record<string, unknown>): Search => ({
    ...(typeof search.only === "string" ? { only: search.only } : {}),
    ...(Number(search.page) > 1 ? { page: Math.floor(Number(search.page)) } : {}),
  }),
  component: LivePage,
});

function LivePage() {
  const { t } = useTranslation();
  const me = useMe();
  const { cameras, isPending, error, refetch } = useCameras();
  const [wall, change] = useWall(me.id);
  const events = useOpenEvents();
  const { sound } = usePreferences();
  const { only: alone, page = 1 } = Route.useSearch();
  const navigate = Route.useNavigate();
  const [grid, space] = useSpace();

  if (isPending) return <Loading />;
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (cameras.length === 0) return <NoCameras admin={me.role === "admin"} />;

  const all = ordered(cameras, wall.order);
  const ids = all.map((camera) => camera.id);
  const chosen = alone ? all.filter((camera) => camera.id === alone) : all;
  const size: Size = alone ? 1 : wall.size || fitting(all.length);
  const pages = Math.max(1, Math.ceil(chosen.length / size));
  const shown = chosen.slice((Math.min(page, pages) - 1) * size, Math.min(page, pages) * size);
  const large =
    wall.spotlight && shown.length > 1
      ? spotlit(
          shown.map((camera) => camera.id),
          events,
        )
      : null;
  const places = shown.length + (large ? 3 : 0);
  const columns = Math.max(large ? 2 : 1, columnsFor(places, space));
  const turn = (to: number) => void navigate({ search: (before) => ({ ...before, page: to > 1 ? to : undefined }), replace: true });
  const move = (from: string, to: string) => change({ order: moved(ids, from, to) });

  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2 px-3 py-2 md:px-4">
        <h1 className="mr-auto text-base font-semibold">{t("nav.live")}</h1>
        {pages > 1 && (
          <div className="flex items-center gap-1 text-sm text-muted">
            <IconButton size="sm" label={t("live.page_before")} disabled={page <= 1} onClick={() => turn(page - 1)}>
              <ChevronLeft className="size-4" aria-hidden />
            </IconButton>
            <span>{t("live.page", { page: Math.min(page, pages), pages })}</span>
            <IconButton size="sm" label={t("live.page_next")} disabled={page >= pages} onClick={() => turn(page + 1)}>
              <ChevronRight className="size-4" aria-hidden />
            </IconButton>
          </div>
        )}
        <div className="flex gap-1">
          <Toggle
            on={wall.scores}
            onChange={(scores) => change({ scores })}
            label={t("live.scores")}
            icon={<Activity className="size-4" aria-hidden />}
          />
          <Toggle
            on={wall.heat}
            onChange={(heat) => change({ heat })}
            label={t("live.heat")}
            icon={<Flame className="size-4" aria-hidden />}
          />
          <Toggle
            on={wall.zones}
            onChange={(zones) => change({ zones })}
            label={t("live.zones")}
            icon={<SquareDashed className="size-4" aria-hidden />}
          />
          <Toggle
            on={wall.spotlight}
            onChange={(spotlight) => change({ spotlight })}
            label={t("live.spotlight")}
            icon={<Focus className="size-4" aria-hidden />}
          />
          <Toggle
            on={sound}
            onChange={(on) => {
              prefer({ sound: on });
              // Heard once, so that one knows what to listen for; and browsers let a page sound only after a click.
              if (on) chime("high");
            }}
            label={t("live.sound")}
            icon={sound ? <Volume2 className="size-4" aria-hidden /> : <VolumeX className="size-4" aria-hidden />}
          />
        </div>
        <div className="hidden md:block">
          <Segments<Size>
            size="sm"
            label={t("live.size")}
            value={size}
            choices={SIZES.map((each) => [each, String(each)])}
            onChoose={(next) => {
              change({ size: next });
              void navigate({ search: {}, replace: true });
            }}
          />
        </div>
      </div>
      <div
        ref={grid}
        className="grid min-h-0 flex-1 content-start gap-1.5 overflow-y-auto px-3 pb-3 md:content-stretch md:grid-flow-row-dense md:overflow-hidden md:px-4 md:pb-4 md:[grid-template-columns:repeat(var(--columns),minmax(0,1fr))] md:[grid-template-rows:repeat(var(--rows),minmax(0,1fr))]"
        style={{ "--columns": columns, "--rows": Math.ceil(places / columns) } as CSSProperties}
      >
        {shown.map((camera) => (
          <Tile
            key={camera.id}
            camera={camera}
            event={events.get(camera.id)}
            heat={wall.heat}
            zones={wall.zones}
            scores={wall.scores}
            alone={alone === camera.id}
            large={camera.id === large}
            onAlone={all.length > 1 ? () => void navigate({ search: alone ? {} : { only: camera.id } }) : undefined}
            {...(alone
              ? {}
              : {
                  onMove: (by: -1 | 1) => move(camera.id, ids[ids.indexOf(camera.id) + by] ?? camera.id),
                  onDrop: (from: string) => move(from, camera.id),
                })}
          />
        ))}
      </div>
    </div>
  );
}

function Toggle({ on, onChange, label, icon }: { on: boolean; onChange: (on: boolean) => void; label: string; icon: ReactNode }) {
  return (
    <Button
      kind={on ? "on" : "quiet"}
      size="sm"
      aria-pressed={on}
      aria-label={label}
      title={label}
      onClick={() => onChange(!on)}
      icon={icon}
    >
      <span className="hidden lg:inline">{label}</span>
    </Button>
  );
}

function NoCameras({ admin }: { admin: boolean }) {
  const { t } = useTranslation();
  return (
    <Empty className="h-full" icon={<MonitorPlay strokeWidth={1.5} />} title={t("live.none_title")}>
      {t(admin ? "live.none_admin" : "live.none_other")}
      {admin && (
        <Link to="/cameras/new" className={buttonClass("primary")}>
          {t("cameras.add")}
        </Link>
      )}
    </Empty>
  );
}
