import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { PenTool, Square, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take, takeWithTag } from "@/api/client";
import { Button, IconButton } from "@/components/ui/button";
import { cx } from "@/components/ui/cx";
import { Input, Select } from "@/components/ui/field";
import { Empty, Failure, Fault, Loading } from "@/components/ui/states";
import { done } from "@/components/ui/toast";
import { camerasChanged } from "@/features/cameras/mutations";
import type { Polygon } from "@/features/cameras/polygon";
import { useCamera } from "@/features/cameras/use-camera";
import { ZoneCanvas, type ZoneDraft } from "@/features/cameras/zone-canvas";
import type { PlayerState } from "@/features/live/player";
import { LiveVideo } from "@/features/live/video";

export const Route = createFileRoute("/_app/cameras/$cameraId/zones")({ component: ZonesPage });

const KINDS = ["exclude", "privacy", "include"] as const;
let count = 0;
const nextKey = () => {
  count += 1;
  return count;
};

function ZonesPage() {
  const camera = useCamera();
  const query = useQuery({
    queryKey: ["camera", camera.id, "zones"],
    queryFn: () => takeWithTag(api.GET("/api/v1/cameras/{camera_id}/zones", { params: { path: { camera_id: camera.id } } })),
    refetchOnWindowFocus: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const zones = query.data.value.zones.map((zone) => ({ ...zone, key: nextKey(), polygon: zone.polygon as unknown as Polygon }));
  return <Editor key={query.data.tag} camera={camera} before={zones} tag={query.data.tag} onAgain={() => void query.refetch()} />;
}

type EditorProps = { camera: ReturnType<typeof useCamera>; before: ZoneDraft[]; tag: string; onAgain: () => void };

function Editor({ camera, before, tag, onAgain }: EditorProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [zones, setZones] = useState(before);
  const [selected, setSelected] = useState<number | null>(null);
  const [drawing, setDrawing] = useState<Polygon | null>(null);
  const [video, setVideo] = useState<PlayerState>({ kind: "connecting" });
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const first = useRef(before);
  const changed = zones !== first.current;
  const ratio = video.kind === "playing" ? video.width / video.height : 16 / 9;

  useEffect(() => {
    if (!drawing) return;
    const stop = (event: KeyboardEvent) => event.key === "Escape" && setDrawing(null);
    window.addEventListener("keydown", stop);
    return () => window.removeEventListener("keydown", stop);
  }, [drawing]);

  const change = (key: number, next: Partial<ZoneDraft>) =>
    setZones((all) => all.map((zone) => (zone.key === key ? { ...zone, ...next } : zone)));
  const add = (polygon: Polygon) => {
    const key = nextKey();
    setZones((all) => [...all, { key, name: t("zones.name_new", { index: all.length + 1 }), kind: "exclude", polygon }]);
    setDrawing(null);
    setSelected(key);
  };
  const save = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const body = { zones: zones.map(({ name, kind, polygon }) => ({ name, kind, polygon: polygon.map((each) => [...each]) })) };
      await take(
        api.PUT("/api/v1/cameras/{camera_id}/zones", { params: { path: { camera_id: camera.id }, header: { "if-match": tag } }, body }),
      );
      camerasChanged(camera.id);
      await client.invalidateQueries({ queryKey: ["camera", camera.id, "zones"] });
      done(t("zones.saved"));
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <div className="flex min-w-0 flex-col gap-3">
        <div className="relative overflow-hidden rounded-lg bg-black" style={{ aspectRatio: ratio }}>
          <LiveVideo camera={camera.id} name={camera.name} active={camera.enabled} onState={setVideo} />
          {video.kind !== "playing" && (
            <p className="absolute inset-0 grid place-items-center px-6 text-center text-sm text-white/80">
              {t(video.kind === "connecting" ? "live.connecting" : "zones.no_picture")}
            </p>
          )}
          <ZoneCanvas
            zones={zones}
            selected={selected}
            drawing={drawing}
            onSelect={setSelected}
            onChange={(key, polygon) => change(key, { polygon })}
            onDraw={setDrawing}
            onDrawn={add}
          />
        </div>
        <p className="text-[0.8125rem] text-muted" role="status">
          {t(drawing ? "zones.help_draw" : selected ? "zones.help_edit" : "zones.help")}
        </p>
      </div>
      <div className="flex flex-col gap-3">
        <div className="grid grid-cols-2 gap-2">
          <Button
            kind={drawing ? "on" : "plain"}
            aria-pressed={drawing !== null}
            icon={<PenTool className="size-4" aria-hidden />}
            onClick={() => setDrawing(drawing ? null : [])}
          >
            {t("zones.draw")}
          </Button>
          <Button
            icon={<Square className="size-4" aria-hidden />}
            onClick={() =>
              add([
                [0.35, 0.35],
                [0.65, 0.35],
                [0.65, 0.65],
                [0.35, 0.65],
              ])
            }
          >
            {t("zones.rectangle")}
          </Button>
        </div>
        {zones.length === 0 ? (
          <div className="panel">
            <Empty className="py-8" title={t("zones.none")}>
              {t("zones.none_text")}
            </Empty>
          </div>
        ) : (
          <ul className="panel divide-y divide-line">
            {zones.map((zone) => (
              <li key={zone.key} className={cx("flex flex-col gap-2 p-3", zone.key === selected && "bg-raised")}>
                <div className="flex items-end gap-2">
                  <Input
                    className="flex-1"
                    label={t("zones.name")}
                    value={zone.name}
                    onFocus={() => setSelected(zone.key)}
                    onChange={(event) => change(zone.key, { name: event.target.value })}
                    maxLength={128}
                  />
                  <IconButton
                    label={t("zones.remove", { name: zone.name })}
                    onClick={() => setZones((all) => all.filter((each) => each !== zone))}
                  >
                    <Trash2 className="size-4" aria-hidden />
                  </IconButton>
                </div>
                <Select
                  label={t("zones.kind")}
                  value={zone.kind}
                  hint={t(`zones.${zone.kind}_hint`)}
                  onFocus={() => setSelected(zone.key)}
                  onChange={(event) => change(zone.key, { kind: event.target.value as ZoneDraft["kind"] })}
                >
                  {KINDS.map((kind) => (
                    <option key={kind} value={kind}>
                      {t(`zones.${kind}`)}
                    </option>
                  ))}
                </Select>
              </li>
            ))}
          </ul>
        )}
        <Fault error={problem} again={onAgain} />
        <div className="flex gap-2">
          <Button kind="primary" className="flex-1" busy={busy} disabled={!changed} onClick={() => void save()}>
            {t("zones.save")}
          </Button>
          <Button disabled={!changed && !problem} onClick={() => (problem ? onAgain() : setZones(first.current))}>
            {t("zones.reset")}
          </Button>
        </div>
      </div>
    </div>
  );
}
