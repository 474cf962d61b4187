import { createFileRoute } from "@tanstack/react-router";

export const Route = createFileRoute("/_app/cameras/new")({
  validateSearch: (search: Record<string, unknown>): { first?: true } => (search.first ? { first: true } : {}),
  component: () => null,
});
