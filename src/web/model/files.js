// The files of a message as they can be shown. What is in a message comes from anybody: strings are cut
// and cleaned, figures are within reason, and what a file is shown as is decided here, by its type.

import { clean, webAddress } from "./parts.js";

/** Files of one message, as many as the gateway takes. */
export const MOST_FILES = 10;
const KINDS = ["image", "video", "audio", "voice", "document", "sticker"];
/** Pictures that cannot hold a script. */
const PICTURE = /^image\/(png|jpeg|gif|webp|avif)$/;
const PLAYABLE = /^(audio|video)\/[\w.+-]+$|^application\/ogg$/;
const MEDIA_ID = /^[0-9a-f]{64}$/;
/** Edges in pixels. The least is what a finger hits. */
const [WIDEST, TALLEST, LEAST, STICKER] = [320, 360, 48, 128];
/** Where nobody told how large a picture is. */
const UNKNOWN = [320, 220];
const [CARD_HEIGHT, SOUND_HEIGHT, GAP] = [84, 54, 4];

/** The type, if a browser may take a file as such; else it is only bytes. */
export function safeType(type) {
  const [bare] = type.toLowerCase().split(";");
  return PICTURE.test(bare) || PLAYABLE.test(bare) ? bare : "application/octet-stream";
}

export const isPictureType = type => PICTURE.test(type);

/** What a file of this type is, where nobody says. */
export const kindOf = type => (isPictureType(type) ? "image" : (/^(audio|video)(?=\/)/.exec(type)?.[0] ?? "document"));

/** The files of a message, as `fileOf` has them. */
export function filesOf({ media, kind, text }) {
  const all = (Array.isArray(media) ? media : [media]).filter(one => one && typeof one === "object").slice(0, MOST_FILES);
  if (all.length !== 1) return all.map(one => fileOf(one));
  // Of one file the message may say more: that it is a voice; and words where it has no name.
  const file = fileOf(all[0], kind);
  const label = `[${file.kind}]`;
  return [{ ...file, about: String(text).startsWith(label) ? clean(text.slice(label.length)) : "" }];
}

function fileOf(media, told) {
  const [name, mime, error] = [media.name, media.mime, media.error].map(clean);
  const [bytes, width, height, seconds] = [media.bytes, media.width, media.height, media.seconds].map(value => (value > 0 && value < 1e15 ? Number(value) : undefined));
  const kind = [told, media.kind].find(one => KINDS.includes(one)) ?? kindOf(mime);
  const id = MEDIA_ID.test(media.media_id) ? media.media_id : undefined;
  const url = typeof media.url === "string" ? media.url : "";
  return { kind, id, url, name, mime, bytes, width, height, seconds, error, state: stateOf(media, id, url), shape: shapeOf(kind, mime) };
}

/** Where it is; `absent` while nobody has fetched it, `named` where nobody can. */
function stateOf(media, id, url) {
  if (id) return "kept";
  if (["fetching", "failed"].includes(media.state)) return media.state;
  return url ? "linked" : typeof media.id === "string" ? "absent" : "named";
}

/** How it is shown once it is here. */
function shapeOf(kind, mime) {
  const type = mime.toLowerCase();
  if (kind === "image" || kind === "sticker") return !type || PICTURE.test(type) ? "picture" : "document";
  if (kind === "document" || (type && safeType(type) === "application/octet-stream")) return "document";
  return kind === "video" ? "video" : "sound";
}

/** The address that a picture is shown from: of this house, or it holds the picture. */
export const shownAddress = ({ shape, url }, origin) =>
  shape === "picture" && (url.startsWith(`${origin}/`) || /^data:image\/(png|jpeg|gif|webp);/.test(url)) ? url : "";

/** The address of a file that a user may open. */
export const openAddress = ({ state, url }) => (state === "linked" ? webAddress(url) : undefined);

/** The box of a picture or video, before it is here: then nothing jumps. */
export function boxOf({ kind, width, height }) {
  const [widest, tallest] = kind === "sticker" ? [STICKER, STICKER] : [WIDEST, TALLEST];
  if (!width || !height) return kind === "sticker" ? [STICKER, STICKER] : UNKNOWN;
  const scale = Math.min(1, widest / width, tallest / height);
  return [width, height].map(edge => Math.max(Math.round(edge * scale), LEAST));
}

/** Whether they stand side by side, as squares. */
export const isGrid = files => files.length > 1 && files.every(({ shape, state }) => shape === "picture" && state === "kept");

/** About how high the files of a message stand. */
export function heightOf(files) {
  if (isGrid(files)) return Math.ceil(files.length / 2) * (WIDEST / 2 + GAP);
  const heights = { document: CARD_HEIGHT, sound: SOUND_HEIGHT };
  return files.reduce((sum, file) => sum + GAP + (file.state === "kept" ? (heights[file.shape] ?? boxOf(file)[1]) : CARD_HEIGHT), 0);
}
