// Opus out of WebM into OGG (RFC 7845): Chrome records the one, the services take the other as a voice.
// The sound itself is not touched.

/** Segment, Cluster, Tracks, TrackEntry, BlockGroup (RFC 9559 §27.1): what they hold is read as what comes next. */
const HOLDERS = [0x18538067, 0x1f43b675, 0x1654ae6b, 0xae, 0xa0];
const [CODEC, CODEC_PRIVATE, SIMPLE_BLOCK, BLOCK] = [0x86, 0x63a2, 0xa3, 0xa1];
const LACED = 0x06;
/** About a second of packets of 20 ms. */
const PACKETS_A_PAGE = 50;
const MOST_SEGMENTS = 255;
const SEGMENT = 255;
const [FIRST_PAGE, LAST_PAGE] = [2, 4];
/** Samples of a frame by the packet's configuration (RFC 6716 §3.1). */
const [SILK, HYBRID, CELT] = [[480, 960, 1920, 2880], [480, 960], [120, 240, 480, 960]];

const bytesOf = text => new TextEncoder().encode(text);
const textOf = bytes => String.fromCharCode(...bytes);

/** The same sound as OGG; undefined where these bytes are not Opus in WebM. */
export function remuxed(webm) {
  const { codec, head, packets } = readWebm(webm) ?? {};
  if (codec !== "A_OPUS" || !head || textOf(head.subarray(0, 8)) !== "OpusHead" || !packets.length) return undefined;
  const tags = [...bytesOf("OpusTags"), 0, 0, 0, 0, 0, 0, 0, 0];
  const pages = [page([head], 0, 0, FIRST_PAGE), page([new Uint8Array(tags)], 0, 1, 0)];
  let samples = 0;
  for (const group of groups(packets)) {
    samples += group.reduce((sum, packet) => sum + samplesOf(packet), 0);
    const isLast = group.at(-1) === packets.at(-1);
    pages.push(page(group, samples, pages.length, isLast ? LAST_PAGE : 0));
  }
  return new Blob(pages, { type: "audio/ogg" });
}

/** `{codec, head, packets}`; nothing where several packets share a block, which no browser records. */
function readWebm(bytes) {
  const found = { packets: [] };
  for (let at = 0; at < bytes.length; ) {
    const id = vint(bytes, at, true);
    const size = vint(bytes, at + id.length, false);
    const begin = at + id.length + size.length;
    if (HOLDERS.includes(id.value)) {
      at = begin;
      continue;
    }
    const data = bytes.subarray(begin, begin + size.value);
    if (id.value === CODEC) found.codec = textOf(data);
    else if (id.value === CODEC_PRIVATE) found.head = data;
    else if (id.value === SIMPLE_BLOCK || id.value === BLOCK) {
      const track = vint(data, 0, false).length;
      if (data[track + 2] & LACED) return undefined;
      found.packets.push(data.subarray(track + 3));
    }
    at = begin + size.value;
  }
  return found;
}

/** A number of EBML: its first bit that is set tells its length; an id keeps that bit. */
function vint(bytes, at, keepsMark) {
  const length = Math.clz32(bytes[at] || 1) - 23;
  let value = keepsMark ? bytes[at] : bytes[at] & (0xff >> length);
  for (let i = 1; i < length; i++) value = value * 256 + (bytes[at + i] ?? 0);
  return { length, value };
}

/** Packets of one page each. */
function groups(packets) {
  const all = [];
  let segments = Infinity;
  for (const packet of packets) {
    const own = Math.floor(packet.length / SEGMENT) + 1;
    segments += own;
    if (segments > MOST_SEGMENTS || all.at(-1).length === PACKETS_A_PAGE) {
      all.push([]);
      segments = own;
    }
    all.at(-1).push(packet);
  }
  return all;
}

function samplesOf([toc, second]) {
  const [config, code] = [toc >> 3, toc & 3];
  const frames = code === 0 ? 1 : code < 3 ? 2 : second & 0x3f;
  return frames * (config < 12 ? SILK[config & 3] : config < 16 ? HYBRID[config & 1] : CELT[config & 3]);
}

/** A page of OGG (RFC 3533 §6). */
function page(packets, granule, sequence, flags) {
  const lacing = packets.flatMap(({ length }) => [...new Array(Math.floor(length / SEGMENT)).fill(SEGMENT), length % SEGMENT]);
  const made = new Uint8Array(27 + lacing.length + packets.reduce((sum, { length }) => sum + length, 0));
  const view = new DataView(made.buffer);
  made.set(bytesOf("OggS"));
  view.setUint8(5, flags);
  view.setBigUint64(6, BigInt(granule), true);
  view.setUint32(14, 1, true);
  view.setUint32(18, sequence, true);
  view.setUint8(26, lacing.length);
  made.set(lacing, 27);
  let at = 27 + lacing.length;
  for (const packet of packets) {
    made.set(packet, at);
    at += packet.length;
  }
  view.setUint32(22, checksum(made), true);
  return made;
}

/** CRC-32 as OGG has it: not reflected, from zero. */
function checksum(bytes) {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}
