// What the browser keeps for this page: IndexedDB with promises, one database for each address that a
// gateway is at. Where a browser keeps nothing (a private window may refuse), it lasts as long as the page.

/** `state`: who one is and how one wants it; the rest by its own key. */
const STORES = ["state", "outbox", "conversations", "threads"];
const VERSION = 1;

/** The folder this page came from, so that two gateways behind one name do not meet. */
export const BASE = new URL(".", location.href.split("#")[0]).pathname;

const opened = new Promise(resolve => {
  try {
    const asked = indexedDB.open(`cleudocodebot${BASE}`, VERSION);
    asked.onupgradeneeded = () => STORES.forEach(name => asked.result.createObjectStore(name));
    asked.onerror = () => resolve(undefined);
    asked.onsuccess = () => {
      // A newer page in another tab wants to change it.
      asked.result.onversionchange = () => asked.result.close();
      resolve(asked.result);
    };
  } catch {
    resolve(undefined);
  }
});

/** Whether whoever is here wants nothing of it to stay in this browser. */
let isBrief = false;

/** From now on nothing is kept for longer than this tab is open, or again as always. */
export function keepBriefly(wanted) {
  isBrief = wanted;
  if (wanted) for (const map of Object.values(memory)) map.clear();
}

export const keepsBriefly = () => isBrief;

/** Where short texts are kept, such as what was begun. */
export const texts = () => (isBrief ? sessionStorage : localStorage);

/** Stands in where there is no database. */
const memory = Object.fromEntries(STORES.map(name => [name, new Map()]));

/** Does this to the stores in one transaction; the answer of the last request. Fails where the disk is full. */
async function transact(names, mode, work, otherwise) {
  const database = await opened;
  if (!database || isBrief) return otherwise();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(names, mode);
    const request = work(name => transaction.objectStore(name));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

export const get = (name, key) => transact([name], "readonly", store => store(name).get(key), () => memory[name].get(key));

/** Every value of a store, in the order of their keys. */
export const all = name =>
  transact([name], "readonly", store => store(name).getAll(), () => [...memory[name].keys()].sort().map(key => memory[name].get(key)));

export const put = (name, key, value) => transact([name], "readwrite", store => store(name).put(value, key), () => memory[name].set(key, value));

export const remove = (name, key) => transact([name], "readwrite", store => store(name).delete(key), () => memory[name].delete(key));

/** Puts `[key, value]` of these into a store in place of all that is there. */
export const replace = (name, entries) =>
  transact([name], "readwrite", store => entries.reduce((_, [key, value]) => store(name).put(value, key), store(name).clear()), () => (memory[name] = new Map(entries)));

/** Empties all of it. */
export const empty = () => transact(STORES, "readwrite", store => STORES.forEach(name => store(name).clear()), () => Object.values(memory).forEach(map => map.clear()));
