import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { memo, type RefObject, useCallback, useEffect, useImperativeHandle, useMemo } from "react";
import { usePreferences } from "@/preferences";
import type { EventRow } from "./cache";
import { EventRowView } from "./row";

const ROW_REM = 4.75;
const SOON = 20;

export type RowsHandle = Pick<Virtualizer<HTMLDivElement, Element>, "scrollToIndex">;

type Props = {
  handle: RefObject<RowsHandle | null>;
  scroller: RefObject<HTMLElement | null>;
  rows: readonly EventRow[];
  now: number;
  open: string | undefined;
  chosen: ReadonlySet<string>;
  /** The same function for as long as it can be: a row is drawn anew only when something of its own changes. */
  onChoose: ((id: string, chosen: boolean, range: boolean) => void) | undefined;
  /** The end of what is loaded comes near. */
  onEnd: () => void;
};

/** Only the rows in sight. What scrolling changes is drawn here alone, not with the whole list. */
export const Rows = memo(function Rows({ handle, scroller, rows, now, open, chosen, onChoose, onEnd }: Props) {
  const { density } = usePreferences();
  // biome-ignore lint/correctness/useExhaustiveDependencies: density sets the size of the root.
  const height = useMemo(
    () => Math.round(ROW_REM * (Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16)),
    [density],
  );
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current as HTMLDivElement | null,
    estimateSize: useCallback(() => height, [height]),
    overscan: 8,
    // A new function would have every row measured anew.
    getItemKey: useCallback((index: number) => rows[index]?.id ?? index, [rows]),
  });
  useImperativeHandle(handle, () => ({ scrollToIndex: virtual.scrollToIndex }), [virtual]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const near = last >= rows.length - SOON;
  useEffect(() => {
    if (near) onEnd();
  }, [near, onEnd]);
  return (
    <div className="relative" style={{ height: virtual.getTotalSize() }}>
      {items.map((item) => {
        const row = rows[item.index];
        return row ? (
          <div key={item.key} className="absolute inset-x-0 top-0" style={{ height: item.size, transform: `translateY(${item.start}px)` }}>
            <EventRowView event={row} now={now} open={row.id === open} chosen={chosen.has(row.id)} onChoose={onChoose} />
          </div>
        ) : null;
      })}
    </div>
  );
});
