import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Keyboard, Search } from "lucide-react";
import { useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "@/components/ui/button";
import { Checkbox } from "@/components/ui/field";
import { Segments } from "@/components/ui/page";
import { FilterPopover } from "./filter-popover";
import type { EventSearch } from "./filters";
import { eventsQuery } from "./queries";
import { SavedFilters } from "./saved-filters";
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
        <SavedFilters search={search} />
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
