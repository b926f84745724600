# Prints C without comments and without what stands in strings and characters, line by line, so that
# the rules look at code only. Include lines keep their names.
function emit(text) { line = line text }
FNR == 1 { in_comment = 0 }
!in_comment && /^[ \t]*#[ \t]*include/ { print FILENAME ":" FNR ":" $0; next }
{
	line = ""
	n = length($0)
	quote = ""
	for (i = 1; i <= n; i++) {
		c = substr($0, i, 1)
		two = substr($0, i, 2)
		if (in_comment) {
			if (two == "*/") { in_comment = 0; i++; emit(" ") }
		} else if (quote != "") {
			if (c == "\\") i++
			else if (c == quote) { emit(quote); quote = "" }
		} else if (two == "/*") { in_comment = 1; i++ }
		else if (two == "//") break
		else if (c == "\"" || c == "'") { quote = c; emit(c) }
		else emit(c)
	}
	print FILENAME ":" FNR ":" line
}
