import type { Schemas } from "./client";
import { hub, type Message, type StatusMessage } from "./hub";
import { queryClient } from "./query";

type CameraList = Schemas["CameraList"];

/** What the socket says goes into what the pages show; whatever may have been missed meanwhile is read anew. */
export function startLiveUpdates() {
  hub.on(follow);
  let connectedOnce = false;
  hub.onLink(() => {
    if (hub.getLink() !== "connected") return;
    if (connectedOnce) readAnew();
    connectedOnce = true;
  });
}

function follow(message: Message) {
  switch (message.type) {
    case "status":
      return keepStatus(message.status);
    case "camera_changed":
      void queryClient.invalidateQueries({ queryKey: ["cameras"] });
      return void queryClient.invalidateQueries({ queryKey: ["camera", message.camera_id] });
    case "event":
      void catchUp(message.event.id, message.event.revision);
      return later("counts");
    case "event_changed":
      void queryClient.invalidateQueries({ queryKey: ["event", message.event_id] });
      return later("counts");
    case "resync":
      return readAnew();
  }
}

function keepStatus(status: StatusMessage) {
  let known = false;
  queryClient.setQueryData<CameraList>(["cameras"], (list) => {
    if (!list) return list;
    const cameras = list.cameras.map((camera) => {
      if (camera.id !== status.camera_id) return camera;
      known = true;
      return { ...camera, status: { ...camera.status, ...status } };
    });
    return { ...list, cameras };
  });
  if (!known && queryClient.getQueryData(["cameras"])) void queryClient.invalidateQueries({ queryKey: ["cameras"] });
}

const TRIES = 10;
const TRY_MS = 1000;

/** Read an event that is shown until the answer is as new as the message: people are told before the database has it. */
async function catchUp(id: string, revision: number) {
  const queryKey = ["event", id];
  for (let tries = 0; tries < TRIES; tries += 1) {
    const known = queryClient.getQueryData<{ revision: number }>(queryKey);
    if (!known || known.revision >= revision) return;
    await queryClient.refetchQueries({ queryKey, exact: true });
    await new Promise((resolve) => setTimeout(resolve, TRY_MS));
  }
}

function readAnew() {
  void queryClient.invalidateQueries({ queryKey: ["cameras"] });
  void queryClient.invalidateQueries({ queryKey: ["events"] });
  void queryClient.invalidateQueries({ queryKey: ["event"] });
  void queryClient.invalidateQueries({ queryKey: ["counts"] });
}

const waiting = new Map<string, ReturnType<typeof setTimeout>>();

/** Numbers that a flood of events would have asked for a hundred times are asked for once a second. */
function later(key: string) {
  if (waiting.has(key)) return;
  waiting.set(
    key,
    setTimeout(() => {
      waiting.delete(key);
      void queryClient.invalidateQueries({ queryKey: [key] });
    }, 1000),
  );
}
