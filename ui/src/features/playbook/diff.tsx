import { useTranslation } from "react-i18next";
import { cx } from "@/components/ui/cx";

const LOOK: Record<string, string> = {
  "+": "bg-accent-quiet text-accent",
  "-": "bg-critical-quiet text-critical",
  "@": "text-faint",
};

/** A unified diff: what comes is marked with + and colour, what goes with - and another. */
export function Diff({ text }: { text: string }) {
  const { t } = useTranslation();
  if (!text) return <p className="text-sm text-muted">{t("playbook.no_diff")}</p>;
  return (
    <section aria-label={t("playbook.diff")} tabIndex={0} className="max-h-96 overflow-auto rounded-md border border-line bg-sunken py-2">
      <pre className="min-w-fit font-mono text-[0.8125rem] leading-5">
        {text
          .split("\n")
          .filter((line) => !line.startsWith("---") && !line.startsWith("+++"))
          .map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place.
            <span key={index} className={cx("block px-3", LOOK[line[0] ?? ""])}>
              {line || " "}
            </span>
          ))}
      </pre>
    </section>
  );
}
