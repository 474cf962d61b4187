import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Page, Tab, Tabs } from "@/components/ui/page";

export function NoticesPage({ actions, children }: { actions?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Page
      title={t("nav.rules")}
      lead={t("rules.lead")}
      actions={actions}
      tabs={
        <Tabs label={t("nav.rules")}>
          <Tab to="/rules">{t("rules.rules")}</Tab>
          <Tab to="/rules/channels">{t("rules.channels")}</Tab>
          <Tab to="/rules/deliveries">{t("rules.deliveries")}</Tab>
          <Tab to="/rules/severity">{t("severities.title")}</Tab>
          <Tab to="/rules/playbook">{t("playbook.title")}</Tab>
        </Tabs>
      }
    >
      {children}
    </Page>
  );
}
