import { createFileRoute } from "@tanstack/react-router";
import { MousePointerClick } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Empty } from "@/components/ui/states";

export const Route = createFileRoute("/_app/events/")({ component: NothingChosen });

function NothingChosen() {
  const { t } = useTranslation();
  return (
    <Empty className="h-full" icon={<MousePointerClick strokeWidth={1.5} />} title={t("events.choose_one")}>
      {t("events.choose_hint")}
    </Empty>
  );
}
