import { useEffect } from "react";
import { hub } from "@/api/hub";
import type { Severity } from "@/components/ui/severity-order";
import { usePreferences } from "@/preferences";

/** Hertz, one after the other; what is less severe makes no sound. */
const TONES: Partial<Record<Severity, readonly number[]>> = { critical: [880, 660, 880, 660], high: [660, 880] };
const TONE_S = 0.16;
const QUIET_MS = 3000;

let context: AudioContext | null = null;

/** Two tones for high, four for critical. Nothing where the browser wants a click first: that comes with the next. */
export function chime(severity: Severity) {
  const tones = TONES[severity];
  if (!tones) return;
  context ??= new AudioContext();
  void context.resume().catch(() => undefined);
  const begin = context.currentTime + 0.02;
  const volume = context.createGain();
  volume.connect(context.destination);
  volume.gain.setValueAtTime(0.0001, begin);
  for (const [index, tone] of tones.entries()) {
    const at = begin + index * TONE_S;
    volume.gain.exponentialRampToValueAtTime(0.18, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + TONE_S - 0.01);
    const sound = context.createOscillator();
    sound.frequency.value = tone;
    sound.connect(volume);
    sound.start(at);
    sound.stop(at + TONE_S);
  }
}

/** Sounds when something severe begins, as long as somebody wants to hear it; a flood of events sounds once in three seconds. */
export function useChime() {
  const { sound } = usePreferences();
  useEffect(() => {
    if (!sound) return;
    let last = Number.NEGATIVE_INFINITY;
    return hub.on((message) => {
      if (message.type !== "event" || message.event.revision > 0 || message.event.status !== "open") return;
      if (!TONES[message.event.severity] || performance.now() - last < QUIET_MS) return;
      last = performance.now();
      chime(message.event.severity);
    });
  }, [sound]);
}
