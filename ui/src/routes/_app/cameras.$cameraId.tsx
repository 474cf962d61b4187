import { createFileRoute, Link, Outlet } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/problem";
import { Page, Tab, Tabs } from "@/components/ui/page";
import { Failure, Loading } from "@/components/ui/states";
import { useCameras } from "@/features/cameras/queries";
import { StateMark } from "@/features/cameras/state-mark";
import { atLeast, useMe } from "@/features/session/use-session";

export const Route = createFileRoute("/_app/cameras/$cameraId")({ component: CameraPage });

function CameraPage() {
  const { t } = useTranslation();
  const me = useMe();
  const { cameraId } = Route.useParams();
  const { cameras, isPending, error, refetch } = useCameras();
  const camera = cameras.find((each) => each.id === cameraId);
  if (isPending) return <Loading />;
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!camera)
    return (
      <Failure error={new ApiError({ code: "unknown_camera", detail: t("error.unknown_camera") }, 404)} retry={() => void refetch()} />
    );
  const owns = atLeast(camera.level, "admin");
  const params = { cameraId };
  return (
    <Page
      title={
        <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
          <Link to="/cameras" aria-label={t("camera.all")} className="-ml-1.5 rounded-md p-1 text-muted hover:text-text">
            <ChevronLeft className="size-5" aria-hidden />
          </Link>
          {camera.name}
          <StateMark camera={camera} className="font-normal" />
        </span>
      }
      tabs={
        <Tabs label={camera.name}>
          <Tab to="/cameras/$cameraId" params={params}>
            {t("camera.overview")}
          </Tab>
          {owns && (
            <>
              <Tab to="/cameras/$cameraId/zones" params={params}>
                {t("camera.zones")}
              </Tab>
              <Tab to="/cameras/$cameraId/schedule" params={params}>
                {t("camera.schedule")}
              </Tab>
              <Tab to="/cameras/$cameraId/sensitivity" params={params}>
                {t("camera.sensitivity")}
              </Tab>
              <Tab to="/cameras/$cameraId/settings" params={params}>
                {t("camera.settings")}
              </Tab>
            </>
          )}
          {me.role === "admin" && (
            <Tab to="/cameras/$cameraId/access" params={params}>
              {t("camera.access")}
            </Tab>
          )}
        </Tabs>
      }
    >
      <Outlet />
    </Page>
  );
}
