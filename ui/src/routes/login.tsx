import { createFileRoute, Link, redirect, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, take } from "@/api/client";
import { getSession } from "@/api/session";
import { Credentials } from "@/features/session/credentials";
import { Entrance } from "@/features/session/entrance";

/** Only a page of this site is gone to after the log-in. */
const ownPage = (next: string | undefined) => (next?.startsWith("/") && !next.startsWith("//") && !next.includes("\\") ? next : "/live");

export const Route = createFileRoute("/login")({
  validateSearch: (search: Record<string, unknown>): { next?: string } => (typeof search.next === "string" ? { next: search.next } : {}),
  beforeLoad: ({ search }) => {
    if (getSession().state === "in") throw redirect({ href: ownPage(search.next), replace: true });
  },
  loader: async () => {
    const state = await take(api.GET("/api/v1/auth/state"));
    if (state.setup_needed) throw redirect({ to: "/setup", replace: true });
    return state;
  },
  component: LoginPage,
});

function LoginPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { next } = Route.useSearch();
  const { registration } = Route.useLoaderData();
  return (
    <Entrance title={t("session.login_title")}>
      <Credentials way="login" onDone={() => void navigate({ href: ownPage(next), replace: true })} />
      {registration !== "closed" && (
        <p className="text-center text-sm text-muted">
          <Link to="/register" className="text-link">
            {t(registration === "open" ? "session.register_open" : "session.register_invite")}
          </Link>
        </p>
      )}
    </Entrance>
  );
}
