import { useNavigate } from "@tanstack/react-router";
import { CircleUser, ClipboardList, KeyRound, LogOut } from "lucide-react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/api/client";
import { signOut } from "@/api/session";
import { Button } from "@/components/ui/button";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuLine } from "@/components/ui/menu";
import { failed } from "@/components/ui/toast";
import { useMe } from "@/features/session/use-session";
import { LANGUAGES, type Language, setLanguage } from "@/i18n";
import { type Density, prefer, type Theme, usePreferences } from "@/preferences";
import { handyOf, placesOf } from "./navigation";

export function UserMenu() {
  const { t, i18n } = useTranslation();
  const me = useMe();
  const navigate = useNavigate();
  const { theme, density } = usePreferences();

  const speak = (language: Language) => {
    void setLanguage(language);
    // Messages to this person are in this language too.
    take(api.PATCH("/api/v1/auth/me", { body: { language } })).catch(failed);
  };

  return (
    <Menu
      trigger={
        <Button kind="quiet" aria-label={t("user.menu", { name: me.username })} icon={<CircleUser className="size-5" aria-hidden />}>
          <span className="hidden max-w-32 truncate sm:inline">{me.username}</span>
        </Button>
      }
    >
      <div className="px-2.5 py-1.5">
        <p className="font-semibold">{me.username}</p>
        <p className="text-[0.8125rem] text-muted">{t(`role.${me.role}`)}</p>
      </div>
      <MenuLine />
      <div className="md:hidden">
        {placesOf(me)
          .filter(({ to }) => !handyOf(me).some((handy) => handy.to === to))
          .map(({ to, word, icon: Icon }) => (
            <MenuItem key={to} onSelect={() => void navigate({ to })}>
              <Icon aria-hidden />
              {t(`nav.${word}`)}
            </MenuItem>
          ))}
        <MenuLine />
      </div>
      <MenuItem onSelect={() => void navigate({ to: "/handover" })}>
        <ClipboardList aria-hidden />
        {t("handover.title")}
      </MenuItem>
      <MenuItem onSelect={() => void navigate({ to: "/account" })}>
        <KeyRound aria-hidden />
        {t("user.account")}
      </MenuItem>
      <MenuLabel>{t("user.language")}</MenuLabel>
      <MenuChoice<Language>
        value={i18n.language as Language}
        choices={Object.entries(LANGUAGES) as [Language, string][]}
        onChoose={speak}
      />
      <MenuLabel>{t("user.theme")}</MenuLabel>
      <MenuChoice<Theme>
        value={theme}
        choices={(["dark", "light", "system"] as const).map((each) => [each, t(`theme.${each}`)])}
        onChoose={(next) => prefer({ theme: next })}
      />
      <MenuLabel>{t("user.density")}</MenuLabel>
      <MenuChoice<Density>
        value={density}
        choices={(["comfortable", "compact", "wall"] as const).map((each) => [each, t(`density.${each}`)])}
        onChoose={(next) => prefer({ density: next })}
      />
      <MenuLine />
      <MenuItem onSelect={() => void signOut().catch(failed)}>
        <LogOut aria-hidden />
        {t("user.logout")}
      </MenuItem>
    </Menu>
  );
}
