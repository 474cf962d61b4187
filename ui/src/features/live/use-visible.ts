import { type RefObject, useEffect, useState } from "react";

/** Whether something of an element can be seen: on the screen, in a window that is not hidden. */
export function useVisible(element: RefObject<Element | null>): boolean {
  const [inView, setInView] = useState(false);
  const [shown, setShown] = useState(document.visibilityState === "visible");
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver((entries) => setInView(entries.some((entry) => entry.isIntersecting)));
    observer.observe(element.current);
    const follow = () => setShown(document.visibilityState === "visible");
    document.addEventListener("visibilitychange", follow);
    return () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", follow);
    };
  }, [element]);
  return inView && shown;
}
