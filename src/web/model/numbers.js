// Phone numbers as people write them. Whatever is sent, linked or copied keeps the bare digits.

const CHANNELS = ["whatsapp", "whatsapp-cloud"];
/** Country and rest of an international number (ITU-T E.164); countries of three digits are all others. */
const NUMBER = /^(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[2-9]\d\d)(\d+)$/;
const SHORTEST = 8;
const LONGEST = 15;

/** `+55 (11) 98765-4321` where this channel knows its peers by number, otherwise the peer as it is. */
export function shownPeer(channel, peer) {
  const [, country, rest] = (CHANNELS.includes(channel) && peer.length >= SHORTEST && peer.length <= LONGEST && NUMBER.exec(peer)) || [];
  if (!country) return peer;
  const [, area, exchange, line] = (country === "55" && /^(\d\d)(\d{4,5})(\d{4})$/.exec(rest)) || [];
  return area ? `+55 (${area}) ${exchange}-${line}` : `+${country} ${grouped(rest)}`;
}

/** Groups of three, at the end of four where that leaves none shorter. */
function grouped(digits) {
  const groups = [];
  let left = digits;
  while (left.length > 5) {
    const size = left.length === 8 ? 4 : 3;
    groups.push(left.slice(0, size));
    left = left.slice(size);
  }
  return [...groups, left].join(" ");
}
