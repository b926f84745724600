# The rules of the house, on code as strip.awk prints it ("file:line:code"). First comes the table of
# rooms. Prints one line for each break and ends with 1 when there was any.
function complain(text) { print file ":" number ": " text; broken = 1 }

function room_of(path,    best, name) {
	best = ""
	for (name in allowed)
		if (index(path, name "/") == 1 && length(name) > length(best)) best = name
	if (best == "" && path ~ /^programs\/[^\/]+$/) best = "programs/."
	return best
}

function check_include(code,    name, top) {
	if (code ~ /<libvirt\// && file !~ /^(src\/(collect|actuate)|programs\/daemon)\//)
		complain("libvirt's headers belong to src/collect, src/actuate and programs/daemon")
	if (code ~ /</) {
		if (room == "src/core" && code !~ /<(glib|string|limits|stdint|inttypes)\.h>/)
			complain("the core is pure: it may not include " substr(code, index(code, "<")))
		return
	}
	name = code
	sub(/^[^"]*"/, "", name)
	sub(/".*$/, "", name)
	top = name
	if (!sub(/\/.*$/, "", top)) {
		complain("include \"" name "\" by its path from src/")
		return
	}
	if (room == "") complain("this folder has no row in tests/arch/rooms.txt")
	else if (index(" " allowed[room] " ", " " top " ") == 0)
		complain(room " may not use \"" name "\" (tests/arch/rooms.txt says what it may)")
}

# A static, or a variable at file scope, that can be written.
function is_mutable(code,    head) {
	if (code ~ /^[ \t]*static[ \t]/) {
		if (code ~ /^[ \t]*static[ \t]+inline/) return 0
	} else if (code !~ /^[A-Za-z_][A-Za-z_0-9 \t*]*[ \t*][a-z_0-9]+(\[[^\]]*\])*[ \t]*(=|;)/ ||
	           code ~ /^(typedef|struct|union|enum|extern|return|else|case|default|goto|G_)/)
		return 0
	head = code
	sub(/[=;].*$/, "", head)
	if (head ~ /\(/) return 0
	if (head !~ /[^A-Za-z_]const[^A-Za-z_]/) return 1
	if (head !~ /\*/) return 0
	sub(/^.*\*/, "", head)
	return head !~ /^[ \t]*const[^A-Za-z_]/
}

function check_core(code) {
	if (match(code, /(^|[^A-Za-z_0-9])(time|clock|clock_gettime|gettimeofday|getenv|secure_getenv|rand|random|srand|fopen|open|openat|read|write|close|printf|fprintf|vfprintf|puts|fputs|perror|system|syscall|exit|abort|sleep|usleep|syslog|g_get_[a-z_]+|g_getenv|g_setenv|g_random_[a-z_]+|g_rand_[a-z_]+|g_uuid_[a-z_]+|g_date_time_[a-z_]+|g_timer_[a-z_]+|g_log[a-z_]*|g_print[a-z]*|g_message|g_warning[a-z_]*|g_critical|g_debug|g_info|g_error|g_file_[a-z_]+|g_spawn_[a-z_]+|g_thread_[a-z_]+|g_mutex_[a-z_]+|g_cond_[a-z_]+|g_once_[a-z_]+|g_atomic_[a-z_]+|g_main_[a-z_]+|g_idle_[a-z_]+|g_timeout_[a-z_]+|g_hash_table_(iter_[a-z]+|foreach[a-z_]*|get_keys|get_values)|pthread_[a-z_]+)[ \t]*\(/))
		complain("the core is pure: no" substr(code, RSTART, RLENGTH) "...)")
	if (is_mutable(code)) complain("the core is pure: no writable variable outlives a call")
}

# g_error stays allowed: it ends the program, as GLib does itself when memory runs out.
function check_library(code) {
	if (match(code, /(^|[^A-Za-z_0-9])(g_message|g_warning|g_critical|g_info|g_debug|g_print|g_printerr|printf|puts|putchar|perror|syslog|vprintf)[ \t]*\(/) ||
	    code ~ /(fprintf|fputs|fputc|fwrite|vfprintf)[ \t]*\(.*(stdout|stderr)/)
		complain("libraries do not log or print: return an error, the program says it once")
}

NR == FNR {
	sub(/#.*/, "")
	if (NF) {
		own = $1
		sub(/^.*\//, "", own)
		allowed[$1] = own
		for (i = 2; i <= NF; i++) allowed[$1] = allowed[$1] " " $i
	}
	next
}
{
	match($0, /^[^:]*:[0-9]+:/)
	head = substr($0, 1, RLENGTH - 1)
	code = substr($0, RLENGTH + 1)
	number = head
	sub(/^.*:/, "", number)
	if (substr(head, 1, length(head) - length(number) - 1) != file) {
		file = substr(head, 1, length(head) - length(number) - 1)
		room = room_of(file)
		opened = 0
	}
	if (number == 801) complain("the file has more than 800 lines: split it")
	if (code ~ /^[ \t]*#[ \t]*include/) { check_include(code); next }
	if (code ~ /^{/) opened = number
	if (code ~ /^}/ && opened) {
		if (number - opened + 1 > 80)
			complain("the function that begins at line " opened " has " number - opened + 1 " lines: 80 are the most")
		opened = 0
	}
	if (room == "src/core") check_core(code)
	if (file ~ /^src\//) check_library(code)
}
END { exit broken }
