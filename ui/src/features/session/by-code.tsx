import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { codeInAddress } from "./code-in-address";
import { Credentials } from "./credentials";
import { Entrance } from "./entrance";

/** The page of whoever comes with a code: invited, or with a password to be set anew. */
export function ByCode({ way }: { way: "register" | "reset" }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [code] = useState(codeInAddress);
  return (
    <Entrance title={t(`session.${way}_title`)} lead={t(`session.${way}_lead`)}>
      <Credentials way={way} code={code} onDone={() => void navigate({ to: "/live", replace: true })} />
      <p className="text-center text-sm">
        <Link to="/login" className="text-link">
          {t("session.to_login")}
        </Link>
      </p>
    </Entrance>
  );
}
