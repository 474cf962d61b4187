import { api, type Schemas, take } from "@/api/client";
import { queryClient } from "@/api/query";

/** What follows from a change of a camera is read anew. */
export function camerasChanged(id?: string) {
  void queryClient.invalidateQueries({ queryKey: ["cameras"] });
  if (id) void queryClient.invalidateQueries({ queryKey: ["camera", id] });
}

const path = (id: string) => ({ path: { camera_id: id } });

export async function setRunning(id: string, on: boolean) {
  const params = path(id);
  await take(on ? api.POST("/api/v1/cameras/{camera_id}/start", { params }) : api.POST("/api/v1/cameras/{camera_id}/stop", { params }));
  camerasChanged(id);
}

export async function relearn(id: string) {
  await take(api.POST("/api/v1/cameras/{camera_id}/relearn", { params: path(id) }));
  camerasChanged(id);
}

export async function removeCamera(id: string, deleteEvents: boolean) {
  const answer = await take(api.DELETE("/api/v1/cameras/{camera_id}", { params: { ...path(id), query: { delete_events: deleteEvents } } }));
  camerasChanged(id);
  void queryClient.invalidateQueries({ queryKey: ["events"] });
  return answer;
}

export const changeCamera = (id: string, tag: string, body: Schemas["CameraChange"]) =>
  take(api.PATCH("/api/v1/cameras/{camera_id}", { params: { ...path(id), header: { "if-match": tag } }, body }));
