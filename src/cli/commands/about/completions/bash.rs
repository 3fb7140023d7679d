//! Completion for Bash 4 and later. Words with blanks are quoted as the shell reads them.

pub(super) const SCRIPT: &str = r#"_cleudocodebot() {
    local cur="${COMP_WORDS[COMP_CWORD]}" line word
    COMPREPLY=()
    while IFS= read -r line; do
        case "$line" in
            :files)
                compopt -o filenames 2> /dev/null
                while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur") ;;
            :folders)
                compopt -o filenames 2> /dev/null
                while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$cur") ;;
            *)
                line="${line%%$'\t'*}"
                case "$line" in
                    # Bash takes --name=value apart, and only the value is replaced.
                    --*=*) case "$cur" in --*) ;; *) line="${line#*=}" ;; esac ;;
                esac
                case "$line" in
                    *=) compopt -o nospace 2> /dev/null ;;
                    *) printf -v line %q "$line" ;;
                esac
                COMPREPLY+=("$line") ;;
        esac
    done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null)
}
complete -F _cleudocodebot cleudocodebot
"#;
