import { createFileRoute, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { codeInAddress } from "@/features/session/code-in-address";
import { Credentials } from "@/features/session/credentials";
import { Entrance } from "@/features/session/entrance";

export const Route = createFileRoute("/register")({ component: RegisterPage });

function RegisterPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [code] = useState(codeInAddress);
  return (
    <Entrance title={t("session.register_title")} lead={t("session.register_lead")}>
      <Credentials way="register" code={code} onDone={() => void navigate({ to: "/live", replace: true })} />
      <p className="text-center text-sm">
        <Link to="/login" className="text-accent hover:underline">
          {t("session.to_login")}
        </Link>
      </p>
    </Entrance>
  );
}
