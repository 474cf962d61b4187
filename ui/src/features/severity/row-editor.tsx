import { Plus, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "@/components/ui/button";
import { Checkbox, Input, Select } from "@/components/ui/field";
import { SEVERITIES } from "@/components/ui/severity";
import { ScheduleEditor } from "@/features/cameras/schedule-editor";
import { read, written } from "./notation";
import { type Bound, FACTS, KINDS, type Row, TYPES, toggled } from "./rows";

type Props = { row: Row; onChange: (change: Partial<Row>) => void };

/** All that a row can name; what is left open any event meets. */
export function RowEditor({ row, onChange }: Props) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col gap-5">
      <div className="grid gap-4 sm:grid-cols-2">
        <Select
          label={t("rules.severity")}
          value={row.severity}
          onChange={(event) => onChange({ severity: event.target.value as Row["severity"] })}
        >
          {SEVERITIES.map((each) => (
            <option key={each} value={each}>
              {t(`severity.${each}`)}
            </option>
          ))}
        </Select>
        <Input
          type="number"
          min={0}
          max={1}
          step={0.01}
          label={t("severities.score")}
          hint={t("severities.score_hint")}
          value={row.least_score ?? 0}
          onChange={(event) => onChange({ least_score: Math.min(1, Math.max(0, Number(event.target.value))) })}
        />
      </div>
      <Choice label={t("events.kind")}>
        {KINDS.map((kind) => (
          <Checkbox
            key={kind}
            label={t(`type.${kind}`)}
            checked={row.kinds?.includes(kind) ?? false}
            onChange={(event) => onChange({ kinds: toggled(row.kinds ?? [], kind, event.target.checked) })}
          />
        ))}
      </Choice>
      <Choice label={t("severities.types")} hint={t("severities.types_hint")}>
        {TYPES.map((type) => (
          <Checkbox
            key={type}
            label={t(`type.${type}`)}
            checked={row.types?.includes(type) ?? false}
            onChange={(event) => onChange({ types: toggled(row.types ?? [], type, event.target.checked) })}
          />
        ))}
      </Choice>
      <Input
        label={t("severities.zones")}
        hint={t("severities.zones_hint")}
        defaultValue={row.zones?.join(", ") ?? ""}
        onChange={(event) => onChange({ zones: namesIn(event.target.value) })}
      />
      <Bounds bounds={row.facts ?? []} onChange={(facts) => onChange({ facts })} />
      <div className="flex flex-col gap-2">
        <h4 className="text-sm font-medium">{t("severities.times")}</h4>
        <ScheduleEditor
          value={row.schedule ? read(row.schedule) : null}
          onChange={(schedule) => onChange({ schedule: schedule && written(schedule) })}
          words={{ always: t("severities.any_time"), plan: t("severities.certain_times"), inside: t("severities.inside") }}
        />
      </div>
    </div>
  );
}

const namesIn = (text: string) => [
  ...new Set(
    text
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean),
  ),
];

function Choice({ label, hint, children }: { label: string; hint?: string; children: ReactNode }) {
  return (
    <fieldset>
      <legend className="text-sm font-medium">{label}</legend>
      {hint && <p className="text-[0.8125rem] text-muted">{hint}</p>}
      <div className="mt-1 grid gap-x-4 sm:grid-cols-2 lg:grid-cols-3">{children}</div>
    </fieldset>
  );
}

function Bounds({ bounds, onChange }: { bounds: readonly Bound[]; onChange: (bounds: Bound[]) => void }) {
  const { t } = useTranslation();
  const change = (index: number, next: Partial<Bound>) =>
    onChange(bounds.map((each, place) => (place === index ? { ...each, ...next } : each)));
  const numberIn = (text: string) => (text === "" ? null : Number(text));
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="text-sm font-medium">{t("severities.facts")}</legend>
      <p className="text-[0.8125rem] text-muted">{t("severities.facts_hint")}</p>
      {bounds.map((bound, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bounds have no names, only their place.
        <div key={index} className="flex flex-wrap items-end gap-3">
          <Select
            className="min-w-44 flex-1"
            label={t("severities.fact")}
            value={bound.kind}
            onChange={(event) => change(index, { kind: event.target.value as Bound["kind"] })}
          >
            {FACTS.map((kind) => (
              <option key={kind} value={kind}>
                {t(`fact.${kind}`)}
              </option>
            ))}
          </Select>
          <Input
            className="w-28"
            type="number"
            step="any"
            label={t("severities.least")}
            value={bound.least ?? ""}
            onChange={(event) => change(index, { least: numberIn(event.target.value) })}
          />
          <Input
            className="w-28"
            type="number"
            step="any"
            label={t("severities.most")}
            value={bound.most ?? ""}
            onChange={(event) => change(index, { most: numberIn(event.target.value) })}
          />
          <IconButton label={t("severities.remove_fact")} onClick={() => onChange(bounds.filter((each) => each !== bound))}>
            <Trash2 className="size-4" aria-hidden />
          </IconButton>
        </div>
      ))}
      <div>
        <Button
          size="sm"
          icon={<Plus className="size-4" aria-hidden />}
          onClick={() => onChange([...bounds, { kind: "speed", least: 100, most: null }])}
        >
          {t("severities.add_fact")}
        </Button>
      </div>
    </fieldset>
  );
}
