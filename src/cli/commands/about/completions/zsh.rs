//! Completion for zsh, through its own `_describe`, which shows what each word is.

pub(super) const SCRIPT: &str = r#"#compdef cleudocodebot
_cleudocodebot() {
  local line word about
  local -a found
  while IFS= read -r line; do
    case $line in
      :files) _files; return ;;
      :folders) _files -/; return ;;
    esac
    word=${line%%$'\t'*}
    about=${line#*$'\t'}
    found+=("${word//:/\\:}:$about")
  done < <("${(Q)words[1]}" complete -- "${(@Q)words[2,CURRENT]}" 2> /dev/null)
  # With -o zsh takes every word for an option, and offers it only behind a dash.
  if [[ $words[CURRENT] == -* ]]; then
    _describe -o cleudocodebot found
  else
    _describe cleudocodebot found
  fi
}
if [ "$funcstack[1]" = _cleudocodebot ]; then
  _cleudocodebot "$@"
elif (( $+functions[compdef] )); then
  compdef _cleudocodebot cleudocodebot
fi
"#;
