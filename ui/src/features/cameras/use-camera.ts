import { useParams } from "@tanstack/react-router";
import { useCameras } from "./queries";

/** The camera of the page that is shown. */
export function useCamera() {
  const { cameraId } = useParams({ from: "/_app/cameras/$cameraId" });
  const { cameras } = useCameras();
  const camera = cameras.find((each) => each.id === cameraId);
  if (!camera) throw new Error("there is no such camera");
  return camera;
}
