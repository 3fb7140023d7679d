// A phone: touch alone, two screens, the way back, the keyboard, and targets that a thumb hits.

import { assert, same, until } from "../until.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const NARROW = { ...PHONE, viewport: { width: 320, height: 568 } };

/** What a thumb needs (WCAG 2.5.5), in pixels. */
const THUMB = 44;

/** Runs in the page: what can be pressed and is smaller than that, but for links within sentences. */
function tooSmall(least) {
  const all = document.querySelectorAll("button, a, select, input, textarea, summary, [role=option]");
  const isInSentence = (one) => one.matches("a") && one.closest(".text");
  return [...all].filter((one) => one.checkVisibility({ visibilityProperty: true }) && !isInSentence(one)).flatMap((one) => {
    const { width, height } = one.getBoundingClientRect();
    return width > 1 && (width < least - 0.5 || height < least - 0.5) ? [`${one.tagName}#${one.id}.${one.className} ${one.textContent.slice(0, 20)} ${Math.round(width)}x${Math.round(height)}`] : [];
  });
}

async function furnish(stage) {
  const other = await stage.client();
  const receive = (peer, text, more) => other.ask("receive", { channel: "webchat", peer, text, ...more });
  await receive("ana", "Bom dia! Vocês abrem hoje?", { meta: { name: "Ana Luísa" } });
  await other.ask("send", { channel: "webchat", to: "ana", text: "Abrimos às 9h." });
  await receive("ana", "Ótimo, passo aí às 10h então. Posso levar o cachorro?");
  await receive("caio", "O pedido chegou, obrigado!", { meta: { name: "Caio" } });
  for (let i = 0; i < 12; i++) await receive(`visitor ${i}`, `Message ${i}`);
}

export const checks = [
  {
    name: "the buttons keep off the frame of a long text",
    needs: { context: NARROW },
    async run(stage) {
      const { page } = stage;
      await furnish(stage);
      await stage.open();
      // With a button for later, and without.
      for (const peer of ["ana", "visitor"]) {
        await stage.go(`chat/webchat/${peer}`);
        await until("it is open", () => page.$eval("#postpone", (one, isHidden) => one.hidden === isHidden, peer === "visitor"));
        await page.fill("#text", "a long text that goes on ".repeat(20));
        const [end, begin] = await page.evaluate(() => [document.querySelector("#text").getBoundingClientRect().right, Math.min(...["#send", "#postpone"].map((one) => document.querySelector(one)).filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect().left))]);
        assert(begin - end >= 6, "room between the text and its frame of the keyboard, and the next button", [end, begin]);
        assert(await page.$eval("#send", (one) => one.getBoundingClientRect().right <= innerWidth), "it is over the edge");
        await stage.shot(`phone-long-text-${peer}`);
      }
    },
  },
  {
    name: "above a thread stand two lines, however long the address",
    needs: { context: PHONE },
    async run(stage) {
      const { page } = stage;
      const peer = "somebody-with-an-address-that-is-longer-than-a-line@example.org";
      await (await stage.client()).ask("receive", { channel: "webchat", peer, text: "hello", meta: { name: "Clientes São Paulo" } });
      await stage.open();
      await page.tap(`#conversations [data-key="webchat/${peer}"]`);
      await until("it is open", async () => (await page.textContent("#thread-note")).includes(peer));
      const [bar, name, note] = await page.evaluate(() => ["#thread .bar", "#thread-name", "#thread-note"].map((one) => document.querySelector(one).getBoundingClientRect()).map(({ top, height }) => ({ top, height })));
      assert(bar.height <= 61 && note.height < 30 && name.top - bar.top >= 6, "two lines with room above", [bar, name, note]);
      await stage.shot("phone-long-address");
    },
  },
  {
    name: "list, thread, send, voice and back, by touch alone",
    needs: { context: PHONE },
    async run(stage) {
      const { page, daemon } = stage;
      await furnish(stage);
      const other = await stage.client("message.*");
      await stage.open();
      const ana = '#conversations [data-key="webchat/ana"]';
      await page.waitForSelector(ana);
      assert(!(await page.isVisible("#thread")), "the list is alone");
      await page.tap(ana);
      await page.waitForSelector("#messages .bubble");
      assert(!(await page.isVisible("#sidebar")), "the thread is alone");
      await page.tap("#text");
      await page.fill("#text", "Pode sim!");
      await page.tap("#send");
      await other.heard("message.status", ({ peer, text }) => peer === "ana" && text === "Pode sim!");
      await page.tap("#record");
      await page.waitForSelector("#recording:not([hidden])");
      await until("something was said", async () => /0:0[1-9]/.test(await page.textContent("#record-time")));
      await stage.shot("phone-recording");
      await page.tap("#record-send");
      await other.heard("message.status", ({ media }) => media?.kind === "voice");
      await page.tap("#messages li:first-child .act");
      await page.waitForSelector("#act-menu:popover-open");
      await stage.shot("phone-menu");
      await page.tap("#act-menu [data-do=reply]");
      assert(await page.isVisible("#answer"), "it is answered");
      await page.tap("#answer-end");

      await page.goBack();
      await until("the system's back leads to the list", () => page.isVisible("#sidebar"));
      await page.tap(ana);
      await page.waitForSelector("#messages .bubble");
      await page.tap("#back");
      await until("and so does the page's own", () => page.isVisible("#sidebar"));
      await page.tap('#conversations [data-key="webchat/caio"]');
      await until("the next is open", async () => (await page.textContent("#thread-name")) === "Caio");
      await page.goBack();
      await until("one step is enough", () => page.isVisible("#sidebar"));
      same(await page.evaluate(() => location.hash), "", "where one began");

      // Opened by its address, such as from a notification, a thread has the list below it.
      const direct = await stage.context.newPage();
      await direct.goto(`${daemon.origin}/#chat/webchat/ana`);
      await direct.waitForSelector("#messages .bubble");
      await direct.goBack();
      await until("the list is below", () => direct.isVisible("#sidebar"));
    },
  },
  ...[["a phone", PHONE], ["320 pixels", NARROW]].map(([name, context]) => ({
    name: `everything that can be pressed is large enough for a thumb, ${name}`,
    needs: { context, evolution: true },
    async run(stage) {
      const { page } = stage;
      const small = [];
      const measure = async (where) => small.push(...(await page.evaluate(tooSmall, THUMB)).map((one) => `${where}: ${one}`));
      await furnish(stage);
      await page.goto(stage.daemon.origin);
      await page.waitForSelector("#login:not([hidden])");
      await measure("on the login");
      await stage.shot(`${context.viewport.width}-login`);
      await page.tap("#login-pair");
      await page.waitForSelector("#join:not([hidden])");
      await measure("on the page that adds a device");
      await stage.shot(`${context.viewport.width}-join`);
      await stage.open();
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        for (const [view, hash, there] of [["list", "chat", "#conversations [data-key]"], ["thread", "chat/webchat/ana", "#messages .bubble"], ["own", "chat/webchat/visitor", "#composer"], ["control", "control", "#keys li"]]) {
          await stage.go(hash);
          await page.waitForSelector(there);
          await measure(`in ${view}`);
          const room = await page.evaluate(() => (({ scrollWidth, scrollHeight, clientWidth, clientHeight }) => [scrollWidth - clientWidth, scrollHeight - clientHeight])(document.documentElement));
          same(room, [0, 0], `${view} fits`);
          await stage.accessible(`${view}, ${name}, ${colorScheme}`);
          await stage.shot(`${context.viewport.width}-${view}-${colorScheme}`);
        }
      }
      await page.locator("#keys").scrollIntoViewIfNeeded();
      await stage.shot(`${context.viewport.width}-devices`);
      await page.tap("#add-device");
      await page.fill("dialog.sheet input", "Tablet");
      await measure("in the question");
      await stage.shot(`${context.viewport.width}-add`);
      await page.tap("dialog.sheet .main");
      await page.waitForSelector("#device-dialog .qr svg");
      await measure("beside the code");
      await stage.accessible(`the code, ${name}`);
      await stage.shot(`${context.viewport.width}-code`);
      await page.tap("#device-dialog .close");
      await page.selectOption("#language", "pt");
      await stage.go("chat/webchat/ana");
      await page.waitForSelector("#messages .bubble");
      await stage.shot(`${context.viewport.width}-portuguese-thread`);
      await stage.go("control");
      await page.locator("#device").scrollIntoViewIfNeeded();
      await stage.shot(`${context.viewport.width}-portuguese-device`);
      same([...new Set(small)], [], "what is too small");
    },
  })),
  {
    name: "the composer stays above a keyboard and within the safe areas",
    needs: { context: PHONE },
    async run(stage) {
      const { page, context } = stage;
      await furnish(stage);
      await stage.open("chat/webchat/ana");
      await page.waitForSelector("#messages .bubble");
      const bottom = () => page.evaluate(() => Math.round(document.getElementById("composer").getBoundingClientRect().bottom));
      same(await bottom(), 844, "where the composer ends");
      // As Chromium does with `interactive-widget=resizes-content`.
      await page.setViewportSize({ width: 390, height: 500 });
      await until("it moves up", async () => (await bottom()) === 500);
      const isLast = () => page.evaluate(() => document.querySelector("#messages li:last-child").getBoundingClientRect().bottom <= document.getElementById("composer").getBoundingClientRect().top + 1);
      await until("the last message stays in view", isLast);
      await page.setViewportSize({ width: 390, height: 844 });
      // As Safari does: the keyboard covers the page, and only the visual viewport tells.
      await page.evaluate(() => {
        Object.defineProperty(visualViewport, "height", { configurable: true, get: () => 500 });
        visualViewport.dispatchEvent(new Event("resize"));
      });
      await until("it moves up there as well", async () => (await bottom()) === 500);
      await page.evaluate(() => {
        delete visualViewport.height;
        visualViewport.dispatchEvent(new Event("resize"));
      });
      await until("and down again", async () => (await bottom()) === 844);
      const session = await context.newCDPSession(page);
      await session.send("Emulation.setSafeAreaInsetsOverride", { insets: { top: 47, topMax: 47, bottom: 34, bottomMax: 34 } });
      await until("the bar of the system is left free", async () => (await bottom()) === 844 - 34);
      const top = await page.evaluate(() => document.querySelector("#thread .bar").getBoundingClientRect().top);
      same(top, 47, "where the thread begins, below the notch");
      await stage.shot("phone-safe-areas");
    },
  },
];
