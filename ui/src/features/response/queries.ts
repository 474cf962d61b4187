import { queryOptions } from "@tanstack/react-query";
import { api, type Schemas, take } from "@/api/client";
import { queryClient } from "@/api/query";

export type Action = Schemas["ActionRead"];
export type Approval = Schemas["ApprovalRead"];

/** Under the event, so that they are read anew when it changes. */
export const actionsQuery = (event: string) =>
  queryOptions({
    queryKey: ["event", event, "actions"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/events/{event_id}/actions", { params: { path: { event_id: event } }, signal })),
  });

export const planQuery = (event: string) =>
  queryOptions({
    queryKey: ["event", event, "plan"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/events/{event_id}/plan", { params: { path: { event_id: event } }, signal })),
  });

export const approvalsQuery = (open: boolean) =>
  queryOptions({
    queryKey: ["approvals", open],
    queryFn: ({ signal }) => take(api.GET("/api/v1/approvals", { params: { query: { open } }, signal })),
    refetchInterval: 15_000,
  });

export async function decide(approval: Approval, yes: boolean, note: string) {
  const options = { params: { path: { approval_id: approval.id } }, body: { note } };
  await take(
    yes ? api.POST("/api/v1/approvals/{approval_id}/approve", options) : api.POST("/api/v1/approvals/{approval_id}/reject", options),
  ).finally(() => {
    // Whatever came of it, somebody else may have been faster.
    void queryClient.invalidateQueries({ queryKey: ["approvals"] });
    void queryClient.invalidateQueries({ queryKey: ["event", approval.event_id] });
  });
}
