import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Segments } from "@/components/ui/page";
import { Mark } from "@/features/shell/mark";
import { LANGUAGES, type Language, setLanguage } from "@/i18n";

/** The frame of the pages before the log-in. */
export function Entrance({ title, lead, children }: { title: ReactNode; lead?: ReactNode; children: ReactNode }) {
  const { t, i18n } = useTranslation();
  return (
    <main className="grid min-h-dvh place-items-center bg-bg px-4 py-10">
      <div className="flex w-full max-w-sm flex-col gap-6">
        <div className="flex items-center justify-between gap-4">
          <Mark />
          <Segments
            size="sm"
            label={t("user.language")}
            value={i18n.language as Language}
            choices={Object.entries(LANGUAGES) as [Language, string][]}
            onChoose={(language) => void setLanguage(language)}
          />
        </div>
        <div className="panel flex flex-col gap-5 p-6">
          <header>
            <h1 className="text-lg font-semibold">{title}</h1>
            {lead && <p className="mt-1 text-sm text-muted">{lead}</p>}
          </header>
          {children}
        </div>
      </div>
    </main>
  );
}
