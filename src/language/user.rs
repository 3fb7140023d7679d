//! Which language the user of this machine reads.

use super::Language;

/// The variables that say it, in the order of POSIX.1-2017 §8.2. An empty one counts as not set.
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// The language that the setting names; without one, that of the environment; without that on Windows,
/// that of the user's account. English where none of them names a language that is translated into.
pub fn of_user(setting: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Language {
    chosen(setting, variable, of_account)
}

fn chosen(
    setting: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
    of_account: impl Fn() -> Option<String>,
) -> Language {
    if let Some(language) = setting.and_then(Language::of_tag) {
        return language;
    }
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let locale = VARIABLES.iter().find_map(set).or_else(of_account);
    let language = locale.as_deref().and_then(Language::of_tag);
    language.unwrap_or_default()
}

/// Windows keeps it in the registry, as a tag in ASCII; it sets none of the variables.
#[cfg(windows)]
fn of_account() -> Option<String> {
    let root = std::env::var_os("SystemRoot")?;
    let program = std::path::Path::new(&root).join(r"System32\reg.exe");
    let mut command = std::process::Command::new(program);
    command.args([
        "query",
        r"HKCU\Control Panel\International",
        "/v",
        "LocaleName",
    ]);
    let answer = command.stdin(std::process::Stdio::null()).output().ok()?;
    locale_name(&String::from_utf8_lossy(&answer.stdout))
}

#[cfg(not(windows))]
fn of_account() -> Option<String> {
    None
}

/// The value in what `reg query` prints: `    LocaleName    REG_SZ    pt-BR`.
#[cfg(any(windows, test))]
fn locale_name(printed: &str) -> Option<String> {
    let value = printed.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let is_it = words.next() == Some("LocaleName") && words.next() == Some("REG_SZ");
        words.next().filter(|_| is_it)
    });
    value.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTUGUESE: Language = Language::BrazilianPortuguese;

    fn with(setting: Option<&str>, set: &[(&str, &str)], account: Option<&str>) -> Language {
        let variable = |name: &str| {
            let found = set.iter().find(|(own, _)| *own == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        chosen(setting, variable, || account.map(str::to_owned))
    }

    #[test]
    fn the_setting_comes_first_and_then_the_environment_in_the_order_of_posix() {
        let lang = [("LANG", "pt_BR.UTF-8")];
        assert_eq!(with(None, &lang, None), PORTUGUESE);
        assert_eq!(with(Some("en"), &lang, None), Language::English);
        assert_eq!(with(Some("pt-BR"), &[("LC_ALL", "C")], None), PORTUGUESE);
        let over = [("LANG", "pt_BR"), ("LC_MESSAGES", "en_US"), ("LC_ALL", "")];
        assert_eq!(with(None, &over, None), Language::English);
        let all = [("LANG", "en"), ("LC_MESSAGES", "en"), ("LC_ALL", "pt")];
        assert_eq!(with(None, &all, None), PORTUGUESE);
    }

    #[test]
    fn the_account_is_asked_only_where_nothing_else_is_set() {
        assert_eq!(with(None, &[], Some("pt-BR")), PORTUGUESE);
        assert_eq!(
            with(None, &[("LANG", "C")], Some("pt-BR")),
            Language::English
        );
        assert_eq!(
            with(None, &[("LANG", "de_DE")], Some("pt-BR")),
            Language::English
        );
        assert_eq!(with(Some("klingon"), &[], None), Language::English);
    }

    #[test]
    fn the_registry_names_the_locale() {
        let printed = "\r\nHKEY_CURRENT_USER\\Control Panel\\International\r\n    \
                       LocaleName    REG_SZ    pt-BR\r\n\r\n";
        assert_eq!(locale_name(printed).as_deref(), Some("pt-BR"));
        assert_eq!(locale_name("ERROR: The system was unable to find"), None);
    }
}
