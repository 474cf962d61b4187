import { queryOptions } from "@tanstack/react-query";
import { api, type Schemas, take, takeWithTag } from "@/api/client";

export type Rule = Schemas["RuleRead"];
export type RuleInput = Schemas["RuleInput"];
export type Channel = Schemas["ChannelRead"];
export type ChannelKind = Schemas["ChannelKind"];

export const rulesQuery = queryOptions({ queryKey: ["rules"], queryFn: ({ signal }) => take(api.GET("/api/v1/rules", { signal })) });

export const ruleQuery = (id: string) =>
  queryOptions({
    queryKey: ["rules", id],
    queryFn: () => takeWithTag(api.GET("/api/v1/rules/{rule_id}", { params: { path: { rule_id: id } } })),
    refetchOnWindowFocus: false,
    gcTime: 0,
  });

export const channelsQuery = queryOptions({
  queryKey: ["channels"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/channels", { signal })),
  refetchInterval: 30_000,
});

export const kindsQuery = queryOptions({
  queryKey: ["channel-kinds"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/channels/kinds", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

export const groupsQuery = queryOptions({ queryKey: ["groups"], queryFn: ({ signal }) => take(api.GET("/api/v1/groups", { signal })) });

/** What a new rule begins with: everything of medium severity, of all cameras, to nobody yet. */
export const newRule = (language: "en" | "ko"): RuleInput => ({
  name: "",
  enabled: true,
  camera_ids: null,
  event_types: null,
  system_events: false,
  min_severity: "medium",
  min_score: 0,
  time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
  schedule: null,
  quiet_hours: null,
  channel_ids: [],
  recipients: [],
  escalation: [],
  language,
  title_template: null,
  text_template: null,
  rate_limit: null,
  include_picture: true,
  include_clip_link: true,
  updates: true,
});

/** A stored rule as it is sent again. */
export function asInput(rule: Rule): RuleInput {
  const { id: _id, version: _version, created_at: _created, updated_at: _updated, ...input } = rule;
  return input;
}
