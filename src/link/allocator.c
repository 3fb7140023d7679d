/* The settings of jemalloc, which it reads before main begins (jemalloc(3), "TUNING" and "opt."): see build.rs.
 *
 * narenas: one heap for all threads. The gateway runs on one thread; those of the store and of the index of words
 *   allocate little beside it, and each heap of theirs held pages of its own, half empty.
 * dirty_decay_ms: pages that were freed go back to the system at once, so what a flood took does.
 * tcache_*: how much freed memory a thread keeps at hand: blocks of up to 8 KiB, 8 to 20 of each small size
 *   (by default 32 KiB, and up to 200).
 */
const char *_rjem_malloc_conf =
    "narenas:1,dirty_decay_ms:0,"
    "tcache_max:8192,tcache_nslots_small_min:8,tcache_nslots_small_max:20";
