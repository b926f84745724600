#!/usr/bin/env bash
# Does the server at the address $1 answer with 200? Needs no HTTP client.
set -euo pipefail
exec 3<>"/dev/tcp/$1/80"
printf 'GET / HTTP/1.0\r\n\r\n' >&3
head -n 1 <&3 | grep -q ' 200 '
