# src/actuate/journal.c: an intent is noted as if it had been carried out.
/^gboolean bl_journal_intend/,/^}/s/BlJournalEntry entry = entry_of(step);/&\n    entry.applied = TRUE;/
