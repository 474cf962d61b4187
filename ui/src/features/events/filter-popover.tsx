import { SlidersHorizontal } from "lucide-react";
import { Popover } from "radix-ui";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/ui/button";
import { cx } from "@/components/ui/cx";
import { Checkbox, Select } from "@/components/ui/field";
import { SEVERITIES } from "@/components/ui/severity";
import { useCameras } from "@/features/cameras/queries";
import { conditions, type EventSearch, KINDS, REVIEWS, SORTS, type Sort, SPANS, type Span } from "./filters";

export function FilterPopover({ search, set }: { search: EventSearch; set: (change: Partial<EventSearch>) => void }) {
  const { t } = useTranslation();
  const { cameras } = useCameras();
  const active = conditions(search) - (search.q ? 1 : 0);
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <Button size="sm" kind={active ? "on" : "quiet"} icon={<SlidersHorizontal className="size-4" aria-hidden />}>
          {active ? t("events.filter_count", { count: active }) : t("events.filter")}
        </Button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label={t("events.filter")}
          className="z-40 flex max-h-[75dvh] w-80 flex-col gap-4 overflow-y-auto rounded-lg border border-line bg-surface p-4 shadow-[var(--shadow)]"
        >
          <Several
            title={t("events.severity")}
            choices={SEVERITIES.map((each) => [each, t(`severity.${each}`)])}
            chosen={search.severity}
            onChange={(severity) => set({ severity })}
          />
          <Several
            title={t("events.kind")}
            choices={KINDS.map((each) => [each, t(`type.${each}`)])}
            chosen={search.kind}
            onChange={(kind) => set({ kind })}
          />
          <Several
            title={t("nav.cameras")}
            choices={cameras.map(({ id, name }) => [id, name])}
            chosen={search.camera}
            onChange={(camera) => set({ camera })}
          />
          <Several
            title={t("events.review")}
            choices={REVIEWS.map((each) => [each, t(`review.${each}`)])}
            chosen={search.review}
            onChange={(review) => set({ review })}
          />
          <Select
            label={t("events.span")}
            value={search.span ?? ""}
            onChange={(event) => set({ span: (event.target.value || undefined) as Span | undefined, since: undefined, until: undefined })}
          >
            <option value="">{t("events.span_any")}</option>
            {(Object.keys(SPANS) as Span[]).map((each) => (
              <option key={each} value={each}>
                {t(`span.${each}`)}
              </option>
            ))}
          </Select>
          <Select
            label={t("events.sort")}
            value={search.sort ?? "time"}
            onChange={(event) => set({ sort: event.target.value === "time" ? undefined : (event.target.value as Sort) })}
          >
            {SORTS.map((each) => (
              <option key={each} value={each}>
                {t(`events.sort_${each}`)}
              </option>
            ))}
          </Select>
          <div>
            <Checkbox
              label={t("events.only_locked")}
              checked={search.locked ?? false}
              onChange={(event) => set({ locked: event.target.checked || undefined })}
            />
            <Checkbox
              label={t("events.only_clip")}
              checked={search.clip ?? false}
              onChange={(event) => set({ clip: event.target.checked || undefined })}
            />
          </div>
          {active > 0 && (
            <Button
              onClick={() =>
                set({
                  severity: undefined,
                  kind: undefined,
                  camera: undefined,
                  review: undefined,
                  span: undefined,
                  since: undefined,
                  until: undefined,
                  locked: undefined,
                  clip: undefined,
                })
              }
            >
              {t("events.clear_filter")}
            </Button>
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

type SeveralProps<T> = { title: string; choices: [T, string][]; chosen: T[] | undefined; onChange: (chosen: T[]) => void };

/** Any number of a few; nothing where there is nothing to choose. */
function Several<T extends string>({ title, choices, chosen = [], onChange }: SeveralProps<T>) {
  if (choices.length === 0) return null;
  return (
    <fieldset>
      <legend className="eyebrow mb-1">{title}</legend>
      <div className={cx("grid grid-cols-2 gap-x-3", choices.length > 6 && "max-h-40 overflow-y-auto")}>
        {choices.map(([each, words]) => (
          <Checkbox
            key={each}
            label={words}
            checked={chosen.includes(each)}
            onChange={(event) => onChange(event.target.checked ? [...chosen, each] : chosen.filter((one) => one !== each))}
          />
        ))}
      </div>
    </fieldset>
  );
}
