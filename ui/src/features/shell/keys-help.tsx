import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "@/components/ui/dialog";

const EVERYWHERE = [
  ["Ctrl K", "palette"],
  ["?", "help"],
] as const;

const EVENTS = [
  ["j", "next"],
  ["k", "previous"],
  ["Space", "play"],
  ["← →", "seek"],
  ["p", "peak"],
  ["a", "acknowledge"],
  ["f", "false_alarm"],
  ["m", "normal"],
  ["r", "in_progress"],
  ["d", "resolved"],
  ["l", "lock"],
  ["n", "note"],
  ["x", "choose"],
  [".", "show_new"],
  ["u", "undo"],
  ["/", "search"],
  ["Esc", "close"],
] as const;

let shown = false;
const listeners = new Set<() => void>();

function show(next: boolean) {
  shown = next;
  for (const listener of listeners) listener();
}

/** Show the keys, from wherever. */
export const showKeys = () => show(true);

export function KeysHelp() {
  const { t } = useTranslation();
  const open = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );
  return (
    <Dialog open={open} onClose={() => show(false)} title={t("events.keys")}>
      <h3 className="eyebrow mb-2">{t("keys.everywhere")}</h3>
      <Keys keys={EVERYWHERE} />
      <h3 className="eyebrow mt-4 mb-2">{t("nav.events")}</h3>
      <Keys keys={EVENTS} />
    </Dialog>
  );
}

type Key = (typeof EVERYWHERE | typeof EVENTS)[number];

function Keys({ keys }: { keys: readonly Key[] }) {
  const { t } = useTranslation();
  return (
    <dl className="grid grid-cols-[4rem_1fr] gap-x-4 gap-y-2 text-sm">
      {keys.map(([key, word]) => (
        <div key={key} className="contents">
          <dt>
            <kbd className="inline-block min-w-7 rounded-sm border border-line-strong bg-raised px-1.5 text-center font-mono text-xs leading-5">
              {key}
            </kbd>
          </dt>
          <dd>{t(`keys.${word}`)}</dd>
        </div>
      ))}
    </dl>
  );
}
