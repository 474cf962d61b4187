import { useQuery } from "@tanstack/react-query";
import { createFileRoute, useNavigate } from "@tanstack/react-router";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Checkbox, Input, Select } from "@/components/ui/field";
import { Section } from "@/components/ui/page";
import { Failure, Fault, Loading } from "@/components/ui/states";
import { done } from "@/components/ui/toast";
import { camerasChanged, changeCamera, removeCamera } from "@/features/cameras/mutations";
import { cameraQuery } from "@/features/cameras/queries";
import { SourceField } from "@/features/cameras/source-field";
import { useCamera } from "@/features/cameras/use-camera";
import { useMe } from "@/features/session/use-session";

export const Route = createFileRoute("/_app/cameras/$cameraId/settings")({ component: SettingsPage });

function SettingsPage() {
  const camera = useCamera();
  const query = useQuery({ ...cameraQuery(camera.id), refetchOnWindowFocus: false });
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const { value, tag } = query.data;
  return <Settings key={tag} camera={value} tag={tag} onAgain={() => void query.refetch()} />;
}

type Camera = Schemas["CameraRead"];

const FIELDS = ["name", "vad_model"] as const;
const FLOWS = ["playbook", "sequential", "hierarchical", "collaborative"] as const;
const NUMBERS = [
  { name: "pre_roll_s", min: 0, max: 60 },
  { name: "post_roll_s", min: 0, max: 60 },
  { name: "offline_alert_s", min: 1 },
] as const;

function Settings({ camera, tag, onAgain }: { camera: Camera; tag: string; onAgain: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const navigate = useNavigate();
  const [source, setSource] = useState(camera.source ?? "");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [removing, setRemoving] = useState(false);
  const [withEvents, setWithEvents] = useState(false);

  const save = async (form: FormData) => {
    const change: Schemas["CameraChange"] = {};
    for (const field of FIELDS) {
      const value = String(form.get(field)).trim();
      if (value && value !== camera[field]) change[field] = value;
    }
    for (const { name } of NUMBERS) {
      const value = Number(form.get(name));
      if (value !== camera[name]) change[name] = value;
    }
    const optional = { learning_s: 60, analysed_fps: 1 } as const;
    for (const [field, factor] of Object.entries(optional) as [keyof typeof optional, number][]) {
      const text = String(form.get(field)).trim();
      const value = text === "" ? null : Number(text) * factor;
      if (value !== camera[field]) change[field] = value;
    }
    const flow = String(form.get("flow")) || null;
    if (flow !== (camera.flow ?? null)) change.flow = flow;
    if (source.trim() && source.trim() !== camera.source) change.source = source.trim();
    setBusy(true);
    setProblem(null);
    try {
      if (Object.keys(change).length > 0) await changeCamera(camera.id, tag, change);
      camerasChanged(camera.id);
      done(t("common.saved"));
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  // The stored address has a password that nobody is shown; only admins may have the site ask any other.
  const test = (address: string) =>
    address === camera.source || me.role !== "admin"
      ? take(api.POST("/api/v1/cameras/{camera_id}/test", { params: { path: { camera_id: camera.id } } }))
      : take(api.POST("/api/v1/cameras/test", { body: { source: address } }));

  return (
    <form
      className="flex flex-col gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        void save(new FormData(event.currentTarget));
      }}
    >
      <Section title={t("camera.source_title")}>
        <div className="grid max-w-3xl gap-4">
          <Input name="name" label={t("camera.name")} defaultValue={camera.name} required maxLength={128} />
          <SourceField value={source} onChange={setSource} hint={t("camera.source_hint")} test={test} />
        </div>
      </Section>
      <Section title={t("camera.learning_title")}>
        <div className="grid max-w-3xl gap-5">
          <Input
            name="learning_s"
            type="number"
            min={0.1}
            step="any"
            label={t("camera.learning_minutes")}
            hint={t("camera.learning_hint")}
            defaultValue={camera.learning_s === null ? "" : camera.learning_s / 60}
            placeholder={t("camera.default")}
          />
        </div>
      </Section>
      <Section title={t("camera.recording")}>
        <div className="grid max-w-3xl gap-4 sm:grid-cols-2">
          {NUMBERS.map(({ name, ...limits }) => (
            <Input
              key={name}
              name={name}
              type="number"
              step="any"
              {...limits}
              label={t(`camera.${name}`)}
              defaultValue={camera[name]}
              required
            />
          ))}
          <Input
            name="analysed_fps"
            type="number"
            min={0.2}
            max={60}
            step="any"
            label={t("camera.analysed_fps")}
            defaultValue={camera.analysed_fps ?? ""}
            placeholder={t("camera.default")}
          />
          <Input
            name="vad_model"
            label={t("camera.model")}
            hint={t("camera.model_hint")}
            defaultValue={camera.vad_model}
            required
            spellCheck={false}
            maxLength={64}
          />
          <Select name="flow" label={t("camera.flow")} hint={t("camera.flow_hint")} defaultValue={camera.flow ?? ""}>
            <option value="">{t("camera.default")}</option>
            {FLOWS.map((flow) => (
              <option key={flow} value={flow}>
                {t(`flow.${flow}`)}
              </option>
            ))}
          </Select>
        </div>
      </Section>
      <Fault error={problem} again={onAgain} />
      <div className="flex flex-wrap justify-between gap-2">
        {me.role === "admin" ? (
          <Button kind="danger" icon={<Trash2 className="size-4" aria-hidden />} onClick={() => setRemoving(true)}>
            {t("camera.remove")}
          </Button>
        ) : (
          <span />
        )}
        <Button kind="primary" type="submit" busy={busy}>
          {t("common.save")}
        </Button>
      </div>
      <Confirm
        open={removing}
        onClose={() => setRemoving(false)}
        title={t("camera.remove_title", { name: camera.name })}
        action={t("camera.remove")}
        danger
        onConfirm={async () => {
          const answer = await removeCamera(camera.id, withEvents);
          done(t("camera.removed", { kept: answer.events_kept, deleted: answer.events_deleted ?? 0 }));
          await navigate({ to: "/cameras" });
        }}
      >
        <p>{t("camera.remove_text")}</p>
        <Checkbox
          className="mt-2 text-text"
          label={t("camera.remove_events")}
          checked={withEvents}
          onChange={(event) => setWithEvents(event.target.checked)}
        />
      </Confirm>
    </form>
  );
}
