import { createFileRoute, Link, redirect, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { getSession } from "@/api/session";
import { Button, buttonClass } from "@/components/ui/button";
import { Input, Select } from "@/components/ui/field";
import { Page, Section } from "@/components/ui/page";
import { Fault } from "@/components/ui/states";
import { camerasChanged } from "@/features/cameras/mutations";
import { RateField } from "@/features/cameras/rate-field";
import { SourceField } from "@/features/cameras/source-field";

export const Route = createFileRoute("/_app/cameras/new")({
  validateSearch: (search: Record<string, unknown>): { first?: true } => (search.first ? { first: true } : {}),
  beforeLoad: () => {
    const session = getSession();
    if (session.state === "in" && session.me.role !== "admin") throw redirect({ to: "/cameras" });
  },
  component: NewCamera,
});

const LEARNING_MINUTES = [10, 60, 1440, 10080] as const;

function NewCamera() {
  const { t } = useTranslation();
  const { first } = Route.useSearch();
  const navigate = useNavigate();
  const [source, setSource] = useState("");
  const [name, setName] = useState("");
  const [rate, setRate] = useState(1);
  const [minutes, setMinutes] = useState<number>(60);
  const [tried, setTried] = useState<{ source: string; result: Schemas["CameraTest"] } | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [saving, setSaving] = useState(false);

  const add = async () => {
    setSaving(true);
    setProblem(null);
    try {
      const body = { name: name.trim(), source: source.trim(), false_alarms_per_day: rate, learning_s: minutes * 60 };
      const camera = await take(api.POST("/api/v1/cameras", { body }));
      camerasChanged();
      await navigate({ to: "/cameras/$cameraId/zones", params: { cameraId: camera.id } });
    } catch (error) {
      setProblem(error);
      setSaving(false);
    }
  };

  const known = tried?.source === source ? tried.result : null;
  return (
    <Page
      title={t(first ? "new_camera.first_title" : "cameras.add")}
      lead={t("new_camera.lead")}
      actions={
        <Link to={first ? "/live" : "/cameras"} className={buttonClass("quiet")}>
          {t(first ? "new_camera.later" : "common.cancel")}
        </Link>
      }
    >
      <form
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          if (known) void add();
        }}
      >
        <Section title={t("new_camera.source_title")}>
          <SourceField
            value={source}
            onChange={setSource}
            hint={t("new_camera.source_hint")}
            test={(address) => take(api.POST("/api/v1/cameras/test", { body: { source: address } }))}
            onTested={(address, result) => setTried({ source: address, result })}
            first={!known?.works}
            autoFocus
          />
        </Section>
        {known && (
          <Section title={t("new_camera.rest_title")}>
            <div className="grid max-w-2xl gap-5">
              <Input
                label={t("camera.name")}
                hint={t("new_camera.name_hint")}
                value={name}
                onChange={(event) => setName(event.target.value)}
                required
                maxLength={128}
                autoComplete="off"
              />
              <RateField value={rate} onChange={setRate} />
              <Select
                label={t("camera.learning")}
                hint={t("camera.learning_hint")}
                value={minutes}
                onChange={(event) => setMinutes(Number(event.target.value))}
              >
                {LEARNING_MINUTES.map((each) => (
                  <option key={each} value={each}>
                    {t(`learning.${each}`)}
                  </option>
                ))}
              </Select>
            </div>
          </Section>
        )}
        <Fault error={problem} />
        {known && (
          <div className="flex flex-wrap justify-end gap-2">
            <Button type="submit" kind="primary" busy={saving} disabled={!name.trim()}>
              {t(known.works ? "new_camera.add" : "new_camera.add_anyway")}
            </Button>
          </div>
        )}
      </form>
    </Page>
  );
}
