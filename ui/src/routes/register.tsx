import { createFileRoute } from "@tanstack/react-router";
import { ByCode } from "@/features/session/by-code";

export const Route = createFileRoute("/register")({ component: () => <ByCode way="register" /> });
