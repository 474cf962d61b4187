import { createFileRoute } from "@tanstack/react-router";

export const Route = createFileRoute("/_app/events")({
  validateSearch: (search: Record<string, unknown>): { camera?: string[] } =>
    Array.isArray(search.camera) ? { camera: search.camera.map(String) } : {},
  component: () => null,
});
