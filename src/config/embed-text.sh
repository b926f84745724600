#!/bin/sh
# Writes a text file as the C function FUNCTION that returns it. Usage: embed-text.sh FILE FUNCTION
# The text may hold tabs and any printable characters; only awk is needed.
set -eu
LC_ALL=C awk -v name="$2" '
BEGIN {
    print "/* Generated from a text file; edit that instead. */"
    print "#include \"config/policy-file.h\"\n"
    printf "const char *%s(void)\n{\n    static const char text[] =\n", name
}
{
    gsub(/\\/, "\\\\")
    gsub(/"/, "\\\"")
    gsub(/\t/, "\\t")
    gsub(/\?/, "\\?") # no trigraphs
    printf "        \"%s\\n\"\n", $0
}
END { print "        \"\";\n    return text;\n}" }
' "$1"
