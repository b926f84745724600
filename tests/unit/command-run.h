/* Runs the command line within a test, and keeps what it said. */
#ifndef TESTS_COMMAND_RUN_H
#define TESTS_COMMAND_RUN_H

/* What the last run said; of the next it is something else. */
extern char *out_text, *err_text;

/* Runs "ballast WORDS", split as a shell does; returns its exit code. */
int command_run(const char *words);
/* Ends the test unless `got` is `code` and each text has in it what is said. */
void command_check(int got, int code, const char *words, const char *out, const char *err);
/* Frees what was said. */
void command_clear(void);

#endif
