import { useEffect, useRef } from "react";

const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]";

/** Keys of this page; they mean nothing while somebody types, or while a dialog or a menu is open. */
export function useHotkeys(keys: Record<string, (() => void) | undefined>) {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target as Element;
      if (target.closest(TYPING) || document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]')) return;
      const action = current.current[event.key] ?? current.current[event.key.toLowerCase()];
      // A focused button is pressed by the space bar.
      if (!action || (event.key === " " && target.closest("button, summary, input"))) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}
