import { createFileRoute, redirect } from "@tanstack/react-router";
import { getSession } from "@/api/session";
import { Shell } from "@/features/shell/shell";

/** Everything behind the log-in. */
export const Route = createFileRoute("/_app")({
  beforeLoad: ({ location }) => {
    const { state } = getSession();
    if (state === "out") throw redirect({ to: "/login", search: location.href === "/live" ? {} : { next: location.href }, replace: true });
  },
  component: Shell,
});
