import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { may, useMe } from "@/features/session/use-session";

const MEANS = ["here", "level", "towering", "kept"] as const;

type Props = { camera: string; open: boolean; onClose: () => void; onYes: () => void };

/** Asks once whether such things are usual here, and says before what the camera makes of it and what nobody can say beforehand. */
export function NormalDialog({ camera, open, onClose, onYes }: Props) {
  const { t } = useTranslation();
  const me = useMe();
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t("events.normal_title")}
      description={t("events.normal_text")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button
            kind="primary"
            onClick={() => {
              onClose();
              onYes();
            }}
          >
            {t("events.normal_do")}
          </Button>
        </>
      }
    >
      <ul className="flex list-disc flex-col gap-1.5 pl-5 text-sm">
        {MEANS.map((each) => (
          <li key={each}>{t(`normal.${each}`)}</li>
        ))}
      </ul>
      <p className="mt-4 text-sm text-muted">
        {t("normal.unknown")}{" "}
        {(me.role === "admin" || may(me, camera, "admin")) && (
          <Link to="/cameras/$cameraId/sensitivity" params={{ cameraId: camera }} className="text-link">
            {t("normal.sensitivity")}
          </Link>
        )}
      </p>
      <p className="mt-2 text-sm text-muted">{t("events.normal_more")}</p>
    </Dialog>
  );
}
