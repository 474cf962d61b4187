import { useTranslation } from "react-i18next";
import { Dialog } from "@/components/ui/dialog";

const KEYS = [
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
  ["?", "help"],
] as const;

export function KeysHelp({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog open={open} onClose={onClose} title={t("events.keys")}>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-2 text-sm">
        {KEYS.map(([key, word]) => (
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
    </Dialog>
  );
}
