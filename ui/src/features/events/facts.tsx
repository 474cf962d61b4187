import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { measured, number } from "@/i18n/format";

type Fact = Schemas["FactRead"];

// What a rule guesses comes before what was measured, in the order in which the event holds it.
const rank = (fact: Fact) =>
  fact.kind === "hypothesis" ? -1 : (fact.rarity ?? (fact.usual ? Math.min(1, fact.usual / Math.max(1e-9, fact.value)) : 1));

const usual = (fact: Fact) => fact.kind !== "hypothesis" && fact.usual !== null && fact.usual !== undefined && fact.value <= fact.usual;

/** Why it alarmed: what was measured, the most unusual first, beside what is usual there; what was as usual stands back. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  const { t } = useTranslation();
  if (facts.length === 0) return <p className="text-sm text-muted">{t("facts.none")}</p>;
  const ranked = [...facts].sort((one, two) => rank(one) - rank(two));
  const odd = ranked.filter((fact) => !usual(fact));
  const others = ranked.filter(usual);
  if (odd.length === 0) return <List facts={others} />;
  return (
    <>
      <List facts={odd} />
      {others.length > 0 && (
        <details className="mt-4">
          <summary className="cursor-pointer text-sm text-muted">{t("facts.as_usual", { count: others.length })}</summary>
          <div className="mt-3">
            <List facts={others} />
          </div>
        </details>
      )}
    </>
  );
}

function List({ facts }: { facts: readonly Fact[] }) {
  const { t } = useTranslation();
  const words = t as unknown as (key: string, options: object) => string;
  // A rule is named in words, a zone or a class as people or the detector named it.
  const subject = (fact: Fact) =>
    fact.kind === "hypothesis" ? words(`hypothesis.${fact.subject}`, { defaultValue: fact.subject }) : fact.subject;
  const unit = (fact: Fact) => (fact.unit ? words(`unit.${fact.unit}`, { defaultValue: fact.unit }) : "");
  return (
    <ul className="flex flex-col gap-4">
      {facts.map((fact) => (
        <li key={fact.id} className="flex flex-col gap-1.5">
          <p className="flex flex-wrap items-baseline justify-between gap-x-3">
            <span className="min-w-0 text-sm break-words text-muted">
              {[t(`fact.${fact.kind}`), subject(fact)].filter(Boolean).join(": ")}
            </span>
            <span className="font-semibold">
              {measured(fact.value)} {unit(fact)}
            </span>
          </p>
          {fact.usual !== null && fact.usual !== undefined && <Range value={fact.value} usual={fact.usual} />}
          <p className="text-[0.8125rem] text-muted">
            {fact.usual !== null && fact.usual !== undefined
              ? t("facts.usual", { usual: `${measured(fact.usual)} ${unit(fact)}`.trim() })
              : fact.rarity && fact.rarity < 0.5
                ? t("facts.rare", { times: number(Math.min(1e6, Math.round(1 / fact.rarity))) })
                : null}
          </p>
        </li>
      ))}
    </ul>
  );
}

/** The usual range as a bar, and where this was. */
function Range({ value, usual }: { value: number; usual: number }) {
  const most = Math.max(value, usual, 1e-9) * 1.08;
  return (
    <div className="relative h-2 rounded-full bg-sunken" aria-hidden>
      <div className="absolute inset-y-0 left-0 rounded-full bg-line-strong" style={{ width: `${(100 * usual) / most}%` }} />
      <div className="absolute -inset-y-1 w-1 -translate-x-1/2 rounded-full bg-text" style={{ left: `${(100 * value) / most}%` }} />
    </div>
  );
}
