import { createFileRoute, Link, redirect, useNavigate } from "@tanstack/react-router";
import { PlugZap } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas, take } from "@/api/client";
import { getSession } from "@/api/session";
import { Button, buttonClass } from "@/components/ui/button";
import { Input, Select } from "@/components/ui/field";
import { Page, Section } from "@/components/ui/page";
import { Fault, Loading } from "@/components/ui/states";
import { camerasChanged } from "@/features/cameras/mutations";
import { RateField } from "@/features/cameras/rate-field";
import { SourceTestResult } from "@/features/cameras/source-test";

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
  const [trying, setTrying] = useState(false);
  const [tried, setTried] = useState<{ source: string; result: Schemas["CameraTest"] } | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [saving, setSaving] = useState(false);

  const test = async () => {
    setTrying(true);
    setProblem(null);
    setTried(null);
    try {
      setTried({ source, result: await take(api.POST("/api/v1/cameras/test", { body: { source: source.trim() } })) });
    } catch (error) {
      setProblem(error);
    } finally {
      setTrying(false);
    }
  };

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
          void (known ? add() : test());
        }}
      >
        <Section title={t("new_camera.source_title")}>
          <div className="flex flex-col gap-4">
            <div className="flex flex-wrap items-end gap-2">
              <Input
                className="min-w-64 flex-1"
                label={t("camera.source")}
                hint={t("new_camera.source_hint")}
                value={source}
                onChange={(event) => setSource(event.target.value)}
                placeholder="rtsp://user:password@192.168.1.20:554/stream1"
                required
                spellCheck={false}
                autoCapitalize="none"
                autoComplete="off"
                autoFocus
              />
              <Button
                kind={known?.works ? "plain" : "primary"}
                busy={trying}
                disabled={!source.trim()}
                onClick={() => void test()}
                icon={<PlugZap className="size-4" aria-hidden />}
                className="md:mb-[1.45rem]"
              >
                {t("new_camera.test")}
              </Button>
            </div>
            {trying && <Loading className="p-6" words={t("new_camera.trying")} />}
            {known && <SourceTestResult result={known} />}
          </div>
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
