import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type en from "./en.json";
import { type Particle, withParticle } from "./particles";

export const LANGUAGES = { en: "English", ko: "한국어" } as const;
export type Language = keyof typeof LANGUAGES;

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en };
    returnNull: false;
  }
}

const KEY = "haetae.language";
const LOADERS = { en: () => import("./en.json"), ko: () => import("./ko.json") };

export const isLanguage = (word: string | null | undefined): word is Language => word === "en" || word === "ko";

export const currentLanguage = (): Language => (isLanguage(i18next.language) ? i18next.language : "en");

function preferred(): Language {
  const kept = localStorage.getItem(KEY);
  if (isLanguage(kept)) return kept;
  return navigator.languages.some((tag) => tag.startsWith("ko")) ? "ko" : "en";
}

export async function startLanguage(): Promise<void> {
  await i18next.use(initReactI18next).init({
    fallbackLng: false,
    interpolation: { escapeValue: false },
    resources: {},
    showSupportNotice: false,
  } as Parameters<typeof i18next.init>[0]);
  for (const particle of ["을", "이", "은", "과"] satisfies Particle[]) {
    i18next.services.formatter?.add(particle, (value) => withParticle(String(value), particle));
  }
  i18next.services.formatter?.add("n", (value, language) => new Intl.NumberFormat(language).format(Number(value)));
  await setLanguage(preferred(), false);
}

export async function setLanguage(language: Language, keep = true): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation")) {
    const words = await LOADERS[language]();
    i18next.addResourceBundle(language, "translation", words.default);
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  if (keep) localStorage.setItem(KEY, language);
}

/** The language that was chosen on this machine, if one was. */
export const chosenLanguage = (): Language | null => {
  const kept = localStorage.getItem(KEY);
  return isLanguage(kept) ? kept : null;
};
