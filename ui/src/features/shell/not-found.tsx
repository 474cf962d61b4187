import { Link } from "@tanstack/react-router";
import { SearchX } from "lucide-react";
import { useTranslation } from "react-i18next";
import { buttonClass } from "@/components/ui/button";
import { Empty } from "@/components/ui/states";

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <main className="grid min-h-dvh place-items-center">
      <Empty icon={<SearchX strokeWidth={1.5} />} title={t("error.page_title")}>
        {t("error.page_text")}
        <Link to="/" className={buttonClass()}>
          {t("error.page_back")}
        </Link>
      </Empty>
    </main>
  );
}
