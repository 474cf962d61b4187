import type { ReactNode } from "react";

/** What may be wider than the screen: moved sideways by itself, by the keyboard too. */
export function Sideways({ label, children }: { label: string; children: ReactNode }) {
  return (
    <section aria-label={label} tabIndex={0} className="-m-4 overflow-x-auto p-4 focus-visible:-outline-offset-2">
      {children}
    </section>
  );
}
