import { Camera, ChartColumn, MonitorPlay, Route as RouteIcon, Server, ShieldQuestion, Siren, Sparkles, Users } from "lucide-react";
import type { Me } from "@/api/session";

type Place = {
  to: "/live" | "/events" | "/approvals" | "/assistant" | "/statistics" | "/cameras" | "/rules" | "/people" | "/system";
  word: "live" | "events" | "approvals" | "assistant" | "statistics" | "cameras" | "rules" | "people" | "system";
  icon: typeof Camera;
  role?: "operator" | "admin";
};

const PLACES: Place[] = [
  { to: "/live", word: "live", icon: MonitorPlay },
  { to: "/events", word: "events", icon: Siren },
  { to: "/approvals", word: "approvals", icon: ShieldQuestion, role: "operator" },
  { to: "/assistant", word: "assistant", icon: Sparkles },
  { to: "/statistics", word: "statistics", icon: ChartColumn },
  { to: "/cameras", word: "cameras", icon: Camera },
  { to: "/rules", word: "rules", icon: RouteIcon, role: "admin" },
  { to: "/people", word: "people", icon: Users, role: "admin" },
  { to: "/system", word: "system", icon: Server, role: "admin" },
];

/** The pages that this person may use. */
export const placesOf = (me: Me): Place[] =>
  PLACES.filter(({ role }) => role === undefined || me.role === "admin" || (role === "operator" && me.role === "operator"));

const HANDY = ["/live", "/events", "/cameras", "/approvals", "/assistant"];
const IN_HAND = 4;

/** Those that a phone has under the thumb; the rest is in the menu. */
export const handyOf = (me: Me): Place[] => {
  const chosen = placesOf(me)
    .filter(({ to }) => HANDY.includes(to))
    .sort((one, other) => HANDY.indexOf(one.to) - HANDY.indexOf(other.to));
  return chosen.slice(0, IN_HAND);
};
