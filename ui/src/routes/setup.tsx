import { createFileRoute, redirect, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/api/client";
import { getSession } from "@/api/session";
import { codeInAddress } from "@/features/session/code-in-address";
import { Credentials } from "@/features/session/credentials";
import { Entrance } from "@/features/session/entrance";

export const Route = createFileRoute("/setup")({
  loader: async () => {
    if (getSession().state === "in") throw redirect({ to: "/live", replace: true });
    const state = await take(api.GET("/api/v1/auth/state"));
    if (!state.setup_needed) throw redirect({ to: "/login", replace: true });
  },
  component: SetupPage,
});

function SetupPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [code] = useState(codeInAddress);
  return (
    <Entrance title={t("session.setup_title")} lead={t("session.setup_lead")}>
      <Credentials way="setup" code={code} onDone={() => void navigate({ to: "/cameras/new", search: { first: true }, replace: true })} />
    </Entrance>
  );
}
