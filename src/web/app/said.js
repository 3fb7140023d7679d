// What the gateway says in its own words: reasons, advice, errors, explanations of settings. They come in
// English; this is the one place that every such text passes on its way to the page.

import { learn, sentence } from "../model/sentences.js";
import { onLanguage, speak } from "../words.js";

/** The text for people to read, in their language; of nothing, nothing. */
export const daemonText = text => (text ? sentence(String(text)) : "");

/** Why something failed, as a rejection of `session.ask` tells it. */
export const whyOf = fault => daemonText(fault?.message ?? fault);

/** Has those sentences learned whose language is spoken; once they are, all is said again. */
onLanguage(async () => {
  const { lang } = document.documentElement;
  if (await learn(lang)) speak(lang === "en" ? "en" : "pt");
});
