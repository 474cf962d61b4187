import { queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, type Schemas, take, takeWithTag } from "@/api/client";

export type Camera = Schemas["CameraListed"];
export type CameraState = Schemas["CameraState"];

export const camerasQuery = queryOptions({
  queryKey: ["cameras"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/cameras", { signal })),
  staleTime: 60_000,
});

export function useCameras() {
  const query = useQuery(camerasQuery);
  return { ...query, cameras: query.data?.cameras ?? [] };
}

/** Id -> name, of the cameras that one may see. */
export function useCameraNames(): Map<string, string> {
  const { data } = useQuery(camerasQuery);
  return useMemo(() => new Map((data?.cameras ?? []).map((camera) => [camera.id, camera.name])), [data]);
}

export const cameraQuery = (id: string) =>
  queryOptions({
    queryKey: ["camera", id],
    queryFn: ({ signal }) => takeWithTag(api.GET("/api/v1/cameras/{camera_id}", { params: { path: { camera_id: id } }, signal })),
  });
