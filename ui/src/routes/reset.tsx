import { createFileRoute } from "@tanstack/react-router";
import { ByCode } from "@/features/session/by-code";

export const Route = createFileRoute("/reset")({ component: () => <ByCode way="reset" /> });
