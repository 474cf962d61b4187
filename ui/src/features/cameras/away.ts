import type { OpenEvent } from "@/features/live/open-events";
import type { Camera } from "./queries";

type Status = Pick<Camera["status"], "since" | "last_frame_at">;

/**
 * Since when a camera delivers nothing, in milliseconds; null where nobody knows.
 *
 * Not since when it is in its state: a camera that is away is `connecting` again and again.
 */
export function awaySince(status: Status, event: OpenEvent | undefined): number | null {
  const known = status.last_frame_at ?? (event?.subtype === "camera_offline" ? event.timestamp : status.since);
  return known ? Date.parse(known) : null;
}
