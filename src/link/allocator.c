/* The settings of jemalloc, which it reads before main begins (jemalloc(3), "TUNING" and "opt."): see build.rs.
 *
 * narenas: one heap for all threads. The gateway runs on one thread; those of the store and of the index of words
 *   allocate little beside it, and each heap of theirs held pages of its own, half empty.
 * dirty_decay_ms: pages that were freed go back to the system at once, so what a flood took does.
 * tcache_nslots_small_max: how many freed blocks of one small size a thread keeps at hand (by default 200). With 20
 *   a send takes 4 % longer.
 */
const char *_rjem_malloc_conf =
    "narenas:1,dirty_decay_ms:0,tcache_nslots_small_max:64";
