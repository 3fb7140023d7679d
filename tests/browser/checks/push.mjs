// Notifications: what the worker shows of a push, where a click leads, and the switch on the page.

import { assert, same, until } from "../until.mjs";

/** Hands pushes to the worker as the browser does. */
async function pusher(stage) {
  const { page, context, daemon } = stage;
  // One that is only being activated would miss what is pushed.
  await until("a worker is active", () => page.evaluate(() => navigator.serviceWorker.controller?.state === "activated"));
  const session = await context.newCDPSession(page);
  let registrationId;
  session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
    registrationId = registrations.find(({ scopeURL, isDeleted }) => scopeURL === `${daemon.origin}/` && !isDeleted)?.registrationId ?? registrationId;
  });
  await session.send("ServiceWorker.enable");
  await until("the worker is known", () => registrationId);
  return (data) => session.send("ServiceWorker.deliverPushMessage", { origin: daemon.origin, registrationId, data: JSON.stringify(data) });
}

const shown = (page) => page.evaluate(() => navigator.serviceWorker.getRegistration().then((one) => one.getNotifications()).then((all) => all.map(({ title, body, tag }) => [title, body, tag])));

const ana = { channel: "webchat", peer: "ana", name: "Ana", kind: "text", open: "#chat/webchat/ana", created_ms: Date.now() };

export const checks = [
  {
    name: "a conversation has one notification, with a count, and none while it is seen",
    async run(stage) {
      const { page, context, daemon } = stage;
      await context.grantPermissions(["notifications"], { origin: daemon.origin });
      const other = await stage.client();
      await other.ask("receive", { channel: "webchat", peer: "ana", text: "hello" });
      await stage.open();
      const push = await pusher(stage);
      await push({ ...ana, text: "first words", message_id: "m-1", count: 1 });
      await until("it is shown", async () => (await shown(page)).length === 1);
      same(await shown(page), [["Ana", "first words", "webchat/ana"]], "the first");
      await push({ ...ana, text: "more words", message_id: "m-2", count: 2 });
      await until("the newer takes its place", async () => (await shown(page))[0]?.[1] === "more words");
      same(await shown(page), [["Ana (3)", "more words", "webchat/ana"]], "the second in place of the first");
      await push({ channel: "webchat", peer: "group", name: "Family", sender: "Bia", kind: "voice", count: 1, open: "#chat/webchat/group" });
      await until("another has its own", async () => (await shown(page)).length === 2);
      same((await shown(page)).find(([, , tag]) => tag === "webchat/group"), ["Family", "Bia: Voice message", "webchat/group"], "without words its kind is told");
      await stage.go("chat/webchat/ana");
      await until("reading takes it away", async () => (await shown(page)).map(([, , tag]) => tag).join() === "webchat/group");
      await push({ ...ana, text: "seen already", message_id: "m-3", count: 1 });
      await push({ channel: "webchat", peer: "caio", name: "Caio", kind: "text", text: "oi", count: 1, open: "#chat/webchat/caio" });
      await until("one that is not seen comes", async () => (await shown(page)).some(([name]) => name === "Caio"));
      assert(!(await shown(page)).some(([, body]) => body === "seen already"), "what is seen is not told", await shown(page));
    },
  },
  {
    name: "the switch says what it is, asks only when pressed, and tells the gateway, with quiet hours",
    needs: { telegram: true, settings: { TELEGRAM_BOT_TOKEN: "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw" } },
    async run(stage) {
      const { page, context, daemon } = stage;
      const { actions } = await daemon.rpc("describe");
      const canPush = actions.some(({ name }) => name === "push.subscribe");
      // The browser of the test reaches no push service: what it would give stands in.
      await context.addInitScript(() => {
        let kept = null;
        window.asked = 0;
        const made = (key) => ({
          endpoint: "https://push.example.com/send/one",
          options: { applicationServerKey: Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0)).buffer },
          toJSON: () => ({ endpoint: "https://push.example.com/send/one", expirationTime: null, keys: { p256dh: key, auth: "AAECAwQFBgcICQoLDA0ODw" } }),
          unsubscribe: async () => Boolean((kept = null)) || true,
        });
        // What was asked of it, and what an answer waits for.
        Object.assign(window, { looked: 0, held: undefined });
        PushManager.prototype.getSubscription = async () => {
          const [{ held }, found] = [window, kept];
          window.looked++;
          window.held = undefined;
          await held;
          return found;
        };
        PushManager.prototype.subscribe = async ({ applicationServerKey }) => (kept = made(applicationServerKey));
        const ask = Notification.requestPermission.bind(Notification);
        Notification.requestPermission = () => (window.asked++, ask());
      });
      await context.grantPermissions(["notifications"], { origin: daemon.origin });
      await stage.open("control");
      const toggle = "#device [data-do=notify]";
      await page.waitForSelector(toggle);
      same(await page.evaluate(() => window.asked), 0, "how often it asked by itself");
      if (!canPush) {
        assert(await page.isDisabled(toggle), "without a gateway that can it is off");
        assert(/cannot send/.test(await page.textContent("#device")), "it says why");
        return "this gateway has no web push";
      }
      same(await page.getAttribute(toggle, "aria-checked"), "false", "it is off");
      await page.click(toggle);
      await until("it is on", async () => (await page.getAttribute(toggle, "aria-checked")) === "true");
      same((await daemon.rpc("push.list")).subscriptions.map(({ host, language }) => [host, language]), [["push.example.com", "en"]], "what the gateway knows");
      await stage.accessible("notifications that are on");

      await page.click("#device [data-do=choose-push]");
      await page.check("dialog.sheet .check:has-text('Quiet hours') input");
      await page.fill("dialog.sheet input[type=time] >> nth=0", "21:30");
      await page.uncheck("dialog.sheet [value=webchat]");
      await stage.accessible("when and what");
      await stage.shot("push-choose");
      await page.click("dialog.sheet .main");
      const kept = async () => (await daemon.rpc("push.list")).subscriptions[0];
      await until("the gateway knows the hours", async () => (await kept()).quiet?.from === "21:30");
      const { quiet, topics } = await kept();
      same([quiet.until, topics], ["07:00", ["telegram/*"]], "until when, and of what");
      same(quiet.offset_minutes, await page.evaluate(() => -new Date().getTimezoneOffset()), "how far its clock is ahead");
      await until("the page says so", async () => /Telegram · quiet 21:30–07:00/.test(await page.textContent("#device")));
      await until("it is in the list", async () => /This device.*push\.example\.com/.test(await page.textContent("#push").catch(() => "")));
      // A page that comes back tells the gateway again, and must not forget them.
      await page.evaluate(() => {
        window.looked = 0;
        dispatchEvent(new Event("online"));
      });
      await daemon.stop();
      await daemon.start();
      stage.tolerateOutage();
      await until("it is connected again", async () => (await page.getAttribute("body", "data-state")) === "open", 30_000);
      await until("they are kept", async () => (await kept())?.quiet?.from === "21:30");
      await until("the page told it again", () => page.evaluate(() => window.looked === 1));

      // Switched off while a new connection is about to tell the gateway again: that must not come behind.
      await page.evaluate(() => {
        window.looked = 0;
        window.held = new Promise((resolve) => (window.release = resolve));
      });
      await daemon.stop();
      await daemon.start();
      await until("the page looks for its subscription", () => page.evaluate(() => window.looked === 1));
      await page.click(toggle);
      await until("the press was heard", async () => (await daemon.rpc("push.list")) && page.evaluate(() => true));
      await page.evaluate(() => window.release());
      await until("both have looked", () => page.evaluate(() => window.looked === 2));
      await until("the gateway forgot it", async () => !(await daemon.rpc("push.list")).subscriptions.length);
      await daemon.rpc("push.list");
      same((await daemon.rpc("push.list")).subscriptions, [], "what the gateway knows still");
      same(await page.getAttribute(toggle, "aria-checked"), "false", "it is off again");
    },
  },
];
