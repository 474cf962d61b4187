import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Page, Tab, Tabs } from "@/components/ui/page";

export function SystemFrame({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Page
      title={t("nav.system")}
      tabs={
        <Tabs label={t("nav.system")}>
          <Tab to="/system">{t("system.health")}</Tab>
          <Tab to="/system/configuration">{t("system.configuration")}</Tab>
          <Tab to="/system/audit">{t("system.audit")}</Tab>
        </Tabs>
      }
    >
      {children}
    </Page>
  );
}
