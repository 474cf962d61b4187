import { useSyncExternalStore } from "react";

export type Theme = "dark" | "light" | "system";
export type Density = "comfortable" | "compact" | "wall";

type Preferences = { theme: Theme; density: Density; sound: boolean };

const KEY = "haetae.preferences";
const DEFAULTS: Preferences = { theme: "system", density: "comfortable", sound: false };
const prefersLight = window.matchMedia("(prefers-color-scheme: light)");
const listeners = new Set<() => void>();

let preferences = read<Preferences>(KEY, DEFAULTS);

/** What was kept on this machine; anything else than an object is forgotten. */
export function read<T extends object>(key: string, otherwise: T): T {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    return kept && typeof kept === "object" ? { ...otherwise, ...kept } : otherwise;
  } catch {
    return otherwise;
  }
}

export function write(key: string, value: object) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing shows the defaults again next time.
  }
}

function apply() {
  const { theme, density } = preferences;
  const root = document.documentElement;
  root.dataset.theme = theme === "system" ? (prefersLight.matches ? "light" : "dark") : theme;
  root.dataset.density = density;
  document.querySelector('meta[name="theme-color"]')?.setAttribute("content", root.dataset.theme === "light" ? "#f5f6f7" : "#0f1113");
}

export function startPreferences() {
  apply();
  prefersLight.addEventListener("change", () => {
    apply();
    for (const listener of listeners) listener();
  });
}

export function prefer(change: Partial<Preferences>) {
  preferences = { ...preferences, ...change };
  write(KEY, preferences);
  apply();
  for (const listener of listeners) listener();
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => preferences,
  );
}

/** Colours for canvases, which know nothing of style sheets. */
export const tokenColour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
