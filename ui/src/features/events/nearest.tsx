import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { fullTime, measured } from "@/i18n/format";

/** What this camera saw before, while nothing was wrong, that comes nearest: so that one sees what is different. */
export function Nearest({ example }: { example: Schemas["ExampleRead"] }) {
  const { t } = useTranslation();
  const words = t as unknown as (key: string, options: object) => string;
  const value = (amount: number, unit: string) => `${measured(amount)} ${unit ? words(`unit.${unit}`, { defaultValue: unit }) : ""}`.trim();
  return (
    <figure className="mt-4 flex gap-3 border-t border-line pt-4">
      <img src={example.picture} alt={t("nearest.title")} className="h-24 w-24 flex-none rounded-md bg-sunken object-contain" />
      <figcaption className="flex min-w-0 flex-col gap-1 text-[0.8125rem] text-muted">
        <span className="text-sm font-semibold text-text">{t("nearest.title")}</span>
        <time dateTime={example.seen_at}>{fullTime(example.seen_at)}</time>
        {example.compared.length === 0 && <span>{t("nearest.alike")}</span>}
        {example.compared.map((each) => (
          <span key={each.kind}>
            {t("nearest.compared", {
              what: t(`fact.${each.kind}`),
              now: value(each.now, each.unit),
              before: value(each.before, each.unit),
            })}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
