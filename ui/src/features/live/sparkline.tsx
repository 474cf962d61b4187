import { useEffect, useRef } from "react";
import { hub } from "@/api/hub";
import { tokenColour } from "@/preferences";

const SPAN_MS = 60_000;

/** The score of the last minute; the line across is the alarm level. Drawn on a canvas, for sixteen of them move five times a second. */
export function Sparkline({ camera, className }: { camera: string; className?: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let frame = 0;
    const draw = () => {
      frame = 0;
      if (canvas.current) paint(canvas.current, camera);
    };
    const stop = hub.onScores(() => {
      frame ||= requestAnimationFrame(draw);
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [camera]);
  return <canvas ref={canvas} className={className} aria-hidden />;
}

function paint(canvas: HTMLCanvasElement, camera: string) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  if (!context) return;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  const points = hub.scoresOf(camera);
  const end = points.at(-1)?.at ?? 0;
  const x = (at: number) => width * (1 - (end - at) / SPAN_MS);
  const y = (value: number) => 1 + (height - 2) * (1 - Math.min(1, value));
  context.strokeStyle = "rgb(255 255 255 / 0.35)";
  context.setLineDash([2, 3]);
  context.beginPath();
  context.moveTo(0, y(0.5));
  context.lineTo(width, y(0.5));
  context.stroke();
  context.setLineDash([]);
  context.lineWidth = 1.5;
  const calm = "rgb(255 255 255 / 0.8)";
  const alarmed = tokenColour("high");
  for (let index = 1; index < points.length; index += 1) {
    const [from, to] = [points[index - 1], points[index]];
    if (!from || !to || to.at < end - SPAN_MS || to.at - from.at > 5000) continue;
    context.strokeStyle = Math.max(from.value, to.value) >= 0.5 ? alarmed : calm;
    context.beginPath();
    context.moveTo(x(from.at), y(from.value));
    context.lineTo(x(to.at), y(to.value));
    context.stroke();
  }
}
