// What the gateway says in its own words: reasons, advice, errors, explanations of settings. They come in
// English; this is the one place that every such text passes on its way to the page.

/** The text for people to read; of nothing, nothing. */
export const daemonText = text => (text ? String(text) : "");

/** Why something failed, as a rejection of `session.ask` tells it. */
export const whyOf = fault => daemonText(fault?.message ?? fault);
