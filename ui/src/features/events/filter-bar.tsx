import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { BookmarkPlus, Download, Keyboard, Search, SlidersHorizontal, Trash2 } from "lucide-react";
import { Popover } from "radix-ui";
import { type ReactNode, useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { download } from "@/api/media";
import { Button, IconButton } from "@/components/ui/button";
import { cx } from "@/components/ui/cx";
import { Checkbox, Input, Select } from "@/components/ui/field";
import { Segments } from "@/components/ui/page";
import { SEVERITIES } from "@/components/ui/severity";
import { failed } from "@/components/ui/toast";
import { useCameras } from "@/features/cameras/queries";
import { useMe } from "@/features/session/use-session";
import { read, write } from "@/preferences";
import { conditions, type EventSearch, KINDS, REVIEWS, SORTS, type Sort, SPANS, type Span, toFilter } from "./filters";
import { eventsQuery } from "./queries";
import { useHotkeys } from "./use-hotkeys";

type Props = { search: EventSearch; onHelp: () => void };

export function FilterBar({ search, onHelp }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data: hasMeaning } = useInfiniteQuery({
    ...eventsQuery(search),
    select: (data) => data.pages[0]?.has_meaning ?? false,
    placeholderData: keepPreviousData,
  });
  const set = (change: Partial<EventSearch>) => {
    const next = Object.fromEntries(
      Object.entries({ ...search, ...change }).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
    );
    void navigate({ to: "/events", search: next, replace: true });
  };
  return (
    <div className="flex flex-wrap items-center gap-2 border-b border-line px-3 py-2">
      <Segments
        size="sm"
        label={t("events.show")}
        value={search.show ?? "new"}
        choices={[
          ["new", t("events.show_new")],
          ["all", t("events.show_all")],
        ]}
        onChoose={(show) => set({ show: show === "new" ? undefined : "all" })}
      />
      <div className="ml-auto flex gap-1">
        <FilterPopover search={search} set={set} />
        <Saved search={search} />
        <IconButton size="sm" label={t("events.keys")} onClick={onHelp} className="hidden md:inline-flex">
          <Keyboard className="size-4" aria-hidden />
        </IconButton>
      </div>
      <SearchBox
        key={search.q ?? ""}
        value={search.q ?? ""}
        onSearch={(q) => set({ q: q || undefined, ...(q ? {} : { relevance: undefined }) })}
      />
      {search.q && (search.relevance || hasMeaning) && (
        <Checkbox
          className="w-full"
          label={t("events.by_meaning")}
          checked={search.relevance ?? false}
          onChange={(event) => set({ relevance: event.target.checked || undefined })}
        />
      )}
    </div>
  );
}

function SearchBox({ value, onSearch }: { value: string; onSearch: (text: string) => void }) {
  const { t } = useTranslation();
  const id = useId();
  const [text, setText] = useState(value);
  useHotkeys({ "/": () => document.getElementById(id)?.focus() });
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onSearch(text.trim()), 500);
    return () => clearTimeout(timer);
  });
  return (
    <label className="relative w-full">
      <span className="sr-only">{t("events.search")}</span>
      <Search className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-faint" aria-hidden />
      <input
        id={id}
        type="search"
        className="control min-h-8 py-1 pl-8 text-sm"
        placeholder={t("events.search")}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </label>
  );
}

const without = <T,>(list: readonly T[] | undefined, item: T, on: boolean): T[] =>
  on ? [...(list ?? []), item] : (list ?? []).filter((each) => each !== item);

function FilterPopover({ search, set }: { search: EventSearch; set: (change: Partial<EventSearch>) => void }) {
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
          <Choices title={t("events.severity")}>
            {SEVERITIES.map((each) => (
              <Checkbox
                key={each}
                label={t(`severity.${each}`)}
                checked={search.severity?.includes(each) ?? false}
                onChange={(event) => set({ severity: without(search.severity, each, event.target.checked) })}
              />
            ))}
          </Choices>
          <Choices title={t("events.kind")}>
            {KINDS.map((each) => (
              <Checkbox
                key={each}
                label={t(`type.${each}`)}
                checked={search.kind?.includes(each) ?? false}
                onChange={(event) => set({ kind: without(search.kind, each, event.target.checked) })}
              />
            ))}
          </Choices>
          {cameras.length > 0 && (
            <Choices title={t("nav.cameras")} tall={cameras.length > 6}>
              {cameras.map((camera) => (
                <Checkbox
                  key={camera.id}
                  label={camera.name}
                  checked={search.camera?.includes(camera.id) ?? false}
                  onChange={(event) => set({ camera: without(search.camera, camera.id, event.target.checked) })}
                />
              ))}
            </Choices>
          )}
          <Choices title={t("events.review")}>
            {REVIEWS.map((each) => (
              <Checkbox
                key={each}
                label={t(`review.${each}`)}
                checked={search.review?.includes(each) ?? false}
                onChange={(event) => set({ review: without(search.review, each, event.target.checked) })}
              />
            ))}
          </Choices>
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

function Choices({ title, tall, children }: { title: ReactNode; tall?: boolean; children: ReactNode }) {
  return (
    <fieldset>
      <legend className="eyebrow mb-1">{title}</legend>
      <div className={cx("grid grid-cols-2 gap-x-3", tall && "max-h-40 overflow-y-auto")}>{children}</div>
    </fieldset>
  );
}

type SavedFilter = { name: string; search: EventSearch };

/** Filters under a name, kept on this machine for this person; and the list as a table. */
function Saved({ search }: { search: EventSearch }) {
  const { t } = useTranslation();
  const me = useMe();
  const navigate = useNavigate();
  const key = `haetae.filters.${me.id}`;
  const [saved, setSaved] = useState(() => read<{ filters: SavedFilter[] }>(key, { filters: [] }).filters);
  const [name, setName] = useState("");
  const keep = (filters: SavedFilter[]) => {
    setSaved(filters);
    write(key, { filters });
  };
  const table = () => {
    const query = new URLSearchParams({ bom: "true" });
    for (const [field, value] of Object.entries({ ...toFilter(search), sort: search.sort ?? "time" })) {
      for (const each of Array.isArray(value) ? value : [value]) query.append(field, String(each));
    }
    download("/api/v1/events.csv", query).catch(failed);
  };
  return (
    <>
      <Popover.Root>
        <Popover.Trigger asChild>
          <IconButton size="sm" label={t("events.saved")}>
            <BookmarkPlus className="size-4" aria-hidden />
          </IconButton>
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            align="end"
            sideOffset={6}
            collisionPadding={8}
            aria-label={t("events.saved")}
            className="z-40 flex w-72 flex-col gap-3 rounded-lg border border-line bg-surface p-4 shadow-[var(--shadow)]"
          >
            {saved.length === 0 && <p className="text-sm text-muted">{t("events.saved_none")}</p>}
            {saved.map((filter) => (
              <div key={filter.name} className="flex items-center gap-1">
                <Button
                  kind="quiet"
                  size="sm"
                  className="min-w-0 flex-1 justify-start truncate"
                  onClick={() => void navigate({ to: "/events", search: filter.search })}
                >
                  {filter.name}
                </Button>
                <IconButton
                  size="sm"
                  label={t("events.saved_remove", { name: filter.name })}
                  onClick={() => keep(saved.filter((each) => each !== filter))}
                >
                  <Trash2 className="size-4" aria-hidden />
                </IconButton>
              </div>
            ))}
            <form
              className="flex items-end gap-2"
              onSubmit={(event) => {
                event.preventDefault();
                if (!name.trim()) return;
                keep([...saved.filter((each) => each.name !== name.trim()), { name: name.trim(), search }]);
                setName("");
              }}
            >
              <Input
                className="flex-1"
                label={t("events.saved_name")}
                value={name}
                onChange={(event) => setName(event.target.value)}
                maxLength={60}
              />
              <Button type="submit">{t("common.save")}</Button>
            </form>
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      <IconButton size="sm" label={t("events.export_csv")} onClick={table}>
        <Download className="size-4" aria-hidden />
      </IconButton>
    </>
  );
}
