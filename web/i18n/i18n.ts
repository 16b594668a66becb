import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { en } from './en.ts';
import { speak } from './said.ts';

export const languages = { en: 'English', ru: 'Русский' } as const;
export type Language = keyof typeof languages;

const languageKey = 'outpost.language';
/** One language is loaded, not all. The server speaks English. */
const load: Record<Language, () => Promise<object>> = {
  async en() {
    speak('en', null);
    return (await import('./en.ts')).en;
  },
  async ru() {
    const [{ ru }, { said }] = await Promise.all([import('./ru.ts'), import('./ru/said.ts')]);
    speak('ru', said);
    return ru;
  },
};

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    resources: typeof en;
  }
}

/** The one that was chosen here, else the browser's, else English. */
function preferred(): Language {
  const wished = [localStorage.getItem(languageKey), ...navigator.languages].map((one) => one?.slice(0, 2));
  return (wished.find((one) => one && one in languages) as Language | undefined) ?? 'en';
}

export async function startI18n(): Promise<void> {
  const language = preferred();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    defaultNS: 'common',
    resources: { [language]: (await load[language]()) as Record<string, Record<string, string>> },
    interpolation: { escapeValue: false },
  });
  document.documentElement.lang = language;
}

export async function changeLanguage(language: Language): Promise<void> {
  for (const [room, words] of Object.entries(await load[language]())) {
    i18next.addResourceBundle(language, room, words, true, true);
  }
  localStorage.setItem(languageKey, language);
  document.documentElement.lang = language;
  await i18next.changeLanguage(language);
}
