import { useTranslation } from "react-i18next";
import { Field } from "@/components/ui/field";
import { number } from "@/i18n/format";

const RATES = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50];

/** How many false alarms a day are all right, as a slider over sensible numbers. */
export function RateField({ value, onChange }: { value: number; onChange: (value: number) => void }) {
  const { t } = useTranslation();
  const index = RATES.reduce(
    (best, rate, place) => (Math.abs(Math.log(rate / value)) < Math.abs(Math.log((RATES[best] ?? 1) / value)) ? place : best),
    0,
  );
  const words =
    value < 1 ? t("rate.every", { count: Math.round(1 / value) }) : t("rate.per_day", { count: value, shown: number(value, 1) });
  return (
    <Field label={t("rate.label")} hint={t("rate.hint")}>
      {(wiring) => (
        <div className="flex items-center gap-4">
          <input
            type="range"
            min={0}
            max={RATES.length - 1}
            step={1}
            value={index}
            aria-valuetext={words}
            onChange={(event) => onChange(RATES[Number(event.target.value)] ?? 1)}
            className="h-6 flex-1 accent-accent"
            {...wiring}
          />
          <output className="w-36 text-sm font-semibold">{words}</output>
        </div>
      )}
    </Field>
  );
}
