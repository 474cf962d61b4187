import { useNavigate } from "@tanstack/react-router";
import { BookmarkPlus, Download, Trash2 } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { download } from "@/api/media";
import { Button, IconButton } from "@/components/ui/button";
import { Input } from "@/components/ui/field";
import { failed } from "@/components/ui/toast";
import { useMe } from "@/features/session/use-session";
import { read, write } from "@/preferences";
import { type EventSearch, toFilter } from "./filters";

type SavedFilter = { name: string; search: EventSearch };

/** Filters under a name, kept on this machine for this person; and the list as a table. */
export function SavedFilters({ search }: { search: EventSearch }) {
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
