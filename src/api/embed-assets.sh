#!/bin/sh
# Writes the dashboard's files, packed by gzip, as the C table that bl_assets() returns.
# usage: embed-assets.sh FILE... ; the path that a file is served under is what follows "dist/", and
# index.html is "/". Needs gzip, od, sed and sha256sum alone.
set -eu

type_of() {
	case $1 in
	*.html) echo 'text/html; charset=utf-8' ;;
	*.js) echo 'text/javascript; charset=utf-8' ;;
	*.css) echo 'text/css; charset=utf-8' ;;
	*.svg) echo 'image/svg+xml' ;;
	*) echo "embed-assets.sh: no content type is known for \"$1\"" >&2; exit 1 ;;
	esac
}

echo '/* Generated from the dashboard that web/ builds; edit that instead. */'
echo '#include "api/assets.h"'
number=0 rows=
for file in "$@"; do
	path=/${file##*dist/}
	[ "$path" != /index.html ] || path=/
	content_type=$(type_of "$file")
	digest=$(sha256sum <"$file" | cut -c 1-24)
	printf '\nstatic const guint8 file_%d[] = {\n' "$number"
	gzip -9nc "$file" | od -An -v -tx1 | sed 's/ \(..\)/0x\1,/g'
	echo '};'
	rows="$rows    {\"$path\", \"$content_type\", \"\\\\\"$digest\\\\\"\", file_$number, sizeof file_$number},
"
	number=$((number + 1))
done
printf '\nstatic const BlAsset assets[] = {\n'
printf '%b' "$rows"
printf '};\n\nconst BlAsset *bl_assets(guint *ret_count)\n{\n'
printf '    *ret_count = G_N_ELEMENTS(assets);\n    return assets;\n}\n'
