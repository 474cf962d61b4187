import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { cx } from "@/components/ui/cx";

export type Finding = Schemas["FindingRead"];

type Props = { value: string; onChange: (text: string) => void; findings: readonly Finding[]; at: number | null };

/** A text with numbered lines, and beside those that something is to be said against a mark. */
export function PlaybookEditor({ value, onChange, findings, at }: Props) {
  const { t } = useTranslation();
  const text = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLOListElement>(null);
  const lines = value.split("\n").length;
  const marks = new Map<number, Finding>();
  for (const finding of findings) if (!marks.has(finding.line) || !finding.warning) marks.set(finding.line, finding);

  useEffect(() => {
    const area = text.current;
    if (at === null || at < 1 || !area) return;
    const before = area.value.split("\n").slice(0, at - 1);
    const start = before.reduce((sum, line) => sum + line.length + 1, 0);
    area.focus();
    area.setSelectionRange(start, start + (area.value.split("\n")[at - 1]?.length ?? 0));
    area.scrollTop = (area.scrollHeight * (at - 4)) / area.value.split("\n").length;
  }, [at]);

  return (
    <div className="flex h-[34rem] max-h-[70dvh] overflow-hidden rounded-md border border-line-strong bg-sunken font-mono text-[0.8125rem] leading-6 focus-within:outline-2 focus-within:outline-accent">
      <ol ref={gutter} aria-hidden className="shrink-0 overflow-hidden border-r border-line py-2 text-right text-faint select-none">
        {Array.from({ length: lines }, (_, index) => {
          const mark = marks.get(index + 1);
          return (
            <li
              // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number.
              key={index}
              title={mark?.message}
              className={cx("min-w-12 px-2", mark && (mark.warning ? "bg-medium-quiet text-medium" : "bg-critical-quiet text-critical"))}
            >
              {index + 1}
            </li>
          );
        })}
      </ol>
      <textarea
        ref={text}
        aria-label={t("playbook.text")}
        aria-invalid={findings.some((finding) => !finding.warning) || undefined}
        className="min-w-0 flex-1 resize-none overflow-auto bg-transparent px-3 py-2 whitespace-pre outline-none"
        wrap="off"
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="none"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onScroll={(event) => {
          if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop;
        }}
      />
    </div>
  );
}

/** What is to be said against it, faults first; each leads to its line. */
export function Findings({ findings, onGo }: { findings: readonly Finding[]; onGo: (line: number) => void }) {
  const { t } = useTranslation();
  return (
    <ul className="flex flex-col gap-1.5 text-sm" aria-live="polite">
      {findings.map((finding) => (
        <li key={`${finding.line}${finding.where}${finding.message}`}>
          <button
            type="button"
            disabled={finding.line === 0}
            onClick={() => onGo(finding.line)}
            className={cx(
              "w-full rounded-md px-3 py-2 text-left",
              finding.warning ? "bg-medium-quiet" : "bg-critical-quiet",
              finding.line > 0 && "hover:brightness-110",
            )}
          >
            <span className={cx("font-semibold", finding.warning ? "text-medium" : "text-critical")}>
              {finding.line > 0 ? t("playbook.line", { line: finding.line }) : t(finding.warning ? "playbook.warning" : "playbook.fault")}
            </span>{" "}
            <span className="text-muted">{finding.where}</span>
            <span className="block">{finding.message}</span>
            {finding.hint && <span className="block text-muted">{finding.hint}</span>}
          </button>
        </li>
      ))}
    </ul>
  );
}
