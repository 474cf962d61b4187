import { useSyncExternalStore } from "react";
import type { Schemas } from "@/api/client";
import { getSession, type Me, onSession, type Session } from "@/api/session";

export const useSession = (): Session => useSyncExternalStore(onSession, getSession);

/** Who is logged in, on pages that only those see who are. */
export function useMe(): Me {
  const session = useSession();
  if (session.state !== "in" && session.state !== "expired") throw new Error("nobody is logged in");
  return session.me;
}

const LEVELS = ["view", "control", "admin"] as const;
type Level = Schemas["AccessLevel"];

/** Whether the API will allow it; what it would refuse is not offered. */
export function may(me: Me, camera: string, level: Level): boolean {
  if (me.sees_all) return true;
  const granted = me.grants.find((grant) => grant.camera_id === camera)?.level;
  return granted !== undefined && LEVELS.indexOf(granted) >= LEVELS.indexOf(level);
}

export const atLeast = (level: Level, wanted: Level): boolean => LEVELS.indexOf(level) >= LEVELS.indexOf(wanted);
