import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { clockTime } from "@/i18n/format";
import { tokenColour, usePreferences } from "@/preferences";

type Props = {
  name: string;
  times: readonly number[];
  values: readonly number[];
  format: (value: number) => string;
  ticks: (value: number) => string;
};

const HEIGHT = 132;

/** One number over time. Its newest value is said beside it, so that nothing is told by the line alone. */
export function Chart({ name, times, values, format, ticks }: Props) {
  const room = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const { theme } = usePreferences();
  const shown = useRef(ticks);
  shown.current = ticks;

  // biome-ignore lint/correctness/useExhaustiveDependencies: colours are read from the theme once it is in force.
  useEffect(() => {
    const element = room.current;
    if (!element) return;
    const axis = {
      stroke: tokenColour("faint"),
      grid: { stroke: tokenColour("line"), width: 1 },
      ticks: { show: false },
      font: `11px ${getComputedStyle(element).fontFamily}`,
    };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false, points: { size: 6 } },
        scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.15)] } },
        axes: [
          { ...axis, values: (_, marks) => marks.map((at) => clockTime(at * 1000)), space: 80 },
          { ...axis, values: (_, marks) => marks.map((mark) => shown.current(mark)), size: 58, space: 34 },
        ],
        series: [{}, { stroke: tokenColour("accent"), width: 1.75, fill: tokenColour("accent-quiet"), points: { show: false } }],
      },
      [[], []],
      element,
    );
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [theme]);

  useEffect(() => {
    chart.current?.setData([times as number[], values as number[]]);
  });

  const newest = values.at(-1);
  return (
    <figure className="flex min-w-0 flex-col gap-1">
      <figcaption className="flex items-baseline justify-between gap-3 text-sm">
        <span className="text-muted">{name}</span>
        <span className="font-semibold">{newest === undefined ? "–" : format(newest)}</span>
      </figcaption>
      <div ref={room} aria-hidden className="min-w-0 overflow-hidden" style={{ height: HEIGHT }} />
    </figure>
  );
}
