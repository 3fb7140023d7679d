//! How many connections this process has file descriptors for.

/// Descriptors kept for the store, the log and connections to services.
const RESERVE: usize = 64;

/// The reserve is at most this part of all descriptors.
const MAX_RESERVED_PART: usize = 4;

/// Where Linux tells a process its limits.
const LIMITS: &str = "/proc/self/limits";

/// Connections there are descriptors for; `None` where the system does not say.
pub(super) fn for_connections() -> Option<usize> {
    let text = std::fs::read_to_string(LIMITS).ok()?;
    let all = soft_limit(&text)?;
    Some(all - RESERVE.min(all / MAX_RESERVED_PART))
}

/// The soft limit of open files in the table of proc(5).
fn soft_limit(table: &str) -> Option<usize> {
    let mut rows = table.lines();
    let columns = rows.find_map(|row| row.strip_prefix("Max open files"))?;
    columns.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_read_from_the_table() {
        let table = |soft: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units     \n\
                 Max processes             95898                95898                processes \n\
                 Max open files            {soft}                 524288               files     \n"
            )
        };
        assert_eq!(soft_limit(&table("1024")), Some(1024));
        assert_eq!(soft_limit(&table("unlimited")), None);
        assert_eq!(soft_limit(""), None);
    }
}
