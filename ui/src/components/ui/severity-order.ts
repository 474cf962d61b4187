import type { Schemas } from "@/api/client";

export type Severity = Schemas["Severity"];

/** From the worst. */
export const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low"];
