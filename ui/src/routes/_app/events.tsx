import { createFileRoute, Outlet, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { cx } from "@/components/ui/cx";
import { FilterBar } from "@/features/events/filter-bar";
import { readSearch } from "@/features/events/filters";
import { EventList } from "@/features/events/list";
import { showKeys } from "@/features/shell/keys-help";

export const Route = createFileRoute("/_app/events")({ validateSearch: readSearch, component: EventsPage });

function EventsPage() {
  const { t } = useTranslation();
  const search = Route.useSearch();
  const { eventId } = useParams({ strict: false });
  return (
    <div className="grid h-full lg:grid-cols-[minmax(22rem,27rem)_minmax(0,1fr)]">
      <div className={cx("flex min-h-0 min-w-0 flex-col border-r border-line bg-surface", eventId && "hidden lg:flex")}>
        <h1 className="sr-only">{t("nav.events")}</h1>
        <FilterBar search={search} onHelp={showKeys} />
        <EventList search={search} />
      </div>
      <div className={cx("min-h-0 min-w-0 overflow-y-auto", !eventId && "hidden lg:block")}>
        <Outlet />
      </div>
    </div>
  );
}
