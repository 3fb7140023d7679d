// The texts that only say a content in words, as the gateway writes them for whoever reads texts alone
// (src/message/content/text.rs). What is drawn need not be said again; what is more than that must be.

const texts = values => (Array.isArray(values) ? values.filter(one => typeof one === "string") : []);
const objects = values => (Array.isArray(values) ? values.filter(one => one && typeof one === "object") : []);
const join = (parts, between) => parts.filter(one => one && typeof one === "string").join(between);
const labelled = (label, said) => [`[${label}] ${said}`.trimEnd()];

const RENDERINGS = {
  location: ({ lat, lng, name, address, live }) => labelled(live === true ? "live location" : "location", join([name, address, `${Number(lat)}, ${Number(lng)}`], ", ")),
  contact: people => labelled("contact", objects(people).map(({ name, phones, emails }) => join([name, ...texts(phones), ...texts(emails)], " ")).join("; ")),
  poll: ({ question, options }) => labelled("poll", join([question, ...texts(options).map((option, i) => `${i + 1}) ${option}`)], " ")),
  vote: ({ options }) => labelled("vote", texts(options).join(", ")),
  choice: ({ id, title, values }) => [title, id, ...labelled("answers", JSON.stringify(values))],
  order: ({ items, note }) => labelled("order", join([note, objects(items).map(itemText).join(", ")], ": ")),
  reaction: ({ emoji }) => [emoji, "[reaction removed]"],
  call: ({ video, outcome, seconds }) => labelled(video === true ? "video call" : "call", join([outcome, Number.isFinite(seconds) && `${seconds} s`], ", ")),
};

function itemText({ id, name, quantity, price, currency }) {
  const cost = Number.isFinite(price) ? price.toFixed(2) : "";
  return join([`${Number(quantity)} ×`, name || id, cost, cost && currency], " ");
}

/** What is left of a text once it is known what its content says. */
export function beyond(text, kind, content) {
  const known = Object.hasOwn(RENDERINGS, kind) ? RENDERINGS[kind](content) : [];
  if (known.includes(text)) return "";
  const begin = known.find(one => one?.[0] === "[" && text.startsWith(one));
  return begin ? text.slice(begin.length).replace(/^[:\s]+/, "") : text;
}
