import { useCallback, useState } from "react";

export type Space = { width: number; height: number };

/** The room that an element has, and the ref that it is measured by. */
export function useSpace(): readonly [(element: Element | null) => (() => void) | undefined, Space] {
  const [space, setSpace] = useState<Space>({ width: 16, height: 9 });
  const measure = useCallback((element: Element | null) => {
    if (!element) return undefined;
    const observer = new ResizeObserver(
      ([entry]) => entry && setSpace({ width: entry.contentRect.width, height: entry.contentRect.height }),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [measure, space] as const;
}
