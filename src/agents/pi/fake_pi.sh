#!/bin/sh
# Speaks pi's RPC as version 1.5.2 was seen to, for the unit tests. What a prompt says decides what happens.
[ "$1" = --version ] && { echo "${FAKE_VERSION:-1.5.2}"; exit; }
session=none
while [ $# -gt 0 ]; do
  [ "$1" = --session-id ] && session=$2
  shift
done
entries=$FAKE_DIR/$session.entries
touch "$entries"
echo "start $session $$" >>"$FAKE_DIR/starts"
echo 'Warning: No project session found with id x' >&2

say() { printf '%s\n' "$1"; }
respond() { say "{\"id\":\"$id\",\"type\":\"response\",\"command\":\"x\",\"success\":true,\"data\":$1}"; }
message() { printf "%s\n" "{\"role\":\"$1\",\"content\":[{\"type\":\"text\",\"text\":\"$2\"}],\"stopReason\":\"$3\",\"errorMessage\":\"$4\"}"; }
keep() { count=$(($(wc -l <"$entries") + 1)); printf "%s\n" "{\"type\":\"message\",\"id\":\"e$count\",\"message\":$1}" >>"$entries"; }
delta() { say "{\"type\":\"message_update\",\"usage\":{},\"assistantMessageEvent\":{\"type\":\"text_delta\",\"contentIndex\":0,\"delta\":\"$1\"}}"; }
settled() { say "{\"type\":\"agent_end\",\"messages\":[],\"willRetry\":false}"; say "{\"type\":\"agent_settled\",\"aborted\":$1}"; }
answer() {
  whole=$(message assistant "$1" "$2" "$3")
  keep "$whole"
  say "{\"type\":\"message_end\",\"message\":$whole}"
  settled false
}
list() {
  since=$1; found=; seen=; leaf=null
  [ -z "$since" ] && seen=1
  while read -r entry; do
    leaf=${entry#*\"id\":}; leaf=${leaf%%,*}
    [ -n "$seen" ] && found="$found${found:+,}$entry"
    [ "$leaf" = "\"$since\"" ] && seen=1
  done <"$entries"
  respond "{\"entries\":[$found],\"leafId\":$leaf}"
}
prompt() {
  text=${line#*\"message\":\"}; text=${text%%\"*}
  case $text in
    *refuse*) say "{\"id\":\"$id\",\"type\":\"response\",\"command\":\"prompt\",\"success\":false,\"error\":\"No API key found for the selected model.\"}"; return ;;
  esac
  keep "$(message user "$text")"
  case $text in
    *"die at once"*) echo 'Error: out of memory' >&2; exit 7 ;;
    *"die once"*) [ -e "$FAKE_DIR/died" ] || { : >"$FAKE_DIR/died"; exit 7; } ;;
    *"die answered"*) keep "$(message assistant "kept answer" stop)"; exit 7 ;;
  esac
  respond '{"disposition":"started"}'
  say '{"type":"agent_start"}'
  case $text in
    *ask*)
      say '{"type":"extension_ui_request","id":"u-1","method":"notify","message":"hello"}'
      say '{"type":"extension_ui_request","id":"u-2","method":"select","title":"Sure?","options":["Allow","Block"]}'
      asked=1 ;;
    *slow*) delta "one "; slow=1 ;;
    *503*) answer "" error '503: overloaded' ;;
    *401*) answer "" error '401: wrong key' ;;
    *nothing*) answer "" stop ;;
    *cut*) answer "as far as it goes" length ;;
    *look*)
      delta "Let me look."
      say "{\"type\":\"message_end\",\"message\":$(message assistant "Let me look." toolUse)}"
      delta "It is 7."; answer "It is 7." stop ;;
    *) delta "You said: "; delta "$text"; answer "You said: $text" stop ;;
  esac
}
while read -r line; do
  printf "%s\n" "$line" >>"$FAKE_DIR/told"
  id=${line#*\"id\":\"}; id=${id%%\"*}
  case $line in
    *'"type":"get_state"'*) respond '{}' ;;
    *'"type":"get_entries"'*)
      case $line in
        *'"since":"'*) since=${line#*\"since\":\"}; list "${since%%\"*}" ;;
        *) list '' ;;
      esac ;;
    *'"type":"prompt"'*) prompt ;;
    *'"type":"clear_queue"'*) respond '{"steering":[],"followUp":[]}' ;;
    *'"type":"abort"'*) [ -n "$slow" ] && settled true; slow=; respond null ;;
    *extension_ui_response*'"value":"'*) value=${line#*\"value\":\"}; answer "chosen ${value%%\"*}" stop ;;
    *extension_ui_response*) answer cancelled stop ;;
  esac
done
