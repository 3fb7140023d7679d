// The worker: keeps the page for a start without a connection, and shows what is pushed.
//
// The gateway fills in the hash of every file. A worker takes all files of its version or is not installed,
// and answers with those alone; so no page is ever made of two versions. It waits until no page of the
// former is open, or until one asks it to take over.

const SHELL = { version: "", files: {} };

const scope = new URL(registration.scope);
/** Caches of this gateway; another may be at another path of the same host. */
const PREFIX = `shell ${scope.pathname} `;
const NAME = PREFIX + SHELL.version;
/** A page that does not answer by then shows nothing. */
const ANSWER_MS = 300;

addEventListener("install", event => event.waitUntil(keepShell()));
addEventListener("activate", event => event.waitUntil(takeOver()));
addEventListener("message", ({ data }) => data === "take over" && skipWaiting());
addEventListener("fetch", event => {
  const name = event.request.method === "GET" ? nameOf(event.request.url) : undefined;
  if (name) event.respondWith(fromShell(name, event.request));
});

const addressOf = name => new URL(name, scope).href;

/** The file of the page at this address; of everything else none. */
function nameOf(address) {
  const { origin, pathname } = new URL(address);
  if (origin !== scope.origin || !pathname.startsWith(scope.pathname)) return undefined;
  const name = pathname.slice(scope.pathname.length) || "index.html";
  return Object.hasOwn(SHELL.files, name) ? name : undefined;
}

async function keepShell() {
  const cache = await caches.open(NAME);
  const keep = async ([name, integrity]) => {
    // `integrity` fails for a file of another version, such as when the gateway is replaced just now.
    const answer = await fetch(addressOf(name), { integrity, cache: "no-cache" });
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
    await cache.put(addressOf(name), answer);
  };
  await Promise.all(Object.entries(SHELL.files).map(keep));
}

async function takeOver() {
  const names = await caches.keys();
  await Promise.all(names.filter(name => name.startsWith(PREFIX) && name !== NAME).map(name => caches.delete(name)));
  await clients.claim();
}

/** From this version; where the browser threw it away, from the gateway. */
async function fromShell(name, request) {
  const cache = await caches.open(NAME);
  return (await cache.match(addressOf(name))) ?? fetch(request);
}

/** What the page left for the worker (state/database.js). */
function kept(key) {
  return new Promise(resolve => {
    const asked = indexedDB.open(`cleudocodebot${scope.pathname}`);
    // Nothing was kept yet: making the database is up to the page.
    asked.onupgradeneeded = () => asked.transaction.abort();
    asked.onerror = () => resolve(undefined);
    asked.onsuccess = () => {
      const database = asked.result;
      const request = database.transaction("state").objectStore("state").get(key);
      request.onsuccess = request.onerror = () => {
        resolve(request.result);
        database.close();
      };
    };
  });
}

addEventListener("push", event => event.waitUntil(pushed(event.data?.json() ?? {})));

/** One notification a conversation: a newer one takes the place of the older, and counts it. */
async function pushed({ channel, peer, name, sender, kind, text, count = 1, unread, open, created_ms, lang }) {
  const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const visible = windows.filter(({ visibilityState }) => visibilityState === "visible");
  const answers = await Promise.all(visible.map(one => shows(one, { channel, peer })));
  if (answers.includes(true)) return;
  const tag = `${channel}/${peer}`;
  const [before] = await registration.getNotifications({ tag });
  const total = Math.max(unread ?? 0, (before?.data?.count ?? 0) + count);
  const said = await kept("words");
  const told = text ?? said?.kinds[kind] ?? said?.message ?? "…";
  await registration.showNotification(total > 1 ? `${name} (${total})` : name, {
    tag,
    renotify: true,
    lang,
    body: sender && sender !== name ? `${sender}: ${told}` : told,
    timestamp: created_ms,
    icon: addressOf("icons/icon-192.png"),
    badge: addressOf("icons/badge-96.png"),
    data: { open, count: total },
  });
}

/** Whether this window shows the conversation. */
function shows(window, place) {
  const { port1, port2 } = new MessageChannel();
  return new Promise(resolve => {
    port1.onmessage = ({ data }) => resolve(data === true);
    setTimeout(() => resolve(false), ANSWER_MS);
    window.postMessage({ shows: place }, [port2]);
  });
}

addEventListener("notificationclick", event => {
  event.notification.close();
  event.waitUntil(openAt(event.notification.data?.open));
});

/** Leads a window of ours there, or a new one. */
async function openAt(address) {
  const hash = /^#chat\//.test(address) ? address : "#chat";
  const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const ours = windows.filter(({ url }) => nameOf(url) === "index.html");
  const window = ours.find(({ focused }) => focused) ?? ours[0];
  if (!window) return clients.openWindow(addressOf("") + hash);
  window.postMessage({ open: hash });
  return window.focus();
}

addEventListener("pushsubscriptionchange", event => event.waitUntil(renew(event)));

/** The browser made the subscription anew: the gateway is told, with the token that the page has. */
async function renew({ oldSubscription, newSubscription }) {
  const identity = await kept("identity");
  if (!identity?.token) return;
  const command = async (action, payload = {}) => {
    const headers = { Authorization: `Bearer ${identity.token}`, "Content-Type": "application/json" };
    const answer = await fetch(addressOf("rpc"), { method: "POST", headers, body: JSON.stringify({ type: "command", action, payload }) });
    return (await answer.json()).payload;
  };
  const options = oldSubscription?.options ?? { userVisibleOnly: true, applicationServerKey: (await command("push.key")).public_key };
  const made = newSubscription ?? (await registration.pushManager.subscribe(options));
  await command("push.subscribe", made.toJSON());
  if (oldSubscription) await command("push.unsubscribe", { endpoint: oldSubscription.endpoint });
}
