// The dialog that begins a conversation.

import { channelTitle } from "../app/channels.js";
import { field, fill, select } from "../app/dialog.js";
import { $, goTo } from "../dom.js";
import { words } from "../words.js";
import { Address } from "./address.js";

export async function begin({ places, session }) {
  const { integrations } = (await session.wish("integrations")) ?? { integrations: [] };
  // Two presses of the button open one.
  if ($("new-dialog")) return;
  const channel = select(integrations.map(({ name }) => [name, channelTitle(name)]), { id: "new-channel" });
  const address = new Address(places, channel, "addressIs");
  const submit = async () => goTo({ channel: channel.value, peer: await address.peer() });
  fill({ title: words("newConversation"), fields: [field(words("channel"), channel), address.element], act: words("open"), submit }).id = "new-dialog";
  address.focus();
}
