#!/bin/sh
# One command per HTTP request: status as the triple, a message as JSON-RPC. Needs: curl
set -eu

home=${CLEUDOCODEBOT_HOME:-$HOME/.cleudocodebot}
url=${CLEUDOCODEBOT_URL:-ws://127.0.0.1:18789/}
url=$(echo "$url" | sed "s|^ws|http|; s|/*$||")
token=${CLEUDOCODEBOT_TOKEN:-$(sed -n "s/^CLEUDOCODEBOT_TOKEN=['\"]*\([^'\"]*\).*/\1/p" "$home/.env")}

# The token goes in by standard input: arguments are visible to every user of the machine.
rpc() {
    printf 'Authorization: Bearer %s\n' "$token" |
        curl --silent --show-error --fail-with-body --max-time 10 --header @- \
            --header 'Content-Type: application/json' --data "$1" "$url/rpc" ||
        { echo "rpc.sh: $url did not do that: $1" >&2; exit 1; }
    echo
}

rpc '{"type":"command","action":"status"}'
rpc '{"jsonrpc":"2.0","id":1,"method":"send","params":{"channel":"webchat","to":"visitor","text":"Hello from curl"}}'
