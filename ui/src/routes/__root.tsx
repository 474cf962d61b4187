import { createRootRoute, Outlet } from "@tanstack/react-router";
import { Toasts } from "@/components/ui/toast";
import { NotFoundPage } from "@/features/shell/not-found";

export const Route = createRootRoute({
  component: () => (
    <>
      <Outlet />
      <Toasts />
    </>
  ),
  notFoundComponent: NotFoundPage,
});
