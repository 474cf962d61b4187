import { ArrowDown, ArrowUp, ChevronDown, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "@/components/ui/button";
import { cx } from "@/components/ui/cx";
import { SeverityBadge } from "@/components/ui/severity";
import { RowEditor } from "./row-editor";
import { conditions, type Row } from "./rows";

/** A row with a name of its own, by which it is known while it moves. */
export type Kept = { id: number; row: Row };

type Props = { rows: readonly Kept[]; onChange: (rows: Kept[]) => void; opened: number | null };

/** The rows from the first, which counts before all below it. */
export function RowList({ rows, onChange, opened }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(opened);
  const move = (index: number, by: -1 | 1) => {
    const next = [...rows];
    const [taken] = next.splice(index, 1);
    if (taken) next.splice(index + by, 0, taken);
    onChange(next);
  };
  return (
    <ol className="flex flex-col gap-2">
      {rows.map(({ id, row }, index) => {
        const number = index + 1;
        const lines = conditions(t, row);
        return (
          <li key={id} className="rounded-md border border-line" aria-label={t("severities.row", { number })}>
            <div className="flex items-start gap-2 p-2 pl-3">
              <span className="w-5 pt-1.5 text-sm text-faint tabular-nums">{number}</span>
              <button
                type="button"
                aria-expanded={open === id}
                onClick={() => setOpen(open === id ? null : id)}
                className="flex min-w-0 flex-1 items-center gap-2 rounded-md py-1 text-left text-sm"
              >
                <span className="flex min-w-0 flex-1 flex-wrap items-center gap-x-3 gap-y-1">
                  <SeverityBadge severity={row.severity} />
                  <span className="min-w-0 flex-1 basis-32 break-words">{lines.join(" · ") || t("severities.anything")}</span>
                </span>
                <ChevronDown className={cx("size-4 shrink-0 text-muted", open === id && "rotate-180")} aria-hidden />
              </button>
              <span className="flex">
                <IconButton size="sm" label={t("severities.up", { number })} disabled={index === 0} onClick={() => move(index, -1)}>
                  <ArrowUp className="size-4" aria-hidden />
                </IconButton>
                <IconButton
                  size="sm"
                  label={t("severities.down", { number })}
                  disabled={index === rows.length - 1}
                  onClick={() => move(index, 1)}
                >
                  <ArrowDown className="size-4" aria-hidden />
                </IconButton>
                <IconButton
                  size="sm"
                  label={t("severities.remove", { number })}
                  onClick={() => onChange(rows.filter((each) => each.id !== id))}
                >
                  <Trash2 className="size-4" aria-hidden />
                </IconButton>
              </span>
            </div>
            {open === id && (
              <div className="border-t border-line p-4">
                <RowEditor
                  row={row}
                  onChange={(change) => onChange(rows.map((each) => (each.id === id ? { id, row: { ...row, ...change } } : each)))}
                />
              </div>
            )}
          </li>
        );
      })}
    </ol>
  );
}
