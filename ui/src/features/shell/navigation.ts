import { Camera, ChartColumn, MonitorPlay, Route as RouteIcon, Server, Siren, Users } from "lucide-react";
import type { Me } from "@/api/session";

type Place = {
  to: "/live" | "/events" | "/statistics" | "/cameras" | "/rules" | "/people" | "/system";
  word: "live" | "events" | "statistics" | "cameras" | "rules" | "people" | "system";
  icon: typeof Camera;
};

const EVERYBODY: Place[] = [
  { to: "/live", word: "live", icon: MonitorPlay },
  { to: "/events", word: "events", icon: Siren },
  { to: "/statistics", word: "statistics", icon: ChartColumn },
  { to: "/cameras", word: "cameras", icon: Camera },
];
const ADMINS: Place[] = [
  { to: "/rules", word: "rules", icon: RouteIcon },
  { to: "/people", word: "people", icon: Users },
  { to: "/system", word: "system", icon: Server },
];

/** The pages that this person may use. */
export const placesOf = (me: Me): Place[] => (me.role === "admin" ? [...EVERYBODY, ...ADMINS] : EVERYBODY);
