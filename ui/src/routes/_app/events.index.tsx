import { createFileRoute } from "@tanstack/react-router";
import { MousePointerClick } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Section } from "@/components/ui/page";
import { Empty } from "@/components/ui/states";
import { Night } from "@/features/statistics/night";

export const Route = createFileRoute("/_app/events/")({ component: NothingChosen });

function NothingChosen() {
  const { t } = useTranslation();
  return (
    <div className="mx-auto flex h-full max-w-5xl flex-col gap-5 p-5">
      <Section title={t("night.title")} lead={t("night.lead")}>
        <Night />
      </Section>
      <Empty className="flex-1" icon={<MousePointerClick strokeWidth={1.5} />} title={t("events.choose_one")}>
        {t("events.choose_hint")}
      </Empty>
    </div>
  );
}
