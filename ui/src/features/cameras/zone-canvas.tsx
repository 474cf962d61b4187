import { type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { type Corner, corner, isZone, type Polygon, shifted, splitEdge, withCorner, withoutCorner } from "./polygon";

export type ZoneDraft = { key: number; name: string; kind: Schemas["ZoneKind"]; polygon: Polygon };

export const ZONE_COLOURS: Record<ZoneDraft["kind"], string> = { include: "#5fd4bd", exclude: "#9db2c6", privacy: "#ffffff" };

type Props = {
  zones: readonly ZoneDraft[];
  selected: number | null;
  /** Corners that were set of a zone that is being drawn; null while none is. */
  drawing: Polygon | null;
  onSelect: (key: number | null) => void;
  onChange: (key: number, polygon: Polygon) => void;
  onDraw: (corners: Polygon) => void;
  onDrawn: (polygon: Polygon) => void;
};

const CLOSE = 0.02;
const STEP = 0.005;

/** Zones over the picture: corners are dragged, or moved with the arrow keys; double-click an edge's middle for another corner. */
export function ZoneCanvas({ zones, selected, drawing, onSelect, onChange, onDraw, onDrawn }: Props) {
  const { t } = useTranslation();
  const svg = useRef<SVGSVGElement>(null);
  const drag = useRef<{ key: number; index: number; from: Corner } | null>(null);
  const [pointer, setPointer] = useState<Corner | null>(null);

  const at = (event: { clientX: number; clientY: number }): Corner => {
    const room = svg.current?.getBoundingClientRect();
    return room ? corner((event.clientX - room.left) / room.width, (event.clientY - room.top) / room.height) : [0, 0];
  };

  const press = (event: PointerEvent) => {
    if (!drawing) return onSelect(null);
    const place = at(event);
    const first = drawing[0];
    if (first && drawing.length >= 3 && Math.hypot(place[0] - first[0], place[1] - first[1]) < CLOSE) return finish();
    onDraw([...drawing, place]);
  };
  const finish = () => {
    if (drawing && isZone(drawing)) onDrawn(drawing);
  };
  const grab = (event: PointerEvent, key: number, index: number) => {
    if (drawing) return;
    event.stopPropagation();
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    onSelect(key);
    drag.current = { key, index, from: at(event) };
  };
  const move = (event: PointerEvent) => {
    const place = at(event);
    if (drawing) setPointer(place);
    const held = drag.current;
    const zone = held && zones.find((each) => each.key === held.key);
    if (!held || !zone) return;
    if (held.index >= 0) return onChange(held.key, withCorner(zone.polygon, held.index, place));
    onChange(held.key, shifted(zone.polygon, place[0] - held.from[0], place[1] - held.from[1]));
    held.from = place;
  };
  const nudge = (event: KeyboardEvent, zone: ZoneDraft, index: number) => {
    const [dx, dy] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key] ?? [0, 0];
    const here = zone.polygon[index];
    if (here && (dx || dy)) {
      event.preventDefault();
      onChange(zone.key, withCorner(zone.polygon, index, corner(here[0] + (dx ?? 0), here[1] + (dy ?? 0))));
    }
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      onChange(zone.key, withoutCorner(zone.polygon, index));
    }
  };

  return (
    <svg
      ref={svg}
      viewBox="0 0 1 1"
      preserveAspectRatio="none"
      className={`absolute inset-0 size-full touch-none overflow-visible ${drawing ? "cursor-crosshair" : ""}`}
      onPointerDown={press}
      onPointerMove={move}
      onPointerUp={() => {
        drag.current = null;
      }}
      onDoubleClick={finish}
      role="application"
      aria-label={t("zones.canvas")}
    >
      <title>{t("zones.canvas")}</title>
      {zones.map((zone) => (
        <polygon
          key={zone.key}
          points={points(zone.polygon)}
          fill={zone.kind === "include" ? ZONE_COLOURS.include : "#000"}
          fillOpacity={zone.kind === "privacy" ? 0.75 : zone.kind === "exclude" ? 0.45 : 0.14}
          stroke={ZONE_COLOURS[zone.kind]}
          strokeWidth={zone.key === selected ? 3 : 2}
          strokeDasharray={zone.kind === "exclude" ? "7 5" : undefined}
          vectorEffect="non-scaling-stroke"
          className={drawing ? "" : "cursor-move"}
          onPointerDown={(event) => grab(event, zone.key, -1)}
        />
      ))}
      {drawing && (
        <polyline
          points={points(pointer ? [...drawing, pointer] : drawing)}
          fill="none"
          stroke="#5fd4bd"
          strokeWidth={2}
          vectorEffect="non-scaling-stroke"
          pointerEvents="none"
        />
      )}
      {drawing?.map((each) => (
        <Dot key={each.join()} place={each} />
      ))}
      {zones
        .filter((zone) => zone.key === selected && !drawing)
        .map((zone) =>
          zone.polygon.map((each, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a corner is named by its place in the polygon.
            <g key={index}>
              <Middle
                from={each}
                to={zone.polygon[(index + 1) % zone.polygon.length] ?? each}
                onAdd={() => onChange(zone.key, splitEdge(zone.polygon, index))}
              />
              <Dot
                place={each}
                label={t("zones.corner", { index: index + 1 })}
                onPointerDown={(event) => grab(event, zone.key, index)}
                onKeyDown={(event) => nudge(event, zone, index)}
              />
            </g>
          )),
        )}
    </svg>
  );
}

const points = (polygon: Polygon) => polygon.map((each) => each.join(",")).join(" ");

type DotProps = {
  place: Corner;
  label?: string;
  onPointerDown?: (event: PointerEvent) => void;
  onKeyDown?: (event: KeyboardEvent) => void;
};

/** A point that stays round however the picture is stretched: a line of no length with round ends. */
function Dot({ place: [x, y], label, onPointerDown, onKeyDown }: DotProps) {
  const line = `M${x} ${y}h0.00001`;
  return (
    <g
      role={label ? "button" : undefined}
      tabIndex={label ? 0 : undefined}
      aria-label={label}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
      className={label ? "group cursor-grab focus:outline-none" : "pointer-events-none"}
    >
      <path d={line} stroke="transparent" strokeWidth={28} strokeLinecap="round" vectorEffect="non-scaling-stroke" />
      <path d={line} stroke="#0f1113" strokeWidth={15} strokeLinecap="round" vectorEffect="non-scaling-stroke" />
      <path
        d={line}
        stroke="#ffffff"
        strokeWidth={10}
        strokeLinecap="round"
        vectorEffect="non-scaling-stroke"
        className="group-focus-visible:stroke-accent"
      />
    </g>
  );
}

function Middle({ from, to, onAdd }: { from: Corner; to: Corner; onAdd: () => void }) {
  const line = `M${(from[0] + to[0]) / 2} ${(from[1] + to[1]) / 2}h0.00001`;
  return (
    <g
      className="cursor-copy opacity-70 hover:opacity-100"
      aria-hidden="true"
      onPointerDown={(event) => {
        event.stopPropagation();
        onAdd();
      }}
    >
      <path d={line} stroke="transparent" strokeWidth={20} strokeLinecap="round" vectorEffect="non-scaling-stroke" />
      <path d={line} stroke="#ffffff" strokeWidth={6} strokeLinecap="round" vectorEffect="non-scaling-stroke" />
    </g>
  );
}
