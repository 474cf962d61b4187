import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take, takeWithTag } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Section } from "@/components/ui/page";
import { Failure, Fault, Loading } from "@/components/ui/states";
import { done } from "@/components/ui/toast";
import { camerasChanged } from "@/features/cameras/mutations";
import { type Schedule, ScheduleEditor } from "@/features/cameras/schedule-editor";
import { useCamera } from "@/features/cameras/use-camera";

export const Route = createFileRoute("/_app/cameras/$cameraId/schedule")({ component: SchedulePage });

function SchedulePage() {
  const camera = useCamera();
  const params = { path: { camera_id: camera.id } };
  const query = useQuery({
    queryKey: ["camera", camera.id, "schedule"],
    queryFn: () => takeWithTag(api.GET("/api/v1/cameras/{camera_id}/schedule", { params })),
    refetchOnWindowFocus: false,
    gcTime: 0,
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return (
    <Editor
      key={query.data.tag}
      id={camera.id}
      before={query.data.value.schedule}
      armed={query.data.value.armed_now}
      tag={query.data.tag}
      onAgain={() => void query.refetch()}
    />
  );
}

type EditorProps = { id: string; before: Schedule | null; armed: boolean; tag: string; onAgain: () => void };

function Editor({ id, before, armed, tag, onAgain }: EditorProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [schedule, setSchedule] = useState(before);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const save = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await take(
        api.PUT("/api/v1/cameras/{camera_id}/schedule", {
          params: { path: { camera_id: id }, header: { "if-match": tag } },
          body: { schedule },
        }),
      );
      camerasChanged(id);
      await client.invalidateQueries({ queryKey: ["camera", id, "schedule"] });
      done(t("schedule.saved"));
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section
      title={t("schedule.title")}
      lead={t("schedule.lead")}
      actions={<span className="text-sm text-muted">{t(armed ? "schedule.armed_now" : "schedule.disarmed_now")}</span>}
    >
      <div className="flex flex-col gap-4">
        <ScheduleEditor
          value={schedule}
          onChange={setSchedule}
          words={{ always: t("schedule.always"), plan: t("schedule.plan"), inside: t("schedule.inside") }}
        />
        <Fault error={problem} again={onAgain} />
        <div className="flex justify-end">
          <Button kind="primary" busy={busy} disabled={schedule === before} onClick={() => void save()}>
            {t("schedule.save")}
          </Button>
        </div>
      </div>
    </Section>
  );
}
