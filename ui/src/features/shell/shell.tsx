import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { unreachable } from "@/api/problem";
import { startSession } from "@/api/session";
import { cx } from "@/components/ui/cx";
import { Failure, Loading } from "@/components/ui/states";
import { useNewEvents } from "@/features/events/counts";
import { useHotkeys } from "@/features/events/use-hotkeys";
import { useChime } from "@/features/live/chime";
import { Palette, PaletteButton } from "@/features/palette/palette-gate";
import { approvalsQuery } from "@/features/response/queries";
import { useMe, useSession } from "@/features/session/use-session";
import { KeysHelp, showKeys } from "./keys-help";
import { LinkNotice } from "./link-notice";
import { Mark } from "./mark";
import { handyOf, placesOf } from "./navigation";
import { SessionExpired } from "./session-expired";
import { SiteHealth } from "./site-health";
import { UserMenu } from "./user-menu";

export function Shell() {
  const session = useSession();
  const router = useRouter();
  if (session.state === "unreachable") {
    return <Failure className="min-h-dvh" error={unreachable()} retry={() => void startSession().then(() => router.invalidate())} />;
  }
  if (session.state !== "in" && session.state !== "expired") return <Loading className="min-h-dvh" />;
  return <Frame />;
}

function Frame() {
  const { t } = useTranslation();
  const me = useMe();
  const places = placesOf(me);
  useHotkeys({ "?": showKeys });
  useChime();
  return (
    <div className="grid h-dvh grid-rows-[auto_minmax(0,1fr)_auto] md:grid-cols-[auto_minmax(0,1fr)] md:grid-rows-[auto_minmax(0,1fr)]">
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t("shell.skip")}
      </a>
      <nav
        aria-label={t("shell.pages")}
        className="hidden border-r border-line bg-surface md:row-span-2 md:flex md:w-20 md:flex-col md:items-stretch md:gap-1 md:px-2 md:py-3 xl:w-52 xl:px-3"
      >
        <Link to="/live" aria-label="Haetae" className="mb-3 flex justify-center rounded-md py-1 xl:justify-start xl:px-2">
          <Mark small className="xl:hidden" />
          <Mark className="hidden xl:inline-flex" />
        </Link>
        {places.map((place) => (
          <RailLink key={place.to} {...place} />
        ))}
      </nav>
      <header className="flex min-h-12 min-w-0 items-center gap-3 border-b border-line bg-surface px-3 md:px-5">
        <Mark small className="md:hidden" />
        <SiteHealth />
        <PaletteButton />
        <UserMenu />
      </header>
      <main id="main" tabIndex={-1} className="relative min-h-0 min-w-0 overflow-y-auto focus:outline-none">
        <LinkNotice />
        <Outlet />
      </main>
      <nav
        aria-label={t("shell.pages")}
        className="flex justify-around border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] md:hidden"
      >
        {handyOf(me).map((place) => (
          <BarLink key={place.to} {...place} />
        ))}
      </nav>
      <SessionExpired />
      <Palette />
      <KeysHelp />
    </div>
  );
}

type Place = ReturnType<typeof placesOf>[number];

function RailLink({ to, word, icon: Icon }: Place) {
  const { t } = useTranslation();
  return (
    <Link
      to={to}
      activeOptions={{ includeSearch: false }}
      className="relative flex flex-col items-center gap-1 rounded-md px-1 py-2 text-xs text-muted transition-colors duration-100 hover:bg-raised hover:text-text data-[status=active]:bg-accent-quiet data-[status=active]:font-semibold data-[status=active]:text-accent xl:flex-row xl:gap-3 xl:px-2.5 xl:text-sm"
    >
      <Icon className="size-5" strokeWidth={1.75} aria-hidden />
      <span className="xl:flex-1">{t(`nav.${word}`)}</span>
      {word === "events" && <NewEvents className="absolute top-1 right-1.5 xl:static" />}
      {word === "approvals" && <OpenApprovals className="absolute top-1 right-1.5 xl:static" />}
    </Link>
  );
}

function BarLink({ to, word, icon: Icon }: Place) {
  const { t } = useTranslation();
  return (
    <Link
      to={to}
      activeOptions={{ includeSearch: false }}
      className="relative flex min-h-14 flex-1 flex-col items-center justify-center gap-0.5 text-[0.6875rem] text-muted data-[status=active]:font-semibold data-[status=active]:text-accent"
    >
      <Icon className="size-5" strokeWidth={1.75} aria-hidden />
      {t(`nav.${word}`)}
      {word === "events" && <NewEvents className="absolute top-1 left-1/2 ml-2" />}
      {word === "approvals" && <OpenApprovals className="absolute top-1 left-1/2 ml-2" />}
    </Link>
  );
}

/** How many events nobody has acknowledged; red only where one of them is critical. */
function NewEvents({ className }: { className: string }) {
  const { t } = useTranslation();
  const { total, critical } = useNewEvents();
  return <Count count={total} urgent={critical > 0} words={t("shell.new_events", { count: total })} className={className} />;
}

/** How many questions wait for an answer, each of which runs out. */
function OpenApprovals({ className }: { className: string }) {
  const { t } = useTranslation();
  const { data } = useQuery(approvalsQuery(true));
  const count = data?.items.filter((approval) => approval.may_decide).length ?? 0;
  return <Count count={count} urgent words={t("shell.approvals", { count })} className={className} />;
}

function Count({ count, urgent, words, className }: { count: number; urgent: boolean; words: string; className: string }) {
  if (!count) return null;
  return (
    <span
      className={cx(
        "min-w-5 rounded-full px-1.5 text-center text-[0.6875rem] leading-5 font-semibold",
        urgent ? "bg-critical text-bg" : "bg-raised text-text ring-1 ring-line-strong",
        className,
      )}
    >
      <span className="sr-only">{words}</span>
      <span aria-hidden>{count > 999 ? "999+" : count}</span>
    </span>
  );
}
