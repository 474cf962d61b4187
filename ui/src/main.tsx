import "./styles.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { createRouter, RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { hub } from "./api/hub";
import { startLiveUpdates } from "./api/live-updates";
import { queryClient } from "./api/query";
import { getSession, onSession, startSession } from "./api/session";
import { Failure, Loading } from "./components/ui/states";
import { chosenLanguage, isLanguage, setLanguage, startLanguage } from "./i18n";
import { startPreferences } from "./preferences";
import { routeTree } from "./routeTree.gen";

const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  defaultPendingComponent: Loading,
  defaultPendingMs: 300,
  defaultErrorComponent: ({ error, reset }) => <Failure error={error} retry={reset} />,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

async function start() {
  startPreferences();
  const session = startSession();
  await startLanguage();
  await session;
  startLiveUpdates();
  hub.start();
  let before = getSession().state;
  const follow = () => {
    const now = getSession();
    // Nothing that one person was shown stays for the next.
    if (now.state === "out") queryClient.clear();
    if (now.state === "in" && chosenLanguage() === null && isLanguage(now.me.language)) void setLanguage(now.me.language, false);
    if (now.state !== before && (now.state === "out" || before === "out" || before === "unreachable")) void router.invalidate();
    before = now.state;
  };
  onSession(follow);
  follow();
  const root = document.getElementById("root");
  if (root) {
    createRoot(root).render(
      <StrictMode>
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </StrictMode>,
    );
  }
}

void start();
